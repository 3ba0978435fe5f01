"""The counters of a device from all its documents at once (kz-ofd §9.1): the archive's way to check a ledger.

Each sum is written down as its definition over the tickets of a shift, sharing nothing with the booking in
`counters`; tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reference.protocol.kz import tally
from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.kinds import CASH_IN, ItemType, Operation, PaymentType, PlacementKind, ReportKind
from reference.protocol.kz.report_building import ZeroRows, build_report
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tally import DeviceCounters, Key, ShiftCounters, Sums
from reference.protocol.kz.tickets import Line, Modifier, TaxEntry, Ticket


@dataclass(frozen=True, slots=True)
class CancelTicket:
    """The cancelling of the ticket before it, up to 2.0.2 (kz-ofd §3.8)."""


Booked = Ticket | MoneyPlacement | CloseShift | CancelTicket


class Recount(NamedTuple):
    """The counters after the documents, and the Z of every shift that was closed."""

    counters: DeviceCounters
    reports: tuple[ReportData, ...]


class _Shift(NamedTuple):
    """What happened between two closings; the withdrawal at closing is among the placements."""

    tickets: tuple[Ticket, ...]
    cancelled: tuple[Ticket, ...]
    placements: tuple[MoneyPlacement, ...]
    opened: datetime | None


def recount(documents: Sequence[Booked], zero_rows: ZeroRows = ZeroRows.OMIT) -> Recount:
    """Return the counters and Z reports of a device that accepted these documents since registration."""
    reports: list[ReportData] = []
    closed: list[_Shift] = []
    running: list[Booked] = []
    for document in documents:
        if not isinstance(document, CloseShift):
            running.append(document)
            continue
        shift = _with_withdrawal(closed, _shift(running), document)
        counters = _counters(closed, shift)
        reports.append(build_report(counters, ReportKind.Z, document.time, zero_rows))
        closed.append(shift)
        running = []
    begun = any(isinstance(document, Ticket | MoneyPlacement) for document in running)
    return Recount(_counters(closed, _shift(running) if begun else None), tuple(reports))


def _shift(documents: Sequence[Booked]) -> _Shift:
    cancels = {place - 1 for place, document in enumerate(documents) if isinstance(document, CancelTicket)}
    tickets = [(place, document) for place, document in enumerate(documents) if isinstance(document, Ticket)]
    times = [
        one.time for one in documents if isinstance(one, Ticket | MoneyPlacement) and one.time is not None
    ]
    return _Shift(
        tickets=tuple(ticket for place, ticket in tickets if place not in cancels),
        cancelled=tuple(ticket for place, ticket in tickets if place in cancels),
        placements=tuple(document for document in documents if isinstance(document, MoneyPlacement)),
        opened=times[0] if times else None,
    )


def _with_withdrawal(closed: Sequence[_Shift], shift: _Shift, document: CloseShift) -> _Shift:
    cash = _cash((*closed, shift))
    if not document.withdraw_money or cash <= 0:
        return shift
    withdrawal = MoneyPlacement(PlacementKind.WITHDRAWAL, document.time, cash, document.is_offline)
    return shift._replace(placements=(*shift.placements, withdrawal))


def _counters(closed: Sequence[_Shift], shift: _Shift | None) -> DeviceCounters:
    everything = (*closed, shift) if shift is not None else tuple(closed)
    opened = None
    if shift is not None:
        opened = ShiftCounters(len(closed) + 1, shift.opened, _non_nullable(closed), _shift_sums(shift))
    return DeviceCounters(
        cash=_cash(everything), last_shift=len(closed), totals=_totals(everything), shift=opened
    )


def _cash(shifts: Iterable[_Shift]) -> int:
    """ZR-13."""
    return sum(
        sum((1 if one.operation in CASH_IN else -1) * one.paid(PaymentType.CASH) for one in shift.tickets)
        + sum(
            (1 if one.operation == PlacementKind.DEPOSIT else -1) * (one.sum or 0) for one in shift.placements
        )
        for shift in shifts
    )


def _non_nullable(shifts: Iterable[_Shift]) -> Sums:
    """ZR-15."""
    tickets = [ticket for shift in shifts for ticket in shift.tickets]
    return _kept(
        ((tally.NON_NULLABLE, kind), sum(one.total or 0 for one in tickets if one.operation == kind))
        for kind in Operation
    )


def _totals(shifts: Sequence[_Shift]) -> Sums:
    made = [ticket for shift in shifts for ticket in (*shift.tickets, *shift.cancelled)]
    moved = [placement for shift in shifts for placement in shift.placements]
    return _kept(
        (
            *(((tally.TICKETS_TOTAL, kind), _count(made, kind)) for kind in Operation),
            *(((tally.PLACEMENTS_TOTAL, kind), _count(moved, kind)) for kind in PlacementKind),
            *_non_nullable(shifts).items(),
        )
    )


def _shift_sums(shift: _Shift) -> Sums:
    found: list[tuple[Key, int]] = []
    for operation in Operation:
        tickets = [ticket for ticket in shift.tickets if ticket.operation == operation]
        found += _ticket_sums(operation, tickets)
        found += _item_sums(operation, tickets)
        found += _tax_sums(operation, tickets)
    for kind in PlacementKind:
        moved = [placement for placement in shift.placements if placement.operation == kind]
        found += [
            ((tally.PLACEMENT_COUNT, kind), len(moved)),
            ((tally.PLACEMENT_SUM, kind), sum(one.sum or 0 for one in moved)),
            ((tally.PLACEMENT_OFFLINE, kind), sum(one.is_offline for one in moved)),
        ]
    return _kept(found)


def _ticket_sums(operation: int, tickets: Sequence[Ticket]) -> Iterator[tuple[Key, int]]:
    """ZR-10."""
    yield (tally.TICKET_COUNT, operation), len(tickets)
    yield (tally.TICKET_SUM, operation), sum(one.total or 0 for one in tickets)
    yield (tally.TICKET_OFFLINE, operation), sum(one.is_offline for one in tickets)
    yield (tally.TICKET_DISCOUNT, operation), sum(one.discount.sum or 0 for one in tickets if one.discount)
    yield (tally.TICKET_MARKUP, operation), sum(one.markup.sum or 0 for one in tickets if one.markup)
    yield (tally.TICKET_CHANGE, operation), sum(one.change or 0 for one in tickets)
    for kind in PaymentType:
        paid = [payment for one in tickets for payment in one.payments if payment.type == kind]
        yield (tally.PAYMENT_COUNT, operation, kind), len(paid)
        yield (tally.PAYMENT_SUM, operation, kind), sum(payment.sum or 0 for payment in paid)


def _item_sums(operation: int, tickets: Sequence[Ticket]) -> Iterator[tuple[Key, int]]:
    """ZR-03, ZR-05, ZR-06."""
    lines = [item for one in tickets for item in one.items if isinstance(item, Line)]
    for section in {line.section for line in lines}:
        plain, storno = (
            [line.sum or 0 for line in lines if line.section == section and line.type == kind]
            for kind in (ItemType.COMMODITY, ItemType.STORNO_COMMODITY)
        )
        yield (tally.SECTION_COUNT, operation, section), len(plain)
        yield (tally.SECTION_SUM, operation, section), sum(plain) - sum(storno)
    modifiers = [item for one in tickets for item in one.items if isinstance(item, Modifier)]
    for count_key, sum_key, kind, storno_kind, whole in (
        (
            tally.DISCOUNT_COUNT,
            tally.DISCOUNT_SUM,
            ItemType.DISCOUNT,
            ItemType.STORNO_DISCOUNT,
            [one.discount for one in tickets if one.discount is not None],
        ),
        (
            tally.MARKUP_COUNT,
            tally.MARKUP_SUM,
            ItemType.MARKUP,
            ItemType.STORNO_MARKUP,
            [one.markup for one in tickets if one.markup is not None],
        ),
    ):
        given = [*whole, *(item for item in modifiers if item.type == kind)]
        taken_back = sum(item.sum or 0 for item in modifiers if item.type == storno_kind)
        yield (count_key, operation), len(given)
        yield (sum_key, operation), sum(item.sum or 0 for item in given) - taken_back


def _tax_sums(operation: int, tickets: Sequence[Ticket]) -> Iterator[tuple[Key, int]]:
    """ZR-08."""
    entries = [entry for ticket in tickets for entry in _taxed(ticket)]
    for tax_type, percent in {(tax.tax_type or 0, tax.percent or 0) for _, _, tax in entries}:
        of_kind = [
            (sign, turnover, tax.sum or 0)
            for sign, turnover, tax in entries
            if (tax.tax_type or 0, tax.percent or 0) == (tax_type, percent)
        ]
        by = (operation, tax_type, percent)
        yield (tally.TURNOVER, *by), sum(sign * turnover for sign, turnover, _ in of_kind)
        yield (tally.TAX, *by), sum(sign * total for sign, _, total in of_kind)


def _taxed(ticket: Ticket) -> Iterator[tuple[int, int, TaxEntry]]:
    """Every tax entry of a ticket with its sign and the sum it stands on."""
    for item in ticket.items:
        if isinstance(item, Line | Modifier):
            adds = item.type in (ItemType.COMMODITY, ItemType.MARKUP, ItemType.STORNO_DISCOUNT)
            yield from ((1 if adds else -1, item.sum or 0, tax) for tax in item.taxes)
    if ticket.markup is not None:
        yield from ((1, ticket.markup.sum or 0, tax) for tax in ticket.markup.taxes)
    if ticket.discount is not None:
        yield from ((-1, ticket.discount.sum or 0, tax) for tax in ticket.discount.taxes)
    yield from ((1, ticket.total or 0, tax) for tax in ticket.taxes)


def _count(documents: Iterable[Ticket | MoneyPlacement], kind: int) -> int:
    return sum(1 for document in documents if document.operation == kind)


def _kept(sums: Iterable[tuple[Key, int]]) -> Sums:
    return {key: value for key, value in sums if value}
