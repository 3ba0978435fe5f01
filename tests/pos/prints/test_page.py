"""Papers on the cashier's page: the picture, the PDF, once more from the printer, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reference.pos.part import PosPart
from reference.pos.web.app import create_app
from reference.pos.web.counter import Counter
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.serving import HttpServer
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.pos.prints.conftest import Printing
from tests.pos.prints.reading import of_pdf
from tests.pos.web.test_page import come


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def page(browser: Browser, printing: Printing, tmp_path: Path) -> Iterator[Page]:
    cafe, bench = printing.cafe, printing.cafe.till.bench
    events = EventLog(tmp_path / "pos-events", bench.clock, "pos")
    part = PosPart(cafe.desks(), cafe.worker, lambda: None)
    faults = FaultPoints({}, bench.clock, "pos", {})
    control = control_blueprint(part, bench.lab, bench.clock, faults, events, tmp_path, None)
    counter = Counter(cafe.desks(), cafe.worker, spool=printing.spool)
    complaints: list[str] = []
    with HttpServer(create_app(counter, control, "127.0.0.1", None), "127.0.0.1", 0) as server:
        context = browser.new_context(viewport=DESK, accept_downloads=True)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.url)
        yield page
        context.close()
    events.close()
    assert [line for line in complaints if "Failed to load resource" not in line] == []


def test_a_receipt_as_picture_and_pdf_and_printed_again(
    page: Page, printing: Printing, tmp_path: Path
) -> None:
    """UZ-POS-05"""
    cafe = printing.cafe
    cafe.sold((cafe.tea, 1000))
    assert printing.spool.round() == 1
    come(page)
    page.locator("[data-tab=orders]").click()
    page.locator(".cards button").first.click()
    page.get_by_role("button", name="Rasm").click()
    picture = page.locator("dialog img.paper")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 576
    with page.expect_download() as started:
        page.get_by_role("button", name="PDF").click()
    started.value.save_as(tmp_path / "receipt.pdf")
    assert "To'lov: naqd 5 000,00" in of_pdf((tmp_path / "receipt.pdf").read_bytes())
    page.get_by_role("button", name="Yana chop etish").click()
    expect(page.locator("#toast")).to_contain_text("Nusxa printerga yuborildi")
    assert printing.spool.round() == 1
    assert ["NUSXA" in tape.text for tape in printing.papers()] == [False, True]
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert width_of_content(page) <= PHONE["width"]


def test_the_last_z_report_on_the_settings_page(page: Page, printing: Printing) -> None:
    """UZ-SHF-04"""
    cafe = printing.cafe
    come(page)
    page.locator("[data-tab=settings]").click()
    page.locator("#z-papers").get_by_role("button", name="Rasm").click()
    expect(page.locator("#toast")).to_have_text("Topilmadi")
    cafe.sold((cafe.tea, 1000))
    cafe.worker.close_shift()
    page.locator("#z-papers").get_by_role("button", name="Rasm").click()
    expect(page.locator("#z-papers img")).to_be_visible()
    page.locator("#z-papers").get_by_role("button", name="Yana chop etish").click()
    expect(page.locator("#toast")).to_contain_text("printerga yuborildi")
    assert printing.spool.round() == 2
    assert "Z-HISOBOT" in printing.papers()[1].text


def test_trouble_of_the_printer_is_in_sight(page: Page, printing: Printing) -> None:
    cafe = printing.cafe
    printing.file.mkdir(parents=True)
    cafe.sold((cafe.tea, 1000))
    assert printing.spool.round() == 0
    come(page)
    expect(page.locator("#standing .bad").last).to_contain_text("printed.bin")
    expect(page.locator("#standing .warn", has_text="Chop etiladi: 1")).to_be_visible()
    printing.file.rmdir()
    assert printing.spool.round() == 1
    expect(page.locator("#standing")).not_to_contain_text("printed.bin")


def test_the_printer_is_set_in_settings_and_a_wrong_one_is_named(page: Page, printing: Printing) -> None:
    come(page)
    page.locator("[data-tab=settings]").click()
    expect(page.locator("#set-printer")).to_have_value("file:printed.bin")
    page.fill("#set-printer", "tcp:192.0.2.1:9100")
    page.locator("#settings-form .main").click()
    expect(page.locator("#toast")).to_contain_text("printer:")
    assert printing.cafe.settings.read().printer == "file:printed.bin"
    page.fill("#set-printer", "tcp:127.0.0.1:9100")
    page.select_option("#set-printer_qr", "native")
    page.locator("#settings-form .main").click()
    expect(page.locator("#toast")).to_have_text("Saqlandi")
    chosen = printing.cafe.settings.read()
    assert (chosen.printer, chosen.printer_qr, chosen.printer_pages) == (
        "tcp:127.0.0.1:9100",
        "native",
        "all",
    )
