"""The Swagger page in a browser: every endpoint is there, and a sale made by hand (uz-fiscal G2-T-01)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reference.drive.app import create_app
from reference.drive.endpoints import ENDPOINTS
from reference.runtime.serving import HttpServer
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.drive.conftest import Bench
from tests.drive.doubles import sale


@pytest.mark.slow
def test_a_sale_by_hand(shop: Bench) -> None:
    with HttpServer(create_app(shop.drive), "127.0.0.1", 0) as server, launched() as browser:
        page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(f"{server.url}/swagger/index.html")
        page.wait_for_selector("details")
        assert page.locator("details").count() == len(ENDPOINTS)
        assert page.locator("h1").inner_text().endswith("TEST")
        expect(page.locator("#factory")).to_have_value(shop.factory_id)
        step_one = page.locator("details", has_text="/FiscalDrive/Receipt/GetTXID/{F}")
        step_one.locator("summary").click()
        body = str(sale(shop.tick())).replace("'", '"')
        step_one.locator("textarea").fill(body)
        step_one.locator("button").click()
        expect(step_one.locator("pre")).to_have_text("200 OK\n1")
        step_two = page.locator("details", has_text="/FiscalDrive/Receipt/RegisterTXID/{F}")
        step_two.locator("summary").click()
        step_two.locator("input[name=TXID]").fill("1")
        step_two.locator("button").click()
        expect(step_two.locator("pre")).to_contain_text('"ReceiptSeq":1')
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert width_of_content(page) <= PHONE["width"]
        assert faults == []
    assert shop.number == 1
