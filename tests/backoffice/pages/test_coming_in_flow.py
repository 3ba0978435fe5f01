"""Coming in, in Chromium: three steps, two devices, a reset password, the drawer (BX-REG, BX-LOG, BX-PRF)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.backoffice.conftest import PASSWORD
from tests.backoffice.pages.running import SCREENSHOTS, Door, come_in, fits, fresh_phone, shown
from tests.browser import DESK, PHONE

NEW = "yangi-parol-1"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def log_in(page: Page, door: Door, phone: str, password: str = PASSWORD) -> None:
    page.goto(f"{door.base}/login")
    page.get_by_label("Telefon raqami").fill(phone)
    page.get_by_label("Parol", exact=True).fill(password)
    press(page, "Kirish")


def test_three_steps_lead_to_the_dashboard(page: Page, door: Door) -> None:
    """BX-REG-01…03, with a wrong number, a wrong code, «Qayta yuborish», «Orqaga» and a short password."""
    phone = fresh_phone()
    page.get_by_role("link", name="Ro'yxatdan o'tish").click()
    press(page, "Davom etish")
    expect(page.locator("#phone-finding")).to_have_text("Raqam +998XXXXXXXXX ko'rinishida")
    fits(page, "register-phone-wrong")
    page.get_by_label("Telefon raqami").fill(phone)
    press(page, "Davom etish")
    expect(page.get_by_role("heading", name="SMS kodni kiriting")).to_be_visible()
    expect(page.get_by_label("6 xonali kod")).to_be_focused()
    fits(page, "register-code")
    page.get_by_role("link", name="Orqaga").click()
    expect(page.get_by_label("Telefon raqami")).to_have_value(phone)
    page.go_back()
    page.get_by_label("6 xonali kod").fill("x")
    press(page, "Tasdiqlash")
    expect(page.locator("#code-finding")).to_have_text("Kod noto'g'ri")
    press(page, "Qayta yuborish")
    expect(page.get_by_role("alert")).to_contain_text("Urinishlar ko'p")
    door.lab.advance(61)
    press(page, "Qayta yuborish")
    expect(page.get_by_role("status")).to_have_text("Kod qayta yuborildi")
    page.get_by_role("main").get_by_role("link", name="SMS qutisi").click()
    text = page.locator(".sms .text").first.inner_text()
    fits(page, "outbox")
    page.go_back()
    page.get_by_label("6 xonali kod").fill(text.rsplit(" ", 1)[-1])
    press(page, "Tasdiqlash")
    for label, value in (("Ism", "Aziza"), ("Familiya", "Sinova"), ("Biznes nomi", "Sinov choyxona")):
        page.get_by_label(label).fill(value)
    page.get_by_label("Parol", exact=True).fill("short")
    page.get_by_label("Parolni tasdiqlash").fill("other")
    press(page, "Ro'yxatdan o'tish")
    expect(page.locator("#password-finding")).to_have_text("Kamida 8 belgi")
    expect(page.locator("#password_repeated-finding")).to_have_text("Parollar mos emas")
    expect(page.get_by_label("Ism")).to_have_value("Aziza")
    fits(page, "register-details-wrong")
    page.get_by_label("Parol", exact=True).fill(PASSWORD)
    page.get_by_label("Parolni tasdiqlash").fill(PASSWORD)
    press(page, "Ro'yxatdan o'tish")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_text("Hali filial yo'q")).to_be_visible()
    fits(page, "dashboard-empty")


def test_two_devices_and_one_is_ended_from_the_other(page: Page, door: Door, chromium: Browser) -> None:
    """BX-LOG-01, BX-PRF-01: several devices at once; a session that is ended elsewhere is over."""
    owner = door.enrolled()
    log_in(page, door, owner.phone)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
    phone = chromium.new_context(viewport=PHONE, user_agent=agent, locale="ru-RU")
    other, complaints = shown(phone, door)
    other.get_by_label("Номер телефона").fill(owner.phone)
    other.get_by_label("Пароль", exact=True).fill(PASSWORD)
    press(other, "Войти")
    expect(other.get_by_role("heading", name="Дашборд")).to_be_visible()
    page.goto(f"{door.base}/profile")
    row = page.get_by_role("listitem").filter(has_text="Chrome · Android")
    fits(page, "profile")
    row.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("Seans tugatildi")
    expect(row).to_have_count(0)
    other.reload()
    expect(other.get_by_role("heading", name="Вход в систему")).to_be_visible()
    expect(other.get_by_role("status")).to_have_text("Войдите в систему")
    assert complaints == []
    phone.close()
    press(page, "Chiqish")
    expect(page.get_by_role("heading", name="Tizimga kirish")).to_be_visible()
    page.goto(f"{door.base}/profile")
    expect(page).to_have_url(re.compile(r"/login\?next=/profile$"))


def test_a_reset_password_is_changed_before_anything_else(page: Page, door: Door) -> None:
    """BX-LOG-01: what an administrator gave opens one page only."""
    owner = door.enrolled()
    given = door.desks.entrance.reset(owner.phone)
    fits(page, "login")
    log_in(page, door, owner.phone, given)
    expect(page.get_by_role("heading", name="Yangi parol o'rnatish")).to_be_visible()
    page.goto(f"{door.base}/profile")
    expect(page).to_have_url(re.compile("/password$"))
    fits(page, "password")
    page.get_by_label("Yangi parol").fill(NEW)
    page.get_by_label("Parolni tasdiqlash").fill(NEW)
    press(page, "Saqlash")
    expect(page.get_by_role("status")).to_have_text("Yangi parol saqlandi")
    press_out(page, door)
    log_in(page, door, owner.phone, NEW)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def press_out(page: Page, door: Door) -> None:
    page.goto(f"{door.base}/profile")
    press(page, "Chiqish")


@pytest.mark.parametrize("close", ["outside", "escape"])
def test_the_drawer_of_a_telephone_opens_and_closes(page: Page, door: Door, close: str) -> None:
    """BX-NAV-01: three lines open it, a tap outside closes it."""
    come_in(page, door, door.enrolled())
    page.goto(f"{door.base}/profile")
    menu = page.get_by_role("navigation", name="Bo'limlar", exact=True)
    expect(menu.get_by_role("link")).to_have_count(9)
    page.set_viewport_size(PHONE)
    expect(menu).to_be_hidden()
    press(page, "Menyu")
    expect(menu.get_by_role("link", name="Dashboard")).to_be_in_viewport()
    pictured(page)
    if close == "outside":
        page.mouse.click(PHONE["width"] - 10, 400)
    else:
        page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    press(page, "Menyu")
    menu.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.set_viewport_size(DESK)
    expect(menu).to_be_visible()


def pictured(page: Page) -> None:
    """A picture of the open drawer for whoever wants to look at it."""
    if folder := os.environ.get(SCREENSHOTS):
        page.screenshot(path=Path(folder) / "owner-drawer-390.png")


def test_a_keyboard_alone_comes_in(page: Page, door: Door) -> None:
    """Tab reaches the first link, the form in its order, and Enter sends it."""
    owner = door.enrolled()
    page.goto(f"{door.base}/login")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Mazmunga o'tish")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Telefon raqami")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(owner.phone)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
