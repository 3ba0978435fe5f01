"""The cashier's page in a browser: from the PIN to the receipt, an outage, a refund, both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from reference.pos.part import PosPart
from reference.pos.web.app import create_app
from reference.pos.web.counter import Counter
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.serving import HttpServer
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.pos.conftest import shop as shop
from tests.pos.shop.conftest import Cafe
from tests.pos.shop.conftest import cafe as cafe

TOUCH = 40
"""Pixels: a finger hits nothing lower."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def address(cafe: Cafe, tmp_path: Path) -> Iterator[str]:
    bench = cafe.till.bench
    cafe.catalogue.change(cafe.plov.id, {"barcode": "4780000000017", "category": "Taomlar"})
    cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00})
    events = EventLog(tmp_path / "pos-events", bench.clock, "pos")
    part = PosPart(cafe.desks(), cafe.worker, lambda: None)
    control = control_blueprint(
        part, bench.lab, bench.clock, FaultPoints({}, bench.clock, "pos", {}), events, tmp_path, None
    )
    server = HttpServer(
        create_app(Counter(cafe.desks(), cafe.worker), control, "127.0.0.1", None), "127.0.0.1", 0
    )
    server.start()
    cafe.worker.start()
    yield server.url
    cafe.worker.stop()
    server.stop()
    events.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    complaints: list[str] = []
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    # Chromium complains of every refused request; those the tests provoke themselves.
    assert [line for line in complaints if "Failed to load resource" not in line] == []


def come(page: Page, name: str = "Aziza", pin: str = "123456") -> None:
    page.get_by_role("button", name=name).click()
    page.fill("#pin-field", pin)
    page.locator("#pin .main").click()
    expect(page.locator("#desk")).to_be_visible()


def put(page: Page, name: str) -> None:
    page.locator(".goods button", has_text=name).first.click()
    expect(page.locator("#lines .name", has_text=name)).to_be_visible()


def pay(page: Page, kind: str = "Naqd") -> None:
    page.click("#pay")
    page.locator("dialog .taps button", has_text=kind).click()
    page.locator("dialog .main").click()


def test_a_sale_from_the_pin_to_the_receipt(page: Page, cafe: Cafe) -> None:
    """UZ-POS-01"""
    come(page)
    expect(page.locator("#pay")).to_be_disabled()
    page.select_option("#place", label="Stol 1")
    put(page, "Osh")
    put(page, "choy")
    page.locator("#lines li", has_text="choy").get_by_role("button", name="+").click()
    expect(page.locator("#sums .total").last).to_have_text("60 500 so'm")
    pay(page)
    expect(page.locator("#toast")).to_contain_text("To'landi: 60 500 so'm")
    expect(page.locator("#lines .nothing")).to_be_visible()
    cafe.worker.round()
    page.locator("[data-tab=orders]").click()
    page.locator(".cards button").first.click()
    expect(page.locator("dialog pre")).to_contain_text("Fiskal belgi")
    expect(page.locator("dialog pre")).to_contain_text("TEST")


def test_cash_gives_change_and_kinds_can_be_mixed(page: Page) -> None:
    come(page)
    put(page, "choy")
    page.click("#pay")
    page.locator("dialog summary").click()
    page.fill("#pay-cash", "1 000")
    expect(page.locator("dialog [role=status]")).to_have_text("Qoldi: 4 000")
    expect(page.locator("dialog .main")).to_be_disabled()
    page.fill("#pay-card", "3 000")
    page.fill("#pay-cash", "5 000")
    expect(page.locator("dialog [role=status]")).to_have_text("Qaytim: 3 000")
    page.locator("dialog .main").click()
    expect(page.locator("#toast")).to_contain_text("Qaytim 3 000")


def test_a_scanner_types_the_barcode(page: Page) -> None:
    come(page)
    page.fill("#search", "4780000000017")
    page.press("#search", "Enter")
    expect(page.locator("#lines .name", has_text="Osh")).to_be_visible()


