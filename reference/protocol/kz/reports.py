"""X and Z reports as plain values (kz-ofd §9.1); `report_codec` carries them to messages and back.

Sums are whole tiyn. A row that is not there is a row of zeros (kz-ofd §9.1), so two reports are compared by
`figures`, where zeros do not stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind

Put = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class OperationRow:
    """Count and sum of one operation."""

    operation: int
    count: int
    sum: int


@dataclass(frozen=True, slots=True)
class SectionRow:
    """Positions of one section."""

    section: str
    operations: tuple[OperationRow, ...]


@dataclass(frozen=True, slots=True)
class TaxOperationRow:
    """Turnover of one operation under one tax; `sum` is the tax. `without_tax` is what a message stated."""

    operation: int
    turnover: int
    sum: int
    without_tax: int | None = None

    @property
    def turnover_without_tax(self) -> int:
        """What was stated, else turnover less tax (kz-ofd ZR-08)."""
        return self.turnover - self.sum if self.without_tax is None else self.without_tax


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One tax at one percent."""

    tax_type: int
    percent: int
    operations: tuple[TaxOperationRow, ...]


@dataclass(frozen=True, slots=True)
class SumRow:
    """A non-nullable sum of one operation."""

    operation: int
    sum: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Payments of one type."""

    type: int
    sum: int
    count: int


@dataclass(frozen=True, slots=True)
class TicketRow:
    """Tickets of one operation; `total_count` since registration, the rest of the shift."""

    operation: int
    total_count: int
    count: int
    sum: int
    payments: tuple[PaymentRow, ...] = ()
    offline_count: int = 0
    discount_sum: int = 0
    markup_sum: int = 0
    change_sum: int = 0


@dataclass(frozen=True, slots=True)
class PlacementRow:
    """Deposits or withdrawals; `total_count` since registration, the rest of the shift."""

    operation: int
    total_count: int
    count: int
    sum: int
    offline_count: int = 0


@dataclass(frozen=True, slots=True)
class ReportData:
    """One ZXReport (kz-ofd ZR-01…18). `revenue` is signed; `checksum` is what a message carried."""

    time: datetime | None
    shift_number: int
    sections: tuple[SectionRow, ...] = ()
    operations: tuple[OperationRow, ...] = ()
    discounts: tuple[OperationRow, ...] = ()
    markups: tuple[OperationRow, ...] = ()
    total_result: tuple[OperationRow, ...] = ()
    taxes: tuple[TaxRow, ...] = ()
    start_non_nullable: tuple[SumRow, ...] = ()
    tickets: tuple[TicketRow, ...] = ()
    placements: tuple[PlacementRow, ...] = ()
    cash: int = 0
    revenue: int = 0
    non_nullable: tuple[SumRow, ...] = ()
    opened: datetime | None = None
    closed: datetime | None = None
    checksum: str = ""


class Difference(NamedTuple):
    """One figure that two reports do not share; None = not there."""

    field: str
    ours: int | str | None
    theirs: int | str | None


def figures(report: ReportData) -> dict[str, int | str]:
    """Return every figure that is not zero by its place, such as `ticket_operations.SELL.payments.CASH.sum`.

    Rows that repeat a key are added, as clients write one section per section and operation (kz-ofd ZR-03).
    The time of the report and the checksum are not compared.
    """
    found: dict[str, int | str] = {}

    def put(place: str, value: int) -> None:
        found[place] = int(found.get(place, 0)) + value

    def put_rows(place: str, rows: tuple[OperationRow, ...]) -> None:
        for row in rows:
            put(f"{place}.{_name(Operation, row.operation)}.count", row.count)
            put(f"{place}.{_name(Operation, row.operation)}.sum", row.sum)

    put("shift_number", report.shift_number)
    for section in report.sections:
        put_rows(f"sections[{section.section}]", section.operations)
    put_rows("operations", report.operations)
    put_rows("discounts", report.discounts)
    put_rows("markups", report.markups)
    put_rows("total_result", report.total_result)
    for tax in report.taxes:
        for entry in tax.operations:
            place = f"taxes[{tax.percent}].{_name(Operation, entry.operation)}"
            put(f"{place}.turnover", entry.turnover)
            put(f"{place}.sum", entry.sum)
            put(f"{place}.turnover_without_tax", entry.turnover_without_tax)
    for name, sums in (
        ("start_shift_non_nullable_sums", report.start_non_nullable),
        ("non_nullable_sums", report.non_nullable),
    ):
        for total in sums:
            put(f"{name}.{_name(Operation, total.operation)}", total.sum)
    for ticket in report.tickets:
        _put_tickets(put, ticket)
    for placement in report.placements:
        place = f"money_placements.{_name(PlacementKind, placement.operation)}"
        for field in ("total_count", "count", "sum", "offline_count"):
            put(f"{place}.{field}", getattr(placement, field))
    put("cash_sum", report.cash)
    put("revenue", report.revenue)
    found = {place: value for place, value in found.items() if value}
    for name, time in (("open_shift_time", report.opened), ("close_shift_time", report.closed)):
        if time is not None:
            found[name] = time.isoformat()
    return found


def differences(ours: ReportData, theirs: ReportData) -> list[Difference]:
    """Return the figures in which two reports differ, by place (kz-ofd §8.2)."""
    left, right = figures(ours), figures(theirs)
    return [
        Difference(place, left.get(place), right.get(place))
        for place in sorted(left.keys() | right.keys())
        if left.get(place) != right.get(place)
    ]


def _put_tickets(put: Put, ticket: TicketRow) -> None:
    place = f"ticket_operations.{_name(Operation, ticket.operation)}"
    for field in ("total_count", "count", "sum", "offline_count", "discount_sum", "markup_sum", "change_sum"):
        put(f"{place}.{field}", getattr(ticket, field))
    for payment in ticket.payments:
        kind = _name(PaymentType, payment.type)
        put(f"{place}.payments.{kind}.sum", payment.sum)
        put(f"{place}.payments.{kind}.count", payment.count)


def _name(kinds: type[IntEnum], number: int) -> str:
    names = {kind.value: kind.name for kind in kinds}
    return names.get(number, str(number))
