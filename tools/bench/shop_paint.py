"""How soon the till's order screen stands in a headless Chromium, told by the browser's own paint timing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.bench.children import BenchError
from tools.demo_shop import peak_megabytes
from tools.shop_month.stand import BOSS, FIRST_STOCK_PINS, Api

PRODUCTS: Final = 300
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
OPTIONS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
NOBODY: Final = "http://127.0.0.1:9"
"""A fiscal service that is down: the order screen does not wait for it (UZ-SVC-03)."""
_PATIENCE: Final = 30.0
_FIRST_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_SCREEN: Final = "() => document.querySelectorAll('#desk:not([hidden]) .goods button').length > 0"


@dataclass(frozen=True, slots=True)
class Paints:
    """Seconds from the call of the page: `first` until something is painted, `usable` until goods stand."""

    products: int
    first: tuple[float, ...]
    usable: tuple[float, ...]
    memory: float


def paints(place: Path, loads: int, products: int = PRODUCTS) -> Paints:
    """Load the order screen of a till with so many products `loads` times. BenchError: no browser."""
    with _till(place / "paint") as (url, pid):
        _stock(url, products)
        first, usable = [], []
        with _browser() as browser:
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(url)
            page.get_by_role("button", name=BOSS.split()[0]).click()
            page.fill("#pin-field", FIRST_STOCK_PINS[BOSS])
            page.locator("#pin .main").click()
            page.wait_for_function(_SCREEN)
            for _ in range(loads):
                page.reload(wait_until="commit")
                page.wait_for_function(_SCREEN)
                usable.append(page.evaluate("performance.now()") / 1000)
                first.append(page.evaluate(_FIRST_PAINT) / 1000)
        return Paints(products, tuple(first), tuple(usable), peak_megabytes(pid))


@contextmanager
def _till(folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a point of sale whose fiscal service is down."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "reference.pos", "serve", "--port", "0", "--drive", NOBODY]
    log = folder / "pos.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*command, "--dir", str(folder)], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise BenchError(f"the till did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        yield json.loads(line)["addresses"]["pos"], process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE)
        if process.stdout is not None:
            process.stdout.close()


def _stock(url: str, products: int) -> None:
    """Products beside the first ones, `products` in all."""
    api = Api(url)
    try:
        people = {row["name"]: row["id"] for row in api.ask("GET", "/people")}
        come = {"employee": people[BOSS], "pin": FIRST_STOCK_PINS[BOSS]}
        api.key = api.ask("POST", "/sessions", come)["session"]
        for number in range(len(api.ask("GET", "/products")), products):
            row = {"name": f"Taom {number}", "category": f"Tur {number % 12}", "price": 1_000_00 * number}
            api.ask("POST", "/products", row | {"mxik": f"10202001001{number:06d}"})
    finally:
        api.close()


@contextmanager
def _browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise BenchError("the first paint needs Playwright: install the test extra") from None
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise BenchError("no Chromium installed: tools/setup_env.sh system says how to get it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()
