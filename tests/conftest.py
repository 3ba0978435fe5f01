"""What holds for every test: Hypothesis judges behaviour, never the speed of the machine it runs on, and no
test leaves its log on a stream that is gone."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.web import close_lasting

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file that share a module's fixture stay on one worker: a lab, or a whole suite's run, that
    several of them read is otherwise made once a worker."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_with_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares_with_its_module(item: pytest.Item) -> bool:
    found = getattr(item, "_fixtureinfo", None)
    return found is not None and any(
        definitions[-1].scope == "module" for definitions in found.name2fixturedefs.values() if definitions
    )


class GroupNames:
    """xdist 3.8 notes the group of a test in a field that pytest 9.2 does not read any more: without this,
    tests of one group would be spread over all workers."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            grouped = vars(item).get("_nodeid", "")
            if "@" in grouped and grouped != item.nodeid:
                item._id = type(item._id).parse(grouped)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(GroupNames())
    config.add_cleanup(close_lasting)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A part that is run inside a test logs to that test's captured stderr; nobody after it may."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
