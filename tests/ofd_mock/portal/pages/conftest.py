"""A portal with its signing service for all flows of a process, and a real browser before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import DESK, launched
from tests.ofd_mock.portal.pages.running import Door, opened_door, shown


@pytest.fixture(scope="package")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not longer than a module: Playwright's loop runs in this thread, and others want to run theirs."""
    with launched() as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # The authority is not installed in this browser; the signing service's own tests look at its TLS.
    context = chromium.new_context(viewport=DESK, ignore_https_errors=True, locale="ru-RU")
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, door: Door) -> Iterator[Page]:
    """A page at the door's home; at the end nothing wrong may stand on its console."""
    page, complaints = shown(context, door)
    yield page
    assert complaints == []
