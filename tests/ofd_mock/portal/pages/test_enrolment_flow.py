"""Registration in Chromium, as the manual goes through it: five steps, windows, both ways to sign."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from tests.browser import PHONE
from tests.ofd_mock.portal.pages.running import (
    Door,
    come_in,
    fits,
    mailed_code,
    resume,
    sign_by_file,
    sign_in_browser,
    signed_by_file,
)
from tests.ofd_mock.portal.stand import PASSWORD

REFUSED = [
    ("expired", "Срок действия сертификата истек"),
    ("revoked", "Сертификат отозван"),
    ("foreign", "Сертификат выдан неизвестным удостоверяющим центром"),
    ("individual", "Требуется сертификат юридического лица"),
    ("authentication", "Сертификат не предназначен для подписи"),
    ("employee", "Недостаточно полномочий для подписи"),
]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def begin(page: Page) -> None:
    page.get_by_role("link", name="Зарегистрироваться").click()
    expect(page.get_by_role("heading", name="Проверка ЭЦП")).to_be_visible()


def choose_password(page: Page) -> None:
    page.get_by_label("Пароль*", exact=True).fill(PASSWORD)
    page.get_by_label("Повторите пароль*").fill(PASSWORD)
    press(page, "Продолжить")
    expect(page.get_by_role("heading", name="Уточнение данных")).to_be_visible()


def choose_place(page: Page, field: str, letters: str, place: str, address: str) -> None:
    page.get_by_role("button", name=f"{field}: выбрать").click()
    window = page.get_by_role("dialog", name="Справочник адресов")
    window.get_by_label("Населённый пункт", exact=True).fill(letters)
    window.get_by_role("button", name="Найти").click()
    window.get_by_role("button", name=place).click()
    expect(window.get_by_label("Адрес населённого пункта")).to_have_value(place)
    window.get_by_label("Адрес", exact=True).fill(address)
    window.get_by_role("button", name="Выбрать").click()
    expect(window).to_be_hidden()
    expect(page.get_by_label(f"{field}*")).to_have_value(f"{place}, {address}")


def confirm_email(page: Page, door: Door, email: str = "shop@example.kz") -> None:
    page.get_by_role("button", name="Электронная почта (E-mail): подтвердить").click()
    window = page.get_by_role("dialog", name="Подтверждение электронной почты")
    window.get_by_label("Электронная почта (E-mail)*").fill(email)
    window.get_by_role("button", name="Отправить").click()
    expect(window.get_by_role("status")).to_contain_text("Письмо отправлено.")
    window.get_by_label("Код подтверждения*").fill(mailed_code(page.context, door))
    window.get_by_role("button", name="ОК", exact=True).click()
    expect(window).to_be_hidden()
    expect(page.locator("#email")).to_have_value(email)


def describe(page: Page, door: Door) -> None:
    """Step 3 with everything that it has."""
    page.get_by_role("button", name="БИК: выбрать").click()
    banks = page.get_by_role("dialog", name="Справочник банков РК")
    fits(page, "enrol-3-banks")
    banks.get_by_role("button", name="ALFAKZKA").click()
    expect(page.get_by_label("Наименование банка")).to_have_value('АО "ДОЧЕРНИЙ БАНК "АЛЬФА-БАНК"')
    page.get_by_label("ИИК").fill("KZ86125KZT5004100100")
    choose_place(page, "Юридический адрес", "есиль", "р-он Есиль, г. Нур-султан", "Сауран, 12")
    press(page, "Совпадает с юридическим адресом")
    expect(page.get_by_label("Фактический адрес*")).to_have_value("р-он Есиль, г. Нур-султан, Сауран, 12")
    confirm_email(page, door)
    page.get_by_label("Телефоны*").fill("+7 7172 123-456")
    page.get_by_label("Должность*").fill("Директор")
    page.get_by_label("ФИО*").fill("Тестов Тест")
    fits(page, "enrol-3")
    press(page, "Продолжить")


def agree(page: Page) -> None:
    expect(page.get_by_role("heading", name="Знакомство с Договором")).to_be_visible()
    expect(page.get_by_role("button", name="Продолжить", exact=True)).to_be_disabled()
    page.get_by_label("С текстом договора ознакомлен").check()
    fits(page, "enrol-4")
    press(page, "Продолжить")
    expect(page.get_by_role("heading", name="Подписание Заявки на присоединение к Договору")).to_be_visible()


def test_registration_by_key_file(page: Page, door: Door) -> None:
    """Each step once; the last button is pressed twice, and then the back button and a reload."""
    key = door.issue()
    begin(page)
    expect(page.get_by_role("button", name="Проверить")).to_be_disabled()
    fits(page, "enrol-1")
    signed_by_file(page, key)
    press(page, "Проверить")
    expect(page.get_by_role("heading", name="Создание учётной записи администратора")).to_be_visible()
    fits(page, "enrol-2")
    choose_password(page)
    describe(page, door)
    agree(page)
    signed_by_file(page, key)
    fits(page, "enrol-5")
    page.get_by_role("button", name="Подписать", exact=True).dblclick()
    expect(page).to_have_url(f"{door.base}/cabinet")
    expect(page.get_by_role("heading", name="Кассы всего: 0 активных: 0")).to_be_visible()
    for _ in range(2):
        page.go_back()
        expect(page).to_have_url(f"{door.base}/cabinet")
    page.reload()
    expect(page.get_by_role("heading", name="Кассы всего: 0 активных: 0")).to_be_visible()


def test_registration_through_the_signing_service(page: Page, door: Door) -> None:
    """KZ-REG-02, KZ-REG-06: the window of the page, the choice of the file in the service's own dialog."""
    key = door.issue()
    window = page.context.new_page()
    window.goto(f"{door.bench.base}/")
    begin(page)
    page.get_by_role("button", name="Подписать в браузере").click()
    expect(page.get_by_role("dialog", name="Авторизация")).to_be_visible()
    fits(page, "signature-window")
    page.get_by_role("button", name="Отмена").click()
    expect(page.locator("#cms")).to_have_value("")
    expect(page.get_by_role("button", name="Проверить")).to_be_disabled()
    sign_in_browser(page, window, key, "Wrong1234")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("Неверный пароль хранилища")
    dialog.get_by_label("Пароль для хранилища*").fill(DEFAULT_PASSWORD)
    dialog.get_by_role("button", name="Подписать", exact=True).click()
    expect(page.locator("#cms")).to_have_value(re.compile("^MII"))
    press(page, "Проверить")
    choose_password(page)
    resume(page, door, door.at_step(5, key))
    page.get_by_role("button", name="Подписать в браузере").click()
    expect(page.get_by_role("dialog", name="Формирование подписи")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Подписать", exact=True)).to_be_disabled()
    sign_in_browser(page, window, key)
    expect(page.locator("#cms")).to_have_value(re.compile("^MII"))
    press(page, "Подписать")
    expect(page).to_have_url(f"{door.base}/cabinet")


def test_without_a_signing_service_the_page_says_so(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    page.add_init_script(
        "window.WebSocket = class { constructor() { setTimeout(() => this.onerror(), 0); } close() {} }"
    )
    page.goto(f"{door.base}/login/signed")
    page.get_by_role("button", name="Подписать в браузере").click()
    expect(page.get_by_role("alert").filter(has_text="Служба подписи не отвечает")).to_be_visible()


def test_certificates_that_are_refused(page: Page, door: Door) -> None:
    """RX-01…RX-09 at step 1, each with its text; afterwards the right one goes on."""
    begin(page)
    for profile, text in REFUSED:
        signed_by_file(page, door.issue(profile))
        press(page, "Проверить")
        expect(page.get_by_role("alert").filter(has_text=text)).to_be_visible()
    fits(page, "enrol-1-refused")
    known = door.issue()
    door.enrolled(known)
    signed_by_file(page, known)
    press(page, "Проверить")
    expect(page.get_by_role("alert").filter(has_text="Организация уже зарегистрирована")).to_be_visible()
    sign_by_file(page, door.issue(), "Wrong1234")
    expect(page.locator(".signature .finding")).to_have_text("Неверный пароль хранилища")
    signed_by_file(page, door.issue())
    press(page, "Проверить")
    expect(page).to_have_url(f"{door.base}/enrol/2")


def test_the_windows_say_what_is_wrong(page: Page, door: Door) -> None:
    resume(page, door, door.at_step(3, door.issue()))
    press(page, "Продолжить")
    expect(page.locator("#legal_address-finding")).to_have_text("Обязательное поле")
    expect(page.locator("#email-finding")).to_have_text("Обязательное поле")
    fits(page, "enrol-3-findings")
    page.get_by_role("button", name="Юридический адрес: выбрать").click()
    window = page.get_by_role("dialog", name="Справочник адресов")
    window.get_by_role("button", name="Выбрать").click()
    expect(window.locator("#place_text-finding")).to_have_text("Выберите населённый пункт из списка")
    expect(window.locator("#place_address-finding")).to_have_text("Обязательное поле")
    window.locator("#place_text").fill("Ъъъ")
    window.locator("#place_text").press("Enter")
    expect(window.locator("#places")).to_have_text("Ничего не найдено")
    window.locator("#place_text").fill("Есиль")
    window.locator("#place_text").press("Enter")
    expect(window.locator("#places button")).to_have_count(6)
    fits(page, "enrol-3-places")
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    page.get_by_role("button", name="Электронная почта (E-mail): подтвердить").click()
    window = page.get_by_role("dialog", name="Подтверждение электронной почты")
    window.get_by_label("Электронная почта (E-mail)*").fill("nobody")
    window.get_by_role("button", name="Отправить").click()
    expect(window.locator("#new_email-finding")).to_have_text("Неверный адрес электронной почты")
    window.get_by_label("Электронная почта (E-mail)*").fill("shop@example.kz")
    window.get_by_role("button", name="Отправить").click()
    expect(window.get_by_role("status")).to_be_visible()
    code = mailed_code(page.context, door)
    window.get_by_label("Код подтверждения*").fill("000000" if code != "000000" else "000001")
    window.get_by_label("Код подтверждения*").press("Enter")
    expect(window.locator("#code-finding")).to_have_text("Неверный код")
    fits(page, "enrol-3-email")
    window.get_by_role("button", name="Закрыть").click()
    expect(page.locator("#email")).to_have_value("")


def test_a_page_without_script_can_be_filled_in(chromium: Browser, door: Door) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE, locale="ru-RU")
    page = context.new_page()
    resume(page, door, door.at_step(3, door.issue()))
    page.get_by_label("ФИО*").fill("Тестов Тест")
    page.get_by_role("button", name="БИК: выбрать").click()
    page.get_by_role("button", name="ALFAKZKA").click()
    expect(page.get_by_label("Наименование банка")).to_have_value('АО "ДОЧЕРНИЙ БАНК "АЛЬФА-БАНК"')
    page.get_by_role("button", name="Юридический адрес: выбрать").click()
    page.locator("#place_text").fill("есиль")
    page.locator("#place_text").press("Tab")
    page.get_by_role("button", name="Найти").click()
    expect(page.locator("#place_text")).to_be_in_viewport()
    page.get_by_role("button", name="р-он Есиль, г. Нур-султан").click()
    fits(page, "enrol-3-no-script")
    page.get_by_label("Адрес", exact=True).fill("Сауран, 12")
    page.get_by_role("button", name="Выбрать", exact=True).click()
    expect(page.locator("#legal_address")).to_have_value("р-он Есиль, г. Нур-султан, Сауран, 12")
    expect(page.get_by_label("ФИО*")).to_have_value("Тестов Тест")
    context.close()


@pytest.mark.parametrize("language", ["kk", "en"])
def test_every_step_fits_in_every_language(page: Page, door: Door, language: str) -> None:
    page.goto(f"{door.base}/language/{language}")
    resume(page, door, door.at_step(5, door.issue()))
    for step in range(1, 6):
        page.goto(f"{door.base}/enrol/{step}")
        fits(page, f"enrol-{step}-{language}")


def test_an_organisation_changes_its_details(page: Page, door: Door) -> None:
    come_in(page, door, door.enrolled(door.issue()))
    page.goto(f"{door.base}/organisation")
    expect(page.get_by_role("heading", name="Данные организации")).to_be_visible()
    fits(page, "organisation")
    page.get_by_role("link", name="Изменить данные").click()
    confirm_email(page, door, "office@example.kz")
    page.get_by_label("Телефоны*").fill("звоните")
    press(page, "Сохранить")
    expect(page.locator("#phones-finding")).to_contain_text("Телефон: цифры")
    expect(page.locator("#email")).to_have_value("office@example.kz")
    fits(page, "organisation-edit")
    page.get_by_label("Телефоны*").fill("+7 701 000-00-00")
    press(page, "Сохранить")
    expect(page.get_by_role("status")).to_have_text("Данные сохранены")
    expect(page.get_by_text("office@example.kz")).to_be_visible()
    expect(page.get_by_text("+7 701 000-00-00")).to_be_visible()