def test_a_scan_before_the_goods_are_there_is_not_lost(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/products", lambda route: held.append(route))
    with page.expect_request("**/api/products"):
        come(page)
    page.fill("#search", "4780000000017")
    page.press("#search", "Enter")
    [route] = held
    route.continue_()
    expect(page.locator("#lines .name", has_text="Osh")).to_be_visible()


def test_marked_goods_ask_for_their_code(page: Page) -> None:
    """UZ-POS-06"""
    come(page)
    for _ in range(2):
        page.locator(".goods button", has_text="Suv").click()
        page.fill("#label", "0104600000000017215a")
        page.locator("dialog .main").click()
    expect(page.locator("#toast")).to_contain_text("Bu kod chekda bor")
    expect(page.locator("#lines li")).to_have_count(1)


def test_a_service_that_is_gone_is_said_and_orders_go_on(page: Page, cafe: Cafe) -> None:
    """UZ-SVC-03, UZ-USB-01"""
    come(page)
    cafe.till.wire.down = True
    cafe.till.bench.tick(2)
    expect(page.locator("#standing .bad")).to_contain_text("Fiskal xizmat yoki modul yo'q")
    put(page, "choy")
    pay(page)
    expect(page.locator("#toast")).to_contain_text("To'landi")
    cafe.till.bench.tick(2)
    expect(page.locator("#standing")).to_contain_text("Navbatda: 1")
    cafe.till.wire.down = False
    cafe.till.bench.tick(2)
    expect(page.locator("#standing")).to_contain_text("Yuborilmagan: 1")


def test_a_refund_from_the_book(page: Page, cafe: Cafe) -> None:
    """UZ-POS-03"""
    cafe.sold((cafe.tea, 2000), (cafe.plov, 1000))
    come(page)
    page.locator("[data-tab=orders]").click()
    page.locator(".cards button").first.click()
    page.locator("dialog .grave").click()
    page.locator("dialog label", has_text="choy").click()
    page.locator("dialog .grave").click()
    expect(page.locator("#toast")).to_contain_text("Qaytarildi: 45 000")
    assert cafe.refunds.left(cafe.orders.all()[-1].id) == {0: 2000, 1: 0}


def test_an_application_that_takes_its_time(page: Page, cafe: Cafe) -> None:
    cafe.settings.change({"apps": "wait"})
    come(page)
    put(page, "choy")
    pay(page, "Payme")
    page.locator("dialog .main", has_text="To'lov o'tdi").click()
    expect(page.locator("#toast")).to_contain_text("To'landi")


def test_a_wrong_pin_is_said_and_a_waiter_cannot_take_money(page: Page) -> None:
    page.get_by_role("button", name="Bek").click()
    page.fill("#pin-field", "9999")
    page.locator("#pin .main").click()
    expect(page.locator("#pin-problem")).to_have_text("PIN noto'g'ri")
    page.fill("#pin-field", "1111")
    page.locator("#pin .main").click()
    put(page, "choy")
    expect(page.locator("#pay")).to_be_disabled()
    page.click("#leave")
    expect(page.locator("#people")).to_be_visible()


def test_an_open_order_stays_after_a_reload(page: Page) -> None:
    come(page)
    put(page, "Osh")
    page.reload()
    expect(page.locator("#lines .name", has_text="Osh")).to_be_visible()


def test_the_chain_is_proved_and_the_shift_closed(page: Page) -> None:
    """UZ-POS-02, UZ-SHF-08"""
    come(page)
    page.locator("[data-tab=settings]").click()
    page.click("#prove")
    expect(page.locator("#proof-result")).to_contain_text("ZZ000000000000 · № 1")
    page.fill("#set-stir", "12")
    page.locator("#settings-form .main").click()
    expect(page.locator("#toast")).to_contain_text("stir")
    page.locator("#shift button").click()
    expect(page.locator("#z-report")).to_contain_text("TotalSaleCount: 1")


def test_it_speaks_russian_and_fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    come(page)
    page.click("#language")
    expect(page.locator("#pay")).to_have_text("Оплата")
    for tab in ("orders", "settings", "sale"):
        page.locator(f"[data-tab={tab}]").click()
        expect(page.locator(f"#{tab}")).to_be_visible()
        assert width_of_content(page) <= PHONE["width"]
    put(page, "Osh")
    low = page.locator("button:visible").evaluate_all(
        "buttons => buttons.map(each => each.getBoundingClientRect()).filter(box => box.height < 40).length"
    )
    assert low == 0, f"buttons lower than {TOUCH} px"
