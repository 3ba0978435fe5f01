"""A failed test tells what its guest had to say: the fault is often in there, and soon gone."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.guest.stand import Stand, story
from tools.guest.machine import Guest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the guest's logs to the report of a test that failed with one at hand."""
    report = yield
    if report.when == "call" and report.failed:
        for each in getattr(item, "funcargs", {}).values():
            guest = each.guest if isinstance(each, Stand) else each
            if isinstance(guest, Guest):
                report.sections.append(("the guest", story(guest)))
    return report
