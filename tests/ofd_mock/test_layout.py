"""The pages in a real browser, at a desk and on a phone: no sideways scrolling, TEST first, working forms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from reference.protocol.uz.qr import qr_url
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.ofd_mock.conftest import Bench
from tests.ofd_mock.till import TERMINAL, Till


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    page.on("request", lambda sent: foreign.append(sent.url) if "127.0.0.1" not in sent.url else None)
    foreign.clear()
    yield page
    context.close()
    assert [url for url in foreign if not url.startswith("data:")] == []


foreign: list[str] = []


@pytest.fixture
def filled(bench: Bench, till: Till) -> str:
    bench.order(
        "register-taxpayer", terminal=TERMINAL, company="Samarqand Darvoza savdo uyi MChJ", tin="123456789"
    )
    files = [till.sell().full() for _ in range(6)]
    bench.send(till, *files, till.sell(number=9).short(), till.close(sales=3)[0], till.sync(b"bad"))
    bench.order("block", terminal=TERMINAL, reason=1, notice="Obuna to‘lanmagan, iltimos hisobni to‘ldiring")
    sold = till.sold[0]
    return qr_url("/check", TERMINAL, sold.number, sold.record.time, sold.sign)


def test_nothing_scrolls_sideways(bench: Bench, filled: str, page: Page) -> None:
    paths = ["/state", "/ledger", f"/ledger/{TERMINAL}", "/ledger/traces", "/check", filled, "/nowhere"]
    paths += [f"{filled}&lang={language}" for language in ("uz", "ru", "en")]
    assert page.viewport_size
    for path in paths:
        page.goto(bench.base + path)
        assert width_of_content(page) <= page.viewport_size["width"], path
    page.goto(bench.base + "/ledger/traces")
    page.click("td a")
    assert width_of_content(page) <= page.viewport_size["width"]


def test_test_is_read_first(bench: Bench, filled: str, page: Page) -> None:
    page.goto(bench.base + filled)
    first = page.locator("body *:visible").filter(has_text="TEST").locator("strong").first
    box = first.bounding_box()
    assert box is not None
    assert box["y"] < 60
    assert float(first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 24
    assert page.locator(".stamp").is_visible()
    assert page.locator("img.qr").evaluate("e => e.naturalWidth > 0")


def test_the_form_and_the_buttons_work_in_a_browser(bench: Bench, filled: str, page: Page) -> None:
    page.goto(bench.base + "/state")
    page.select_option("select[name=ChangeLockState]", "Yes")
    page.select_option("select[name=LockState]", "Unlock")
    page.click("text=Set >> nth=-1")
    assert "Set for ZZ000000000000" in page.inner_text("[role=status]")
    assert bench.process.ledger.registry.standing(TERMINAL).change_lock
    page.click("button[value=unblock]")
    assert "no longer blocked" in page.inner_text("[role=status]")
    assert bench.process.ledger.registry.standing(TERMINAL).block is None


def test_asking_by_hand(bench: Bench, filled: str, till: Till, page: Page) -> None:
    page.goto(bench.base + "/check?lang=en")
    values = dict(part.split("=") for part in filled.partition("?")[2].split("&"))
    for name, value in values.items():
        page.fill(f"input[name={name}]", value)
    page.click("button")
    assert page.inner_text(".verdict h2") == "The receipt is genuine"
    page.click("text=Русский")
    assert page.inner_text(".verdict h2") == "Чек подлинный"
