"""Documents by their times, without an index that every ticket would pay.

Documents of a register are numbered as they come, and nearly always their times grow with their numbers.
Those that do not are noted in `kz_strays`; the others stand in the order of their times, and are found by
halving.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Dialect

from ofd_mock.kz import tables
from ofd_mock.kz.prepared import Prepared

_DOCUMENTS: Final = tables.documents
_STRAYS: Final = tables.strays
_NEWEST: Final = 2**63 - 1
_BEHIND: Final = "~"
"""Behind a time, it makes a text behind all of that time and before any later one."""

_OF_DEVICE: Final = _DOCUMENTS.c.device == sa.bindparam("device")
_LAST: Final = (
    sa.select(_DOCUMENTS.c.number, _DOCUMENTS.c.time)
    .where(_OF_DEVICE, _DOCUMENTS.c.number <= sa.bindparam("most"), _DOCUMENTS.c.time.is_not(None))
    .where(
        ~sa.exists().where(_STRAYS.c.device == _DOCUMENTS.c.device, _STRAYS.c.number == _DOCUMENTS.c.number)
    )
    .order_by(_DOCUMENTS.c.number.desc())
    .limit(1)
)
_HIGHEST: Final = sa.select(sa.func.max(_DOCUMENTS.c.printed_number)).where(
    _OF_DEVICE, _DOCUMENTS.c.number >= sa.bindparam("least"), _DOCUMENTS.c.time == sa.bindparam("time")
)
_EQUAL: Final = sa.and_(
    _DOCUMENTS.c.printed_number == sa.bindparam("printed_number"),
    _DOCUMENTS.c.time == sa.bindparam("time"),
    _DOCUMENTS.c.total == sa.bindparam("total"),
    _DOCUMENTS.c.command == sa.bindparam("command"),
)
_AMONG: Final = sa.select(_DOCUMENTS.c.number).where(
    _OF_DEVICE,
    _DOCUMENTS.c.number >= sa.bindparam("least"),
    _DOCUMENTS.c.number < sa.bindparam("behind"),
    _EQUAL,
)
# A join would do the same, but SQLite then goes through all documents of the register.
_STRAYED: Final = sa.select(_DOCUMENTS.c.number).where(
    _OF_DEVICE,
    _DOCUMENTS.c.number.in_(
        sa.select(_STRAYS.c.number).where(
            _STRAYS.c.device == sa.bindparam("device"), _STRAYS.c.time == sa.bindparam("time")
        )
    ),
    _EQUAL,
)


def _find_all() -> sa.Insert:
    table = _DOCUMENTS.c
    before = sa.func.max(table.time).over(partition_by=table.device, order_by=table.number, rows=(None, -1))
    timed = (
        sa.select(table.device, table.number, table.time, before.label("latest"))
        .where(table.time.is_not(None))
        .subquery()
    )
    found = sa.select(timed.c.device, timed.c.number, timed.c.time).where(timed.c.time < timed.c.latest)
    return sa.insert(_STRAYS).from_select(["device", "number", "time"], found)


FIND_ALL: Final = _find_all()
"""Fills an empty `kz_strays` from the documents."""


@lru_cache(maxsize=4)
def _prepared(dialect: Dialect) -> tuple[Prepared, Prepared, Prepared, Prepared]:
    equal = ("device", "printed_number", "time", "total", "command")
    return (
        Prepared(_LAST, dialect, ("device", "most")),
        Prepared(_HIGHEST, dialect, ("device", "least", "time")),
        Prepared(_AMONG, dialect, ("device", "least", "behind", *equal[1:])),
        Prepared(_STRAYED, dialect, equal),
    )


class Times:
    """Questions to the tables about documents of some time, by a cursor of the driver."""

    def __init__(self, dialect: Dialect, cursor: Any) -> None:
        self._cursor = cursor
        self._last_query, self._highest_query, self._among_query, self._strayed_query = _prepared(dialect)

    def latest(self, device: int) -> tuple[int, str]:
        """Number and time of the last document of a register that is no stray; 0 and empty without any.

        No document has a later time. All strays behind it are gone through.
        """
        last = self._last(device, _NEWEST)
        return (0, "") if last is None else (int(last[0]), str(last[1]))

    def highest(self, device: int, last: int, latest: str) -> int:
        """The highest printed number of the documents of the latest time, 0 without any."""
        given = (device, self._first_from(device, last, latest), latest)
        return self._highest_query.first(self._cursor, given)[0] or 0

    def has(self, device: int, last: int, command: int, time: str, total: int, printed_number: int) -> bool:
        """Whether a document of the register is equal in these; `last` is the number that `latest` gives."""
        equal = (printed_number, time, total, command)
        if self._strayed_query.first(self._cursor, (device, *equal)) is not None:
            return True
        least = self._first_from(device, last, time)
        behind = self._first_from(device, last, time + _BEHIND)
        return self._among_query.first(self._cursor, (device, least, behind, *equal)) is not None

    def _last(self, device: int, most: int) -> Any:
        """Number and time of the last document up to a number that has a time and is no stray."""
        return self._last_query.first(self._cursor, (device, most))

    def _first_from(self, device: int, last: int, moment: str) -> int:
        """The number from which on no document has a time before `moment`, strays apart.

        It is mostly near the end: from there the steps grow, until one is too long, and that is halved.
        """
        low, high, step = 0, last + 1, 1
        while high - low > 1:
            middle = max(low + 1, high - step) if step else (low + high) // 2
            found = self._last(device, middle)
            if found is None or found[0] <= low or found[1] < moment:
                low, step = middle, 0
            else:
                high, step = found[0], step * 2
        return int(high)
