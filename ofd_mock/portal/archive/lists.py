"""«Транзакции», «Z-отчеты», «X-отчеты» and shifts of a register, newest first, page by page (KZ-ARC-01…03).

A page is asked for by the place behind which it begins, never by counting rows off: the last page of millions
costs what the first does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.kz.device_rows import NEWEST
from ofd_mock.portal.archive import records
from ofd_mock.portal.archive.records import DOCUMENTS, REPORTS, ReportRow, Transaction
from ofd_mock.portal.archive.spans import Filter, Span, span_of
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, UnknownError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.office import Office
from ofd_mock.portal.tables import Card
from ofd_mock.portal.wire_books import counters_now
from reference.protocol.kz.counters import build_report
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.results import Texts
from reference.protocol.kz.tally import DeviceCounters

PAGE: Final = 50
MOST_ROWS: Final = 500
_LARGEST: Final = 2**53 - 1
_PLACE: Final = Texts("Неверное место в списке", "Тізімдегі орын қате", "There is no such place in the list")
_LIMIT: Final = Texts(
    f"От 1 до {MOST_ROWS} строк", f"1-ден {MOST_ROWS} жолға дейін", f"From 1 to {MOST_ROWS} rows"
)


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """A page of «Транзакции».

    `older` is the place behind which the next page begins, None on the last. `documents` counts the documents
    of the whole filter where that costs nothing: a closing is one document and two rows, an X is none.
    """

    rows: tuple[Transaction, ...]
    older: str | None
    documents: int | None


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of Z or X reports."""

    rows: tuple[ReportRow, ...]
    older: str | None


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift: `closed` is empty and `number` None while it is open; `documents` as in the ledger."""

    shift: int
    opened: str
    closed: str
    number: int | None
    documents: int
    receipts: int
    revenue: int
    cash: int


@dataclass(frozen=True, slots=True)
class ShiftPage:
    """A page of shifts."""

    rows: tuple[ShiftRow, ...]
    older: str | None


class Lists:
    """The desk for the tables of one register's history."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def transactions(
        self, visitor: Visitor, card: int, wanted: Filter, place: str = "", limit: int = PAGE
    ) -> TransactionPage:
        """Rows of «Транзакции» behind `place`; UnknownError unless the register is the visitor's."""
        wanted.check()
        _check_limit(limit)
        behind = _two(place)
        with self._office.reading() as session:
            check_owner(session.connection(), visitor, card)
            connection = session.connection()
            span = span_of(connection, card, wanted)
            items = merged(connection, span, behind, limit + 1)
        more = len(items) > limit
        rows = tuple(row for item in items[:limit] for row in item)
        older = f"{rows[-1].number}.{rows[-1].report}" if more else None
        return TransactionPage(rows, older, span.documents)

    def z_reports(
        self, visitor: Visitor, card: int, wanted: Filter, place: str = "", limit: int = PAGE
    ) -> ReportPage:
        """Rows of «Z-отчеты» behind `place`, by shift."""
        rows = self._page(visitor, card, wanted, place, limit, closings)
        return _report_page([records.z_row(row) for row in rows], limit, lambda row: row.shift)

    def x_reports(
        self, visitor: Visitor, card: int, wanted: Filter, place: str = "", limit: int = PAGE
    ) -> ReportPage:
        """Rows of «X-отчеты» behind `place`."""
        rows = self._page(visitor, card, wanted, place, limit, x_reports)
        return _report_page([records.x_row(row) for row in rows], limit, lambda row: row.number)

    def shifts(
        self, visitor: Visitor, card: int, wanted: Filter, place: str = "", limit: int = PAGE
    ) -> ShiftPage:
        """The shifts that were closed in the period, behind `place`; on the first page the open one, too."""
        wanted.check()
        _check_limit(limit)
        behind = _one(place)
        with self._office.reading() as session:
            connection = session.connection()
            check_owner(connection, visitor, card)
            span = span_of(connection, card, wanted)
            found = closings(connection, span, behind, limit + 1)
            opened = None
            if not place and wanted.first is None and wanted.last is None:
                opened = open_shift(session, card)
            rows = shift_rows(connection, card, found[:limit])
        if opened is not None and wanted.shift in (None, opened.shift):
            rows.insert(0, opened)
        return ShiftPage(tuple(rows), str(rows[-1].shift) if len(found) > limit else None)

    def _page(
        self,
        visitor: Visitor,
        card: int,
        wanted: Filter,
        place: str,
        limit: int,
        read: Callable[[Connection, Span, int, int], list[Any]],
    ) -> list[Any]:
        wanted.check()
        _check_limit(limit)
        behind = _one(place)
        with self._office.reading() as session:
            connection = session.connection()
            check_owner(connection, visitor, card)
            return read(connection, span_of(connection, card, wanted), behind, limit + 1)


def check_owner(connection: Connection, visitor: Visitor, card: int) -> None:
    """UnknownError unless the register is one that the visitor may see."""
    columns = Card.__table__.c
    query = sa.select(columns.outlet).where(
        columns.id == card, columns.organisation == visitor.organisation, columns.removed.is_(False)
    )
    outlet = connection.scalar(query)
    if outlet is None or not visitor.sees(outlet):
        raise UnknownError


