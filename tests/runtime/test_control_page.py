from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reference.runtime.control_form import FormField, form_fields
from reference.runtime.serving import HttpServer
from tests.browser import PHONE, launched, width_of_content
from tests.runtime.bench import Put, TestBench, make_bench


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path) -> TestBench:
    return make_bench(tmp_path)


@pytest.fixture
def page(browser: Browser, bench: TestBench) -> Iterator[Page]:
    complaints: list[str] = []
    with HttpServer(bench.app, "127.0.0.1", 0) as server:
        opened = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
        opened.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("dialog", lambda dialog: dialog.accept())
        opened.goto(f"{server.url}/control/")
        yield opened
        opened.close()
    # Chromium complains of every refused request; those the tests provoke themselves.
    provoked = "the server responded with a status of"
    assert [line for line in complaints if provoked not in line] == []


def send(page: Page, path: str, **fields: str) -> None:
    form = page.locator(f'form[data-path="{path}"]').filter(
        has=page.locator(f'[name="{next(iter(fields), "")}"]')
    )
    form = form.first if fields else page.locator(f'form[data-path="{path}"]').first
    for name, text in fields.items():
        form.locator(f'[name="{name}"]').fill(text)
    form.locator("button").first.click()


def answer(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#answer")).to_have_text(text)


def test_page_shows_the_part_and_escapes_what_it_holds(bench: TestBench) -> None:
    response = bench.app.test_client().get("/control/")
    text = response.get_data(as_text=True)
    assert response.mimetype == "text/html"
    assert "<h1>till</h1>" in text
    assert "&lt;b&gt;Anvar&lt;/b&gt;" in text
    assert "<b>Anvar" not in text
    assert "01ff" in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def test_fits_a_phone(page: Page) -> None:
    assert width_of_content(page) <= PHONE["width"]
    heights = page.locator("button").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) >= 40


def test_clock_is_advanced_and_skewed(bench: TestBench, page: Page) -> None:
    before = bench.clock.now()
    send(page, "clock", advance="49h")
    answer(page, "Done.")
    assert (bench.clock.now() - before).total_seconds() >= 49 * 3600
    send(page, "clock", **{"skew.till": "-5m"})
    answer(page, "Done.")
    assert bench.clock.part("till").skew == pytest.approx(-300)
    send(page, "clock", advance="soon")
    answer(page, re.compile("not a duration"))


def test_fault_is_added_and_removed(bench: TestBench, page: Page) -> None:
    page.locator("summary").click()
    send(page, "faults", action="delay", delay="2s", count="null", match='{"drawer": "left*"}')
    answer(page, "Done.")
    (rule,) = bench.faults.rules()
    assert (rule.action, rule.delay, rule.count, rule.match) == ("delay", 2.0, None, {"drawer": "left*"})
    page.get_by_role("button", name="Remove", exact=True).click()
    answer(page, "Done.")
    assert bench.faults.rules() == []


def test_operation_answers_and_refuses(bench: TestBench, page: Page) -> None:
    send(page, "do/put", amount="30")
    answer(page, re.compile('"coins": 30'))
    assert bench.till.coins == 30
    send(page, "do/put", amount="99")
    answer(page, "the till is full")
    expect(page.locator("#answer")).to_have_class("problem")
    send(page, "do/break")
    answer(page, re.compile("its log says why"))


def test_snapshot_restore_and_reset(bench: TestBench, page: Page) -> None:
    bench.till.coins = 7
    send(page, "snapshot", name="morning")
    answer(page, "Done.")
    send(page, "reset", settings='{"limit": 5}')
    answer(page, "Done.")
    assert (bench.till.coins, bench.till.limit) == (0, 5)
    page.get_by_role("button", name="Restore").click()
    answer(page, "Done.")
    assert bench.till.coins == 7
    expect(page.locator("#journal li").first).to_contain_text("control.restore")


def test_forms_follow_the_models() -> None:
    assert form_fields(Put) == [
        FormField("amount", "number", True, "coins to put in", None),
        FormField("note", "text", False, "", None),
    ]
