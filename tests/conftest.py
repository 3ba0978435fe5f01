"""What holds for every test: Hypothesis judges behaviour, never the speed of the machine it runs on, and no
test leaves its log on a stream that is gone."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """xdist 3.8 notes the group of a test in a field that pytest 9.2 does not read any more: without this,
    tests of one group would be spread over all workers."""
    for item in items:
        grouped = vars(item).get("_nodeid", "")
        if "@" in grouped and grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A part that is run inside a test logs to that test's captured stderr; nobody after it may."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
