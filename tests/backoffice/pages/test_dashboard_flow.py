"""The dashboard in Chromium: figures, period, tabs, branches, languages, without scripts (BX-DSH, BX-NAV)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.backoffice.pages.month import take
from tests.backoffice.pages.running import Door, Owner, come_in, fits
from tests.browser import DESK


@pytest.fixture(scope="module")
def owner(door: Door) -> Owner:
    """Two branches that sold, the second three times as much."""
    owner = door.enrolled()
    for name, busy in (("Markaziy", 1), ("Chilonzor", 3)):
        take(door.desks.intake, door.linked(owner, name), busy)
    return owner


@pytest.fixture
def inside(page: Page, door: Door, owner: Owner) -> Page:
    come_in(page, door, owner)
    page.goto(f"{door.base}/dashboard")
    return page


def orders(page: Page) -> int:
    """«Buyurtmalar soni» as the page shows it."""
    figure = page.locator("article").filter(has_text="Buyurtmalar soni")
    return int("".join((figure.locator(".big").text_content() or "").split()))


def test_figures_and_three_tabs(inside: Page) -> None:
    """BX-DSH-01, BX-DSH-02"""
    assert orders(inside) == 4 * 7 * 12
    expect(inside.locator("article").filter(has_text="Buyurtmalar soni")).to_contain_text("▲ 100%")
    expect(inside.get_by_label("Boshlanish")).to_have_value("2026-08-26")
    expect(inside.get_by_label("Tugash")).to_have_value("2026-09-01")
    tabs = inside.get_by_role("navigation", name="Dashboard bo'limlari")
    expect(inside.get_by_role("img", name="Eng ko'p buyurtma soat 12:00 da: 56")).to_be_visible()
    expect(inside.get_by_role("row")).to_have_count(24 + 1 + 8)
    fits(inside, "dashboard-orders")
    tabs.get_by_role("link", name="Xodimlar").click()
    expect(inside.get_by_role("row")).to_have_count(1 + 2)
    fits(inside, "dashboard-staff")
    tabs.get_by_role("link", name="Mahsulotlar").click()
    expect(
        inside.get_by_role("group", name="Kategoriya bo'yicha taqsimot").get_by_role("listitem")
    ).to_have_count(4)
    expect(inside.get_by_role("row")).to_have_count(6)
    fits(inside, "dashboard-products")


def test_another_period_stays_while_tabs_change(inside: Page) -> None:
    inside.get_by_label("Boshlanish").fill("2026-08-31")
    inside.get_by_label("Tugash").fill("2026-08-31")
    inside.get_by_role("button", name="Yangilash").click()
    assert orders(inside) == 4 * 12
    inside.get_by_role("navigation", name="Dashboard bo'limlari").get_by_role("link", name="Xodimlar").click()
    expect(inside.get_by_label("Boshlanish")).to_have_value("2026-08-31")
    assert orders(inside) == 4 * 12
    inside.get_by_label("Tugash").fill("2026-08-30")
    inside.get_by_role("button", name="Yangilash").click()
    expect(inside.locator("#period-finding")).to_have_text("Davr noto'g'ri")


def test_the_chosen_branch_filters_and_stays(inside: Page, door: Door) -> None:
    """BX-NAV-01"""
    choice = inside.get_by_label("Filial", exact=True)
    choice.select_option("Markaziy")
    expect(inside.locator("article").filter(has_text="Buyurtmalar soni").locator(".big")).to_have_text("84")
    inside.goto(f"{door.base}/profile")
    expect(choice.locator("option:checked")).to_have_text("Markaziy")
    inside.goto(f"{door.base}/dashboard")
    assert orders(inside) == 7 * 12
    choice.select_option("Barcha filiallar")
    expect(inside.locator("article").filter(has_text="Buyurtmalar soni").locator(".big")).to_have_text("336")


@pytest.mark.parametrize(("code", "heading"), [("ru", "Дашборд"), ("en", "Dashboard")])
def test_languages(inside: Page, code: str, heading: str) -> None:
    inside.get_by_role("navigation", name="Til").get_by_role("link", name=code.upper()).click()
    expect(inside.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(inside.locator("html")).to_have_attribute("lang", code)
    fits(inside, f"dashboard-{code}")


def test_it_works_without_scripts(chromium: Browser, door: Door, owner: Owner) -> None:
    """The branch has a button of its own; charts are drawn by the server."""
    context = chromium.new_context(viewport=DESK, locale="uz-UZ", java_script_enabled=False)
    page = context.new_page()
    come_in(page, door, owner)
    page.goto(f"{door.base}/dashboard")
    expect(page.get_by_role("img", name="Eng ko'p buyurtma soat 12:00 da: 56")).to_be_visible()
    page.get_by_label("Filial", exact=True).select_option("Chilonzor")
    page.get_by_role("button", name="Tanlash").click()
    assert orders(page) == 3 * 7 * 12
    context.close()
