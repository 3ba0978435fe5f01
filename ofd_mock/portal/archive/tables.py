"""The four tables that can be downloaded: columns as the screen has them, rows, and what JSON says besides
(AR-01…03).

A row travels as a record, a dict of JSON values: it is written down once and read again for every format, so
that all files of one archive say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from ofd_mock.kz.answers import kept_report
from ofd_mock.portal.archive import lists, records, texts
from ofd_mock.portal.archive.records import ReportRow, Transaction
from ofd_mock.portal.archive.sheets import Cell, Tiyn
from ofd_mock.portal.archive.spans import Span
from ofd_mock.portal.archive.texts import Kind
from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind
from reference.protocol.kz.reports import ReportData, figures

Record = dict[str, Any]
Reading = Callable[[], Any]
BATCH: Final = 1_000
"""Documents of one look into the ledger: a long one would keep its log from being cleared."""
_LARGEST: Final = 2**53 - 1
_OPERATIONS: Final = {kind.value: kind.name for kind in Operation}
_PAYMENTS: Final = {kind.value: kind.name for kind in PaymentType}
_PLACEMENTS: Final = {kind.value: kind.name for kind in PlacementKind}


@dataclass(frozen=True, slots=True)
class Table:
    """One of them. `widths` are letters of a column in PDF, `landscape` its paper, 0 takes what is left.

    `read` gives the records of a span, newest first, a batch at a time; `cells` a record's row.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    landscape: bool
    filtered: bool
    read: Callable[[Reading, Span, int], Iterator[list[Record]]]
    cells: Callable[[Mapping[str, Any]], list[Cell]]


def _transactions(reading: Reading, span: Span, _card: int) -> Iterator[list[Record]]:
    behind = (_LARGEST, 0)
    while True:
        with reading() as session:
            items = lists.merged(session.connection(), span, behind, BATCH)
        if items:
            yield [_transaction(row) for item in items for row in item]
        if len(items) < BATCH:
            return
        last = items[-1][-1]
        behind = last.number, last.report


def _transaction(row: Transaction) -> Record:
    made: Record = {
        "number": row.number,
        "kind": row.kind.value,
        "time": row.time,
        "shift": row.shift,
        "sign": row.sign,
        "text": row.text.ru,
        "sum": row.sum,
    }
    if row.kind is Kind.TICKET:
        made["operation"] = _OPERATIONS.get(-1 if row.operation is None else row.operation)
        made["payments"] = [
            {"type": _PAYMENTS.get(-1 if kind is None else kind), "sum": total}
            for kind, total in row.payments
        ]
        if row.offline_number is not None:
            made["offline_number"] = row.offline_number
        if row.cancelled:
            made["cancelled"] = True
    elif row.kind is Kind.MONEY:
        made["operation"] = _PLACEMENTS.get(-1 if row.operation is None else row.operation)
    elif row.figures is not None:
        made["report"] = figures(row.figures)
    return made


def _closings(reading: Reading, span: Span, _card: int) -> Iterator[list[Record]]:
    behind = _LARGEST
    while True:
        with reading() as session:
            found = lists.closings(session.connection(), span, behind, BATCH)
        if found:
            yield [
                _report(records.z_row(row), records.closing_report(row["version"], row["answer"]))
                for row in found
            ]
        if len(found) < BATCH:
            return
        behind = found[-1]["shift_number"]


def _x_reports(reading: Reading, span: Span, _card: int) -> Iterator[list[Record]]:
    behind = _LARGEST
    while True:
        with reading() as session:
            found = lists.x_reports(session.connection(), span, behind, BATCH)
        if found:
            yield [_report(records.x_row(row), kept_report(row["report"])) for row in found]
        if len(found) < BATCH:
            return
        behind = found[-1]["entry"]


def _report(row: ReportRow, report: ReportData | None) -> Record:
    return {
        "number": row.number,
        "kind": row.kind.value,
        "time": row.time,
        "shift": row.shift,
        "receipts": row.receipts,
        "revenue": row.revenue,
        "cash": row.cash,
        "non_nullable": {_OPERATIONS[kind]: total for kind, total in row.non_nullable.items()},
        "report": {} if report is None else figures(report),
    }


def _shifts(reading: Reading, span: Span, card: int) -> Iterator[list[Record]]:
    behind = _LARGEST
    while True:
        with reading() as session:
            connection = _connection(session)
            found = lists.closings(connection, span, behind, BATCH)
            rows = lists.shift_rows(connection, card, found)
        if rows:
            yield [
                {
                    "number": row.number,
                    "kind": "shift",
                    "shift": row.shift,
                    "opened": row.opened,
                    "closed": row.closed,
                    "documents": row.documents,
                    "receipts": row.receipts,
                    "revenue": row.revenue,
                    "cash": row.cash,
                }
                for row in rows
            ]
        if len(found) < BATCH:
            return
        behind = found[-1]["shift_number"]


def _connection(session: Session) -> Any:
    return session.connection()


def _transaction_cells(record: Mapping[str, Any]) -> list[Cell]:
    return [_time(record["time"]), record["sign"], record["text"], Tiyn(record["sum"])]


def _report_cells(record: Mapping[str, Any]) -> list[Cell]:
    sums = {kind.value: record["non_nullable"].get(kind.name, 0) for kind in Operation}
    return [
        _time(record["time"]),
        record["shift"],
        record["receipts"],
        Tiyn(record["revenue"]),
        Tiyn(record["cash"]),
        texts.non_nullable_text(sums) if record["non_nullable"] else "",
    ]


def _shift_cells(record: Mapping[str, Any]) -> list[Cell]:
    return [
        record["shift"],
        _time(record["opened"]),
        _time(record["closed"]),
        record["documents"],
        record["receipts"],
        Tiyn(record["revenue"]),
        Tiyn(record["cash"]),
    ]


def _time(local: str) -> str:
    return f"{datetime.fromisoformat(local):%d.%m.%Y %H:%M}" if local else ""


_REPORT_COLUMNS: Final = (
    "Дата, время",
    "Смена",
    "Количество чеков",
    "Итоговая выручка",
    "Наличных в кассе",
    "Необнуляемый итог",
)
_REPORT_WIDTHS: Final = (17, 7, 17, 21, 21, 90)
TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "transactions",
            "Транзакции",
            ("Дата и время", "Фискальный признак", "Операция, тип расчета", "Сумма, ₸"),
            (17, 22, 44, 22),
            False,
            True,
            _transactions,
            _transaction_cells,
        ),
        Table(
            "z-reports",
            "Z-отчеты",
            _REPORT_COLUMNS,
            _REPORT_WIDTHS,
            True,
            False,
            _closings,
            _report_cells,
        ),
        Table(
            "x-reports",
            "X-отчеты",
            _REPORT_COLUMNS,
            _REPORT_WIDTHS,
            True,
            False,
            _x_reports,
            _report_cells,
        ),
        Table(
            "shifts",
            "Смены",
            (
                "Смена",
                "Открыта",
                "Закрыта",
                "Документов",
                "Количество чеков",
                "Итоговая выручка",
                "Наличных в кассе",
            ),
            (8, 18, 18, 12, 18, 16, 16),
            False,
            True,
            _shifts,
            _shift_cells,
        ),
    )
}
"""By name. Z and X are given whole, whatever the filter says (kz-ofd §15.10)."""
