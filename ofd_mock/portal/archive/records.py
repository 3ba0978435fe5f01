"""Rows of the ledger as the archives show them: a document, and the report that a closing or an X gave.

Every figure is read from the bodies that travelled or from the columns the ledger wrote with them; sums are
whole tiyn all the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from ofd_mock.kz import tables
from ofd_mock.kz.answers import kept_report
from ofd_mock.portal.archive import texts
from ofd_mock.portal.archive.texts import Kind
from reference.protocol.kz.dialects import Command, Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.documents import MoneyPlacement, from_message
from reference.protocol.kz.envelope import read_request, read_response
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.money import to_tiyn
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.results import Texts

DOCUMENTS: Final = tables.documents
REPORTS: Final = tables.reports
TIME: Final = sa.func.coalesce(DOCUMENTS.c.time, DOCUMENTS.c.received)
"""A document's own time; a cancellation has none but that of its coming."""
_ANSWER: Final = sa.case((DOCUMENTS.c.command == Command.CLOSE_SHIFT, DOCUMENTS.c.answer))
"""Only a closing's answer is looked at; the others are not carried along."""
COLUMNS: Final = (
    DOCUMENTS.c.number,
    DOCUMENTS.c.command,
    DOCUMENTS.c.version,
    DOCUMENTS.c.request,
    _ANSWER.label("answer"),
    TIME.label("moment"),
    DOCUMENTS.c.received,
    DOCUMENTS.c.shift_number,
    DOCUMENTS.c.sign,
    DOCUMENTS.c.operation,
    DOCUMENTS.c.total,
    DOCUMENTS.c.offline_number,
    DOCUMENTS.c.cancelled,
)
"""What is read of a document to show it in a list."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A row of «Транзакции» (AR-03): `sum` is tiyn, a report's is its revenue with its sign.

    `number` is the document's, of an X that of the last document before it; `report` an X report's own
    number, 0 for documents. `payments` are pairs of PaymentType and tiyn, `figures` all of a Z or X.
    """

    number: int
    report: int
    kind: Kind
    time: str
    shift: int
    sign: str
    text: Texts
    sum: int
    operation: int | None = None
    payments: tuple[tuple[int | None, int], ...] = ()
    offline_number: int | None = None
    cancelled: bool = False
    figures: ReportData | None = None


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of «Z-отчеты» or «X-отчеты» (AR-01, AR-02).

    `receipts` counts the tickets of the shift, `non_nullable` holds tiyn by operation. `number` is the
    document's, of an X its own.
    """

    number: int
    kind: Kind
    time: str
    shift: int
    receipts: int
    revenue: int
    cash: int
    non_nullable: dict[int, int]


def transactions_of(row: Mapping[Any, Any]) -> tuple[Transaction, ...]:
    """The rows that a document makes, newest first: a closing makes two."""
    command, shift, moment = row["command"], row["shift_number"], row["moment"]
    number, sign = row["number"], row["sign"]
    if command == Command.TICKET:
        payments = ticket_payments(row["version"], row["request"])
        text = texts.ticket_text(row["operation"], tuple(kind for kind, _ in payments), row["cancelled"])
        return (
            Transaction(
                number,
                0,
                Kind.TICKET,
                moment,
                shift,
                sign,
                text,
                row["total"] or 0,
                row["operation"],
                payments,
                row["offline_number"],
                bool(row["cancelled"]),
            ),
        )
    if command == Command.CLOSE_SHIFT:
        report = closing_report(row["version"], row["answer"])
        revenue = 0 if report is None else report.revenue
        return (
            Transaction(number, 0, Kind.Z, moment, shift, sign, texts.Z_REPORT, revenue, figures=report),
            Transaction(number, 0, Kind.CLOSING, moment, shift, sign, texts.closing_text(shift), revenue),
        )
    if command == Command.MONEY_PLACEMENT:
        placed = placement(row["version"], row["request"])
        operation, total = (None, 0) if placed is None else (placed.operation, placed.sum or 0)
        text = texts.placement_text(operation)
        return (Transaction(number, 0, Kind.MONEY, moment, shift, sign, text, total, operation),)
    return (Transaction(number, 0, Kind.CANCEL, moment, shift, sign, texts.CANCELLATION, 0),)


def report_transaction(row: Mapping[Any, Any]) -> Transaction:
    """The row of an X report."""
    report = kept_report(row["report"])
    return Transaction(
        row["number"],
        row["entry"],
        Kind.X,
        row["time"],
        row["shift_number"],
        "",
        texts.X_REPORT,
        report.revenue,
        figures=report,
    )


def z_row(row: Mapping[Any, Any]) -> ReportRow:
    """A closing as a row of «Z-отчеты»."""
    report = closing_report(row["version"], row["answer"])
    return _report_row(row["number"], Kind.Z, row["moment"], row["shift_number"], report)


def x_row(row: Mapping[Any, Any]) -> ReportRow:
    """An X as a row of «X-отчеты»; its last column stays empty (AR-02)."""
    report = kept_report(row["report"])
    return _report_row(row["entry"], Kind.X, row["time"], row["shift_number"], report)


def _report_row(number: int, kind: Kind, time: str, shift: int, report: ReportData | None) -> ReportRow:
    if report is None:
        return ReportRow(number, kind, time, shift, 0, 0, 0, {})
    sums = dict.fromkeys((one.value for one in Operation), 0) if kind is Kind.Z else {}
    for one in report.non_nullable if kind is Kind.Z else ():
        sums[one.operation] = sums.get(one.operation, 0) + one.sum
    receipts = sum(one.count for one in report.tickets)
    return ReportRow(number, kind, time, shift, receipts, report.revenue, report.cash, sums)


def ticket_payments(version: int, body: bytes) -> tuple[tuple[int | None, int], ...]:
    """Kind and tiyn of each payment of a stored ticket, without reading its lines."""
    message = read_request(_dialect(version), body).message
    return tuple(
        (one.type if one.HasField("type") else None, to_tiyn(one.sum)) for one in message.ticket.payments
    )


def placement(version: int, body: bytes) -> MoneyPlacement | None:
    """The deposit or withdrawal of a stored request."""
    dialect = _dialect(version)
    document = from_message(dialect, read_request(dialect, body).message, Command.MONEY_PLACEMENT)
    return document if isinstance(document, MoneyPlacement) else None


def closing_report(version: int, answer: bytes) -> ReportData | None:
    """The Z that a closing was answered with; None where the answer holds none."""
    dialect = _dialect(version)
    message = read_response(dialect, answer).message
    if not (message.HasField("report") and message.report.HasField("zx_report")):
        return None
    return read_report(dialect, message.report.zx_report)


def _dialect(version: int) -> Dialect:
    return dialect_for(version) or fallback_dialect()