def merged(
    connection: Connection, span: Span, behind: tuple[int, int], limit: int
) -> list[tuple[Transaction, ...]]:
    """Documents and X reports behind a place, newest first; each as the rows it makes."""
    number, entry = behind
    least = DOCUMENTS.c.number <= number if entry else DOCUMENTS.c.number < number
    query = (
        sa.select(*records.COLUMNS)
        .where(*span.of_documents(), least)
        .order_by(DOCUMENTS.c.number.desc())
        .limit(limit)
    )
    items = [records.transactions_of(row) for row in connection.execute(query).mappings()]
    place = sa.tuple_(REPORTS.c.number, REPORTS.c.entry)
    asked = (
        sa.select(REPORTS)
        .where(*span.of_reports(), place < sa.tuple_(number, entry))
        .order_by(REPORTS.c.number.desc(), REPORTS.c.entry.desc())
        .limit(limit)
    )
    items += [(records.report_transaction(row),) for row in connection.execute(asked).mappings()]
    items.sort(key=lambda item: (item[0].number, item[0].report), reverse=True)
    return items[:limit]


def closings(connection: Connection, span: Span, behind: int, limit: int) -> list[Any]:
    """Closings of shifts below `behind`, newest first, as ledger rows."""
    query = (
        sa.select(*records.COLUMNS)
        .where(*span.of_documents(), ledger_tables.IS_CLOSING, DOCUMENTS.c.shift_number < behind)
        .order_by(DOCUMENTS.c.shift_number.desc())
        .limit(limit)
    )
    return list(connection.execute(query).mappings())


def x_reports(connection: Connection, span: Span, behind: int, limit: int) -> list[Any]:
    """X reports below `behind`, newest first, as ledger rows."""
    query = (
        sa.select(REPORTS)
        .where(*span.of_reports(), REPORTS.c.entry < behind)
        .order_by(REPORTS.c.number.desc(), REPORTS.c.entry.desc())
        .limit(limit)
    )
    return list(connection.execute(query).mappings())


def shift_rows(connection: Connection, card: int, found: list[Any]) -> list[ShiftRow]:
    """Closings as shifts; how many documents each held tells the closing before it."""
    if not found:
        return []
    shifts = [row["shift_number"] - 1 for row in found]
    query = sa.select(DOCUMENTS.c.shift_number, DOCUMENTS.c.number).where(
        DOCUMENTS.c.device == card, DOCUMENTS.c.shift_number.in_(shifts), ledger_tables.IS_CLOSING
    )
    before = {row.shift_number: row.number for row in connection.execute(query)}
    rows = []
    for row in found:
        report = records.closing_report(row["version"], row["answer"])
        shown = records.z_row(row)
        opened = "" if report is None or report.opened is None else report.opened.isoformat()
        documents = row["number"] - before.get(row["shift_number"] - 1, 0)
        rows.append(
            ShiftRow(
                shown.shift,
                opened,
                shown.time,
                shown.number,
                documents,
                shown.receipts,
                shown.revenue,
                shown.cash,
            )
        )
    return rows


def open_shift(session: Any, card: int) -> ShiftRow | None:
    """The shift that is open now."""
    columns = ledger_tables.devices.c
    query = sa.select(columns.id, columns.counters, columns.documents, NEWEST.label("newest")).where(
        columns.id == card
    )
    row = session.execute(query).mappings().first()
    counters = DeviceCounters() if row is None else counters_now(session, row)
    if row is None or counters.shift is None:
        return None
    report = build_report(counters, ReportKind.X, None)
    before = session.scalar(
        sa.select(DOCUMENTS.c.number).where(
            DOCUMENTS.c.device == card,
            DOCUMENTS.c.shift_number == counters.last_shift,
            ledger_tables.IS_CLOSING,
        )
    )
    return ShiftRow(
        report.shift_number,
        "" if counters.opened is None else counters.opened.isoformat(),
        "",
        None,
        max(row["documents"], row["newest"] or 0) - (before or 0),
        sum(one.count for one in report.tickets),
        report.revenue,
        report.cash,
    )


def _report_page(rows: list[ReportRow], limit: int, place: Callable[[ReportRow], int]) -> ReportPage:
    shown = tuple(rows[:limit])
    return ReportPage(shown, str(place(shown[-1])) if len(rows) > limit else None)


def _one(place: str) -> int:
    return _two(place)[0]


def _two(place: str) -> tuple[int, int]:
    """Number and X report behind which a page begins; nothing is the beginning."""
    if not place:
        return _LARGEST, 0
    first, _, second = place.partition(".")
    parts = [int(one) for one in (first, second or "0") if one.isascii() and one.isdigit() and len(one) <= 16]
    if len(parts) != 2 or max(parts) > _LARGEST:
        raise InvalidError([FieldFinding("place", "place", _PLACE)])
    return parts[0], parts[1]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidError([FieldFinding("limit", "range", _LIMIT)])
