"""Which documents a period or a shift holds, as a range of their numbers.

A register's documents are numbered without a gap as they come, and their times grow with their numbers, so a
period is found by searching the primary key: some 200 rows are read of 5 million, no index is needed on
times, and the count of documents is a difference. A register whose clock went wrong (finding T09) is told
apart: of such a one every row's time is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.kz import tables
from ofd_mock.portal.archive.records import DOCUMENTS, REPORTS, TIME
from ofd_mock.portal.errors import InvalidError
from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

MOST_SHIFT: Final = 2**31 - 1
_PERIOD: Final = Texts(
    "Начало периода позже его конца", "Кезеңнің басы соңынан кеш", "The period begins after its end"
)
_SHIFT: Final = Texts(
    "Номер смены: целое число от 1",
    "Ауысым нөмірі: 1-ден басталатын бүтін сан",
    "A shift's number is 1 or more",
)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is to be shown: days, both included (None: open on that side), and a shift's number."""

    first: date | None = None
    last: date | None = None
    shift: int | None = None

    def check(self) -> None:
        """InvalidError for a period that ends before it begins, or a shift that cannot be."""
        findings = []
        if self.first is not None and self.last is not None and self.first > self.last:
            findings.append(FieldFinding("first", "order", _PERIOD))
        if self.shift is not None and not 1 <= self.shift <= MOST_SHIFT:
            findings.append(FieldFinding("shift", "range", _SHIFT))
        if findings:
            raise InvalidError(findings)

    @property
    def since(self) -> str | None:
        """The first moment, as the ledger writes times."""
        return None if self.first is None else f"{self.first.isoformat()}T00:00:00"

    @property
    def until(self) -> str | None:
        """The first moment behind the period."""
        if self.last is None or self.last == date.max:
            return None
        return f"{(self.last + _DAY).isoformat()}T00:00:00"


@dataclass(frozen=True, slots=True)
class Span:
    """Documents `first` … `last` of a register, none if `last` is less.

    `since` and `until` are set where a row's time must be looked at besides. `documents` counts them where
    that is known without reading them.
    """

    device: int
    first: int
    last: int
    shift: int | None
    since: str | None
    until: str | None
    exact: bool

    @property
    def documents(self) -> int | None:
        """How many documents; None where only reading would tell."""
        return max(0, self.last - self.first + 1) if self.exact else None

    def of_documents(self) -> list[sa.ColumnElement[bool]]:
        """The conditions for documents."""
        found = [DOCUMENTS.c.device == self.device, DOCUMENTS.c.number.between(self.first, self.last)]
        return found if self.exact else found + _within(TIME, self.since, self.until)

    def of_reports(self) -> list[sa.ColumnElement[bool]]:
        """The conditions for X reports: by their own time and shift."""
        found = [REPORTS.c.device == self.device, *_within(REPORTS.c.time, self.since, self.until)]
        return found if self.shift is None else [*found, REPORTS.c.shift_number == self.shift]


def span_of(connection: Connection, device: int, wanted: Filter) -> Span:
    """The documents of a register that a filter shows; of both period and shift, those in both."""
    first, last = 1, _last_number(connection, device)
    if wanted.shift is not None:
        first, last = _shift(connection, device, wanted.shift, last)
    since, until = wanted.since, wanted.until
    if since is None and until is None:
        return Span(device, first, last, wanted.shift, None, None, exact=True)
    if _is_out_of_time(connection, device):
        return Span(device, first, last, wanted.shift, since, until, exact=False)
    if since is not None:
        first = _first_not_before(connection, device, since, first, last)
    if until is not None:
        last = _first_not_before(connection, device, until, first, last) - 1
    return Span(device, first, last, wanted.shift, since, until, exact=True)


def closing_number(connection: Connection, device: int, shift: int) -> int | None:
    """The document that closed a shift."""
    query = (
        sa.select(DOCUMENTS.c.number)
        .where(DOCUMENTS.c.device == device, DOCUMENTS.c.shift_number == shift, tables.IS_CLOSING)
        .limit(1)
    )
    return connection.scalar(query)


def _last_number(connection: Connection, device: int) -> int:
    query = sa.select(sa.func.max(DOCUMENTS.c.number)).where(DOCUMENTS.c.device == device)
    return connection.scalar(query) or 0


def _shift(connection: Connection, device: int, shift: int, last: int) -> tuple[int, int]:
    """From behind the closing before to the shift's own closing; the open shift has none yet."""
    before = 0 if shift == 1 else closing_number(connection, device, shift - 1)
    if before is None:
        return 1, 0
    return before + 1, closing_number(connection, device, shift) or last


_PIVOTS: Final = 15
"""Documents looked at in one question: a period in millions is found in a dozen."""
_LOOK: Final = (
    sa.select(DOCUMENTS.c.number, DOCUMENTS.c.time)
    .where(DOCUMENTS.c.device == sa.bindparam("device"))
    .where(DOCUMENTS.c.number.in_(sa.bindparam("numbers", expanding=True)))
    .where(DOCUMENTS.c.time.is_not(None))
)
_NEXT: Final = (
    sa.select(DOCUMENTS.c.number, DOCUMENTS.c.time)
    .where(DOCUMENTS.c.device == sa.bindparam("device"))
    .where(DOCUMENTS.c.number >= sa.bindparam("least"), DOCUMENTS.c.number <= sa.bindparam("most"))
    .where(DOCUMENTS.c.time.is_not(None))
    .order_by(DOCUMENTS.c.number)
    .limit(1)
)


def _first_not_before(connection: Connection, device: int, moment: str, first: int, last: int) -> int:
    """The first of these documents whose time is not before `moment`; the number behind them if none is."""
    low, high = first, last + 1
    while low < high:
        pivots = sorted({low + (high - low) * place // (_PIVOTS + 1) for place in range(1, _PIVOTS + 1)})
        rows = connection.execute(_LOOK, {"device": device, "numbers": pivots}).all()
        if not rows:
            # Cancellations have no time: the next document that has one tells.
            rows = connection.execute(_NEXT, {"device": device, "least": low, "most": high - 1}).all()
        if not rows:
            return high
        high = min([high] + [row.number for row in rows if row.time >= moment])
        low = max([low] + [row.number + 1 for row in rows if row.time < moment])
    return low


def _is_out_of_time(connection: Connection, device: int) -> bool:
    column = tables.findings.c.device
    return (
        connection.scalar(sa.select(column).where(column == device, tables.OUT_OF_TIME).limit(1)) is not None
    )


def _within(time: Any, since: str | None, until: str | None) -> list[sa.ColumnElement[bool]]:
    found = [] if since is None else [time >= since]
    return found if until is None else [*found, time < until]
