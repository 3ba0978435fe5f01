"""Pages over a test's own office, with an owner who is logged in; and, for flows, a portal and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.backoffice.conftest import Back
from tests.backoffice.pages.browser import Pages, Visit, pages_of
from tests.backoffice.pages.running import Door, opened_door, shown
from tests.browser import DESK, launched


@pytest.fixture
def pages(back: Back, tmp_path: Path) -> Pages:
    return pages_of(back, tmp_path)


@pytest.fixture
def owner(pages: Pages) -> Visit:
    """Somebody logged in, of the plan «professional» and with no branch yet."""
    pages.back.owner()
    return pages.browse().log_in()


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
    context = chromium.new_context(viewport=DESK, locale="uz-UZ")
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, door: Door) -> Iterator[Page]:
    """A page at the door's login; at the end nothing wrong may stand on its console."""
    page, complaints = shown(context, door)
    yield page
    assert complaints == []
