"""Account, people and papers in Chromium: a top-up clicked twice, a statement, a user and what he sees."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ofd_mock.portal.settings import PortalSettings
from tests.browser import DESK
from tests.ofd_mock.portal.pages.chain import Owner, enrolled
from tests.ofd_mock.portal.pages.running import Door, fits, shown
from tests.ofd_mock.portal.stand import PASSWORD

GIVEN = "Given11!"


@pytest.fixture(scope="module")
def owner(door: Door) -> Owner:
    owner, office = enrolled(door), door.process.office
    first, _ = owner.outlet("Магазин №1"), owner.outlet("Магазин №2")
    before, office.settings = office.settings, PortalSettings(kgd_delay=15 * 60)
    owner.registered(first, "S-1")
    office.settings = before
    owner.desks.keeper.run()  # what this day costs is booked before anybody looks
    return owner


@pytest.fixture
def inside(page: Page, owner: Owner) -> Page:
    owner.log_in(page.context)
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def order(page: Page, door: Door, amount: str = "500") -> None:
    """«Пополнить», clicked twice: one order, and the bank's page."""
    page.goto(f"{door.base}/account")
    page.get_by_label("Сумма, тенге*").fill(amount)
    page.get_by_role("button", name="Пополнить", exact=True).dblclick()
    expect(page.get_by_role("heading", name=f"Платеж на {amount} ₸")).to_be_visible()


def balance(page: Page, door: Door) -> int:
    page.goto(f"{door.base}/account")
    return int((page.locator("#balance").text_content() or "").removesuffix(" ₸"))


def test_a_top_up_clicked_twice_counts_once(inside: Page, door: Door, owner: Owner) -> None:
    before = balance(inside, door)
    fits(inside, "account")
    order(inside, door)
    expect(inside.get_by_text("Банк стенда: настоящих денег здесь нет")).to_be_visible()
    fits(inside, "bank")
    inside.get_by_label("Сразу и дважды").check()
    inside.get_by_role("button", name="Оплатить").dblclick()
    expect(inside.get_by_role("status")).to_have_text("Платеж принят, деньги на счете.")
    fits(inside, "payment")
    assert balance(inside, door) == before + 500
    inside.go_back()
    inside.go_back()
    expect(inside.get_by_role("heading", name="Платеж на 500 ₸")).to_be_visible()
    inside.reload()
    expect(inside.get_by_role("status")).to_contain_text("Портал это знает.")
    press(inside, "Известить портал еще раз")
    expect(inside.get_by_role("status")).to_have_text("Платеж принят, деньги на счете.")
    assert balance(inside, door) == before + 500
    lines = owner.desks.accounts.statement(owner.visitor)
    assert [line.amount for line in lines if line.payment] == [500_00]


def test_a_payment_is_refused_then_paid_and_told_late(inside: Page, door: Door) -> None:
    before = balance(inside, door)
    order(inside, door, "70")
    press(inside, "Отказаться")
    expect(inside.get_by_role("alert")).to_have_text("Банк отклонил платеж, счет не изменился.")
    inside.get_by_role("link", name="На страницу банка").click()
    inside.get_by_label("Позже, по кнопке на этой странице").check()
    press(inside, "Оплатить")
    expect(inside.get_by_role("status").last).to_contain_text("Портал этого еще не знает.")
    assert balance(inside, door) == before
    inside.go_back()
    press(inside, "Известить портал")
    expect(inside.get_by_role("status")).to_have_text("Платеж принят, деньги на счете.")
    assert balance(inside, door) == before + 70


def test_a_wrong_sum_is_told_and_kept(inside: Page, door: Door) -> None:
    inside.goto(f"{door.base}/account")
    inside.get_by_label("Сумма, тенге*").fill("1,5")
    press(inside, "Пополнить")
    expect(inside.locator("#amount-finding")).to_have_text("Целое число без знаков и пробелов")
    expect(inside.get_by_label("Сумма, тенге*")).to_have_value("1,5")
    assert "/account" in inside.url


