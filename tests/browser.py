"""A real browser for tests of pages: Debian's Chromium, driven by Playwright, and kept off the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser; the test is skipped, with the reason, where none is installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium installed: tools/setup_env.sh system says how to get it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


def width_of_content(page: Page) -> int:
    """Pixels the page needs; more than the window means scrolling sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth"))
