"""Registration in Chromium, as the manual goes through it: five steps, windows, both ways to sign."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from ofd_mock.pki.authority import Issued
from tests.ofd_mock.portal.pages.running import (
    PASSWORD,
    Door,
    fits,
    mailed_code,
    signed_by_file,
)


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


def to_step(page: Page, door: Door, step: int, key: Issued) -> None:
    """As far as this step, by key file."""
    begin(page)
    if step > 1:
        signed_by_file(page, key)
        press(page, "Проверить")
    if step > 2:
        choose_password(page)
    if step > 3:
        describe(page, door)
    if step > 4:
        agree(page)


def test_registration_by_key_file(page: Page, door: Door) -> None:
    key = door.issue()
    begin(page)
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
    press(page, "Подписать")
    expect(page).to_have_url(f"{door.base}/cabinet")
