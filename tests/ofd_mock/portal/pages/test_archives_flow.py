"""Archives in Chromium: what a register sent is found, shown as printed, downloaded (KZ-ARC-01…04)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ofd_mock.portal.settings import PortalSettings
from tests.ofd_mock.portal.pages.chain import Owner, Till, enrolled, opened_till
from tests.ofd_mock.portal.pages.running import Door, fits
from tools import cli


@pytest.fixture(scope="module")
def till(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    with opened_till(door, tmp_path_factory.mktemp("till")) as till:
        yield till


@pytest.fixture(scope="module")
def shop(door: Door, till: Till) -> Iterator[tuple[Owner, int]]:
    """An owner and his register: a shift of two tickets, an X and a Z, then a shift of one ticket."""
    before = door.process.office.settings
    door.process.office.settings = PortalSettings(kgd_delay=60)
    owner = enrolled(door)
    card = owner.registered(owner.outlet("Магазин"), "777")
    till.introduce(card, owner.desks.cards.token(owner.visitor, card))
    for total in (100_00, 50_50):
        assert till.sell(total)["outcome"] == "done"
    for key in ("x", "z"):
        assert till.press(key)["outcome"] == "done"
    assert till.sell(7_00)["outcome"] == "done"
    yield owner, card
    door.process.office.settings = before


def test_a_shift_is_found_shown_and_downloaded(
    page: Page, door: Door, shop: tuple[Owner, int], capsys: pytest.CaptureFixture[str]
) -> None:
    owner, card = shop
    owner.log_in(page.context)
    page.goto(f"{door.base}/cards/{card}")
    page.get_by_role("link", name="Транзакции").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_label("Номер смены").fill("1")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tbody tr").first).to_contain_text("Z-отчет")
    expect(page.locator("tbody tr").first).to_contain_text("150.5 ₸")
    fits(page, "archives-transactions")

    page.get_by_label("PDF").check()
    page.get_by_role("button", name="Скачать").click()
    expect(page.get_by_text("Хранится до")).to_be_visible()
    fits(page, "archives-archive")
    with page.expect_download() as given:
        page.get_by_role("link", name="Скачать").click()
    path = given.value.path()
    assert given.value.suggested_filename == f"transactions-{card}.zip"
    with zipfile.ZipFile(path) as packed:
        summary = json.loads(packed.read("archive.json"))
        assert summary["tickets"] == {"SELL": {"count": 2, "sum": 150_50}}
        assert summary["formats"] == ["json", "csv", "xlsx", "pdf"]
    assert cli.run(["audit", str(path)]) == 0
    assert "0 findings" in capsys.readouterr().out

    page.get_by_role("navigation", name="Путь").get_by_role("link", name="Транзакции").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_role("link", name="Сбросить").click()
    page.get_by_role("link", name="Продажа, наличные").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Продажа, наличные")
    expect(page.get_by_role("cell", name="Нан")).to_be_visible()
    fits(page, "archives-paper")
    with page.expect_download() as given:
        page.get_by_role("link", name="Загрузить").click()
    assert given.value.path().read_bytes().startswith(b"%PDF-1.7")


def test_reports_and_shifts_stand_on_their_tabs(page: Page, door: Door, shop: tuple[Owner, int]) -> None:
    owner, card = shop
    owner.log_in(page.context)
    page.goto(f"{door.base}/cards/{card}/z-reports")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Продаж: 150.5 ₸")
    fits(page, "archives-z")
    page.get_by_role("link", name="X-отчеты").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Смены").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("открыта")
    fits(page, "archives-shifts")
    page.locator("tbody tr").last.get_by_role("link").first.click()
    expect(page.get_by_label("Номер смены")).to_have_value("1")
    page.get_by_label("С даты").fill("32.01.2026")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("#first-finding")).to_have_text("Дата пишется так: ДД.ММ.ГГГГ")
    expect(page.get_by_role("button", name="Скачать")).to_be_disabled()
