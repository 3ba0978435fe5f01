"""Addresses of a register's archives: lists, papers, downloads (KZ-ARC-01…04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ofd_mock.portal.archive.lists import MOST_ROWS, PAGE
from ofd_mock.portal.archive.spans import MOST_SHIFT, Filter
from ofd_mock.portal.web.route import Call, Parameter, Route

_DAY: Final = {"type": "string", "format": "date"}
_PERIOD: Final = (
    Parameter("first", "first day, included", _DAY),
    Parameter("last", "last day, included", _DAY),
)
_SHIFT: Final = (
    Parameter("shift", "number of a shift", {"type": "integer", "minimum": 1, "maximum": MOST_SHIFT}),
)
_PAGE: Final = (
    Parameter(
        "place", "where the page begins: `older` of the page before", {"type": "string", "maxLength": 40}
    ),
    Parameter("limit", "rows of a page", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
)


def _filter(call: Call) -> Filter:
    return Filter(call.query.get("first"), call.query.get("last"), call.query.get("shift"))


def _listed(name: str) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        read = getattr(call.desks.lists, name)
        place, limit = call.query.get("place", ""), call.query.get("limit", PAGE)
        return read(call.owner, call.path["id"], _filter(call), place, limit)

    return run


ARCHIVES: Final = (
    Route(
        "GET",
        "/cards/{id}/transactions",
        "«Транзакции», newest first",
        _listed("transactions"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/z-reports",
        "«Z-отчеты», newest first",
        _listed("z_reports"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/x-reports",
        "«X-отчеты», newest first",
        _listed("x_reports"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
    Route(
        "GET",
        "/cards/{id}/shifts",
        "shifts, the open one first",
        _listed("shifts"),
        query=(*_PERIOD, *_SHIFT, *_PAGE),
    ),
)
"""All of them, below `/api`."""
