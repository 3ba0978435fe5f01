"""Books documents into a device's counters, one at a time (kz-ofd §8, §9.1).

Every function takes counters and returns new ones. The cost of a document grows with its own lines and
with the number of different sections and taxes of the shift, never with the number of documents;
`recount` computes the same from all documents at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from reference.protocol.kz import tally
from reference.protocol.kz.documents import MoneyPlacement
from reference.protocol.kz.kinds import CASH_IN, ItemType, PaymentType, PlacementKind, ReportKind
from reference.protocol.kz.report_building import ZeroRows as ZeroRows
from reference.protocol.kz.report_building import build_report as build_report
from reference.protocol.kz.report_building import empty_report as empty_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tally import DeviceCounters as DeviceCounters
from reference.protocol.kz.tally import ShiftCounters as ShiftCounters
from reference.protocol.kz.tally import Sums
from reference.protocol.kz.tickets import Line, Misfit, Modifier, TaxEntry, Ticket


class ShiftOpensOn(Enum):
    """Switch `shift_opens_on`: what opens a shift, any document or only a ticket (kz-ofd §8.1)."""

    DOCUMENT = "document"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class _ModifierRule:
    """How a modifier counts: its sign on turnover, and the sums it goes into (count for the plain one)."""

    turnover: int
    count_key: str
    sum_key: str
    storno: bool


_DISCOUNT: Final = _ModifierRule(-1, tally.DISCOUNT_COUNT, tally.DISCOUNT_SUM, storno=False)
_MARKUP: Final = _ModifierRule(1, tally.MARKUP_COUNT, tally.MARKUP_SUM, storno=False)
_MODIFIERS: Final = {
    ItemType.DISCOUNT.value: _DISCOUNT,
    ItemType.MARKUP.value: _MARKUP,
    ItemType.STORNO_DISCOUNT.value: _ModifierRule(1, tally.DISCOUNT_COUNT, tally.DISCOUNT_SUM, storno=True),
    ItemType.STORNO_MARKUP.value: _ModifierRule(-1, tally.MARKUP_COUNT, tally.MARKUP_SUM, storno=True),
}
"""kz-ofd ZR-05, ZR-06, ZR-08."""


class Closing(NamedTuple):
    """A closed shift: the counters after it, and its Z."""

    counters: DeviceCounters
    report: ReportData


def apply_ticket(counters: DeviceCounters, ticket: Ticket) -> DeviceCounters:
    """Return the counters after an accepted ticket; without an open shift it opens one (kz-ofd §8.1)."""
    return _book_ticket(_opened(counters, ticket.time, opens=True), ticket, 1)


def cancel_ticket(counters: DeviceCounters, ticket: Ticket) -> DeviceCounters:
    """Return the counters with a ticket taken back out of all but tickets_total_count (kz-ofd §3.8).

    The ticket must be one of the open shift; the shift stays open.
    """
    return _book_ticket(counters, ticket, -1)


def apply_money(
    counters: DeviceCounters, document: MoneyPlacement, opens_on: ShiftOpensOn = ShiftOpensOn.DOCUMENT
) -> DeviceCounters:
    """Return the counters after an accepted deposit or withdrawal; it may open a shift (kz-ofd §8.1)."""
    counters = _opened(counters, document.time, opens=opens_on is ShiftOpensOn.DOCUMENT)
    kind, total = document.operation, document.sum
    if kind is None or total is None:
        return counters
    return _place(counters, kind, total, is_offline=document.is_offline)


def close_shift(
    counters: DeviceCounters,
    time: datetime | None,
    *,
    withdraw: bool = False,
    is_offline: bool = False,
    zero_rows: ZeroRows = ZeroRows.OMIT,
) -> Closing:
    """Return the counters after the shift's end, and its Z (kz-ofd §8.2).

    `withdraw` first books a withdrawal of the whole cash into the shift. Without an open shift an empty one
    is closed.
    """
    counters = _opened(counters, None, opens=False)
    if withdraw and counters.cash > 0:
        counters = _place(counters, PlacementKind.WITHDRAWAL, counters.cash, is_offline=is_offline)
    report = build_report(counters, ReportKind.Z, time, zero_rows)
    return Closing(DeviceCounters(counters.cash, counters.shift_number, counters.totals), report)


def _opened(counters: DeviceCounters, time: datetime | None, *, opens: bool) -> DeviceCounters:
    """Return counters with a shift; its time of opening is that of the first document that opens."""
    shift = counters.shift
    if shift is not None and (shift.opened is not None or not opens):
        return counters
    opened = time if opens else None
    if shift is None:
        shift = ShiftCounters(counters.last_shift + 1, opened, counters.non_nullable)
    else:
        shift = ShiftCounters(shift.number, opened, shift.start, shift.sums)
    return DeviceCounters(counters.cash, counters.last_shift, counters.totals, shift)


def _rebuilt(counters: DeviceCounters, cash: int, totals: Sums, sums: Sums) -> DeviceCounters:
    shift = counters.shift
    if shift is None:
        raise ValueError("nothing can be booked without an open shift (kz-ofd §3.8)")
    return DeviceCounters(
        cash, counters.last_shift, totals, ShiftCounters(shift.number, shift.opened, shift.start, sums)
    )


def _place(counters: DeviceCounters, kind: int, total: int, *, is_offline: bool) -> DeviceCounters:
    sums, totals = dict(counters.shift.sums if counters.shift else {}), dict(counters.totals)
    _add(totals, (tally.PLACEMENTS_TOTAL, kind), 1)
    _add(sums, (tally.PLACEMENT_COUNT, kind), 1)
    _add(sums, (tally.PLACEMENT_SUM, kind), total)
    if is_offline:
        _add(sums, (tally.PLACEMENT_OFFLINE, kind), 1)
    cash = counters.cash + (total if kind == PlacementKind.DEPOSIT else -total)
    return _rebuilt(counters, cash, totals, sums)


def _book_ticket(counters: DeviceCounters, ticket: Ticket, sign: int) -> DeviceCounters:
    operation = ticket.operation
    if operation is None:
        return counters
    sums, totals = dict(counters.shift.sums if counters.shift else {}), dict(counters.totals)
    total = ticket.total or 0
    if sign > 0:
        _add(totals, (tally.TICKETS_TOTAL, operation), 1)
    _add(totals, (tally.NON_NULLABLE, operation), sign * total)
    _add(sums, (tally.TICKET_COUNT, operation), sign)
    _add(sums, (tally.TICKET_SUM, operation), sign * total)
    _add(sums, (tally.TICKET_CHANGE, operation), sign * (ticket.change or 0))
    if ticket.offline_number is not None:
        _add(sums, (tally.TICKET_OFFLINE, operation), sign)
    cash = counters.cash
    for payment in ticket.payments:
        if payment.type is None:
            continue
        amount = sign * (payment.sum or 0)
        _add(sums, (tally.PAYMENT_COUNT, operation, payment.type), sign)
        _add(sums, (tally.PAYMENT_SUM, operation, payment.type), amount)
        if payment.type == PaymentType.CASH:
            cash += amount if operation in CASH_IN else -amount
    _book_items(sums, ticket, operation, sign)
    return _rebuilt(counters, cash, totals, sums)


def _book_items(sums: Sums, ticket: Ticket, operation: int, sign: int) -> None:
    for item in ticket.items:
        if isinstance(item, Line):
            _book_line(sums, item, operation, sign)
        elif not isinstance(item, Misfit) and item.type is not None:
            _book_modifier(sums, _MODIFIERS[item.type], item, operation, sign)
    if ticket.discount is not None:
        _add(sums, (tally.TICKET_DISCOUNT, operation), sign * (ticket.discount.sum or 0))
        _book_modifier(sums, _DISCOUNT, ticket.discount, operation, sign)
    if ticket.markup is not None:
        _add(sums, (tally.TICKET_MARKUP, operation), sign * (ticket.markup.sum or 0))
        _book_modifier(sums, _MARKUP, ticket.markup, operation, sign)
    _book_taxes(sums, ticket.taxes, operation, sign, ticket.total or 0)


def _book_line(sums: Sums, line: Line, operation: int, sign: int) -> None:
    total = line.sum or 0
    if line.type == ItemType.COMMODITY:
        _add(sums, (tally.SECTION_COUNT, operation, line.section), sign)
    else:
        sign = -sign
    _add(sums, (tally.SECTION_SUM, operation, line.section), sign * total)
    if line.taxes:
        _book_taxes(sums, line.taxes, operation, sign, total)


def _book_modifier(sums: Sums, rule: _ModifierRule, modifier: Modifier, operation: int, sign: int) -> None:
    total = modifier.sum or 0
    if rule.storno:
        _add(sums, (rule.sum_key, operation), -sign * total)
    else:
        _add(sums, (rule.count_key, operation), sign)
        _add(sums, (rule.sum_key, operation), sign * total)
    if modifier.taxes:
        _book_taxes(sums, modifier.taxes, operation, sign * rule.turnover, total)


def _book_taxes(sums: Sums, taxes: tuple[TaxEntry, ...], operation: int, sign: int, turnover: int) -> None:
    for tax in taxes:
        by = (operation, tax.tax_type or 0, tax.percent or 0)
        _add(sums, (tally.TURNOVER, *by), sign * turnover)
        _add(sums, (tally.TAX, *by), sign * (tax.sum or 0))


def _add(sums: Sums, key: tally.Key, amount: int) -> None:
    value = sums.get(key, 0) + amount
    if value:
        sums[key] = value
    else:
        sums.pop(key, None)