def test_the_statement_by_days_months_and_as_a_file(inside: Page, door: Door) -> None:
    inside.goto(f"{door.base}/account")
    inside.get_by_label("Строки").select_option("По месяцам")
    press(inside, "Показать")
    expect(inside.get_by_role("columnheader", name="Месяц")).to_be_visible()
    fits(inside, "account-months")
    inside.get_by_label("С даты").fill("31.02.2026")
    press(inside, "Показать")
    expect(inside.locator("#first-finding")).to_have_text("Дата пишется так: ДД.ММ.ГГГГ")
    inside.get_by_role("link", name="Сбросить").click()
    with inside.expect_download() as download:
        inside.get_by_role("link", name="Скачать CSV").click()
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("Дата;Операция;Касса;")
    with inside.expect_download() as download:
        inside.get_by_role("link", name="Скачать PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_a_user_and_a_group_and_what_the_user_sees(
    inside: Page, door: Door, chromium: Browser, owner: Owner
) -> None:
    login = f"kassir-{owner.visitor.login}"
    inside.goto(f"{door.base}/users")
    inside.get_by_role("link", name="+Пользователь").click()
    fits(inside, "user-new")
    inside.get_by_label("Логин*").fill(login)
    inside.get_by_label("Имя*").fill("<b>Айгүл</b>")
    inside.get_by_label("Пароль*", exact=True).fill("short")
    inside.get_by_label("Повторите пароль*").fill("short")
    press(inside, "Добавить")
    expect(inside.locator("#password-finding")).to_have_text("Минимум 8 символов")
    inside.get_by_label("Пароль*", exact=True).fill(PASSWORD)
    inside.get_by_label("Повторите пароль*").fill(PASSWORD)
    inside.get_by_role("button", name="Добавить").dblclick()
    expect(inside.get_by_role("status")).to_have_text("Пользователь добавлен")
    inside.get_by_label("Новый пароль*").fill(GIVEN)
    inside.get_by_label("Повторите пароль*").fill(GIVEN)
    press(inside, "Задать пароль")
    expect(inside.get_by_role("status")).to_contain_text("Пароль задан.")
    fits(inside, "user")
    inside.goto(f"{door.base}/groups")
    inside.get_by_label("Название*").fill("Центр")
    press(inside, "Добавить")
    inside.get_by_label(re.compile("Магазин №2")).check()
    inside.get_by_label(re.compile("Айгүл")).check()
    fits(inside, "group")
    press(inside, "Сохранить")
    fits(inside, "groups")
    inside.goto(f"{door.base}/users")
    expect(inside.get_by_role("row", name=re.compile(login))).to_contain_text("сменит пароль")
    fits(inside, "users")
    cashier_looks(door, chromium, login)


def cashier_looks(door: Door, chromium: Browser, login: str) -> None:
    """He changes the password that he was given, and sees his own outlet alone."""
    context = chromium.new_context(viewport=DESK, locale="ru-RU")
    page, complaints = shown(context, door)
    page.goto(f"{door.base}/login")
    page.get_by_label("Логин*").fill(login)
    page.get_by_label("Пароль*").fill(GIVEN)
    press(page, "Войти")
    expect(page.get_by_role("status")).to_have_text("Сначала смените пароль")
    fits(page, "password-first")
    page.get_by_label("Текущий пароль*").fill(GIVEN)
    page.get_by_label("Новый пароль*").fill("Own own1!")
    page.get_by_label("Повторите пароль*").fill("Own own1!")
    press(page, "Сменить пароль")
    expect(page.get_by_role("status")).to_have_text("Пароль изменен. Войдите с новым паролем.")
    page.get_by_label("Логин*").fill(login)
    page.get_by_label("Пароль*").fill("Own own1!")
    press(page, "Войти")
    expect(page.get_by_role("heading", name=re.compile("Лицевой счет"))).to_be_visible()
    expect(page.get_by_role("link", name="Пользователи")).to_have_count(0)
    expect(page.get_by_role("link", name="<b>Айгүл</b>")).to_be_visible()
    fits(page, "account-cashier")
    page.get_by_role("link", name="Картотека ККМ").first.click()
    expect(page.get_by_text("Магазин №2")).to_be_visible()
    expect(page.get_by_text("Магазин №1")).to_have_count(0)
    assert complaints == []
    context.close()


def test_a_paper_is_checked_with_the_command_that_its_page_shows(
    inside: Page, door: Door, tmp_path: Path
) -> None:
    inside.goto(f"{door.base}/papers")
    fits(inside, "papers")
    inside.get_by_role("link", name=re.compile("о постановке")).click()
    fits(inside, "paper")
    for name in ("Скачать текст", "Скачать подпись (.p7s)"):
        with inside.expect_download() as download:
            inside.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    shutil.copy(door.bench.authority.trust_file, tmp_path / "trust.pem")
    command = shlex.split((inside.locator("#command").text_content() or "").replace("\\\n", " "))
    assert command[0] == "openssl"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification successful" in done.stderr, done.stderr
    text = next(tmp_path.glob("*.txt"))
    text.write_text(text.read_text(encoding="utf-8") + " ", encoding="utf-8")
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode != 0, again.stderr


@pytest.mark.parametrize(("language", "names"), [("kk", "account tariffs users"), ("en", "notes me")])
def test_pages_in_other_languages_fit(inside: Page, door: Door, language: str, names: str) -> None:
    for name in names.split():
        inside.goto(f"{door.base}/language/{language}?next=/{name}")
        expect(inside.locator("html")).to_have_attribute("lang", language)
        fits(inside, f"{name}-{language}")
