"""Mistakes in counting and in reports, as functions from rules to rules; defects.py names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ofd_mock.kz.booking import Booked, Booking, NoRoomError
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.values import Outcome, Surroundings
from reference.protocol.kz import tally
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement
from reference.protocol.kz.envelope import encode_response, read_response
from reference.protocol.kz.kinds import ItemType, Operation
from reference.protocol.kz.money import TIYN
from reference.protocol.kz.tally import DeviceCounters, ShiftCounters, Sums
from reference.protocol.kz.tickets import Line, Ticket


def answering(outcome: Outcome, change: Callable[[Any], None]) -> Outcome:
    """The outcome with another answer on the wire; what is kept for the repeat stays."""
    if outcome.body is None:
        return outcome
    dialect = dialect_for(outcome.header.version) or fallback_dialect()
    message = read_response(dialect, outcome.body).message
    change(message)
    return replace(outcome, body=encode_response(outcome.command, message))


def _booking(rules: Rules, change: Callable[[Booking, Booked], DeviceCounters]) -> Rules:
    """Change the counters after every booking; a Z is built anew from what they were."""

    def book(booking: Booking, response: Any, around: Surroundings) -> Booked:
        booked = rules.book(booking, response, around)
        return replace(booked, device=replace(booked.device, counters=change(booking, booked)))

    return replace(rules, book=book)


def _documents(rules: Rules, change: Callable[[Document], Document]) -> Rules:
    """Count something else than what was sent."""

    def book(booking: Booking, response: Any, around: Surroundings) -> Booked:
        document = None if booking.document is None else change(booking.document)
        return rules.book(replace(booking, document=document), response, around)

    return replace(rules, book=book)


def _shift_sums(counters: DeviceCounters, change: Callable[[Sums], Sums]) -> DeviceCounters:
    shift = counters.shift
    if shift is None:
        return counters
    return replace(
        counters, shift=ShiftCounters(shift.number, shift.opened, shift.start, change(dict(shift.sums)))
    )


def storno_counted(rules: Rules) -> Rules:
    """A storno is one more position."""

    def change(booking: Booking, booked: Booked) -> DeviceCounters:
        ticket = booking.document
        counters = booked.device.counters
        if not isinstance(ticket, Ticket):
            return counters
        lines = [
            one for one in ticket.items if isinstance(one, Line) and one.type == ItemType.STORNO_COMMODITY
        ]

        def add(sums: Sums) -> Sums:
            for line in lines:
                key = (tally.SECTION_COUNT, int(ticket.operation or 0), line.section)
                sums[key] = sums.get(key, 0) + 1
            return sums

        return _shift_sums(counters, add)

    return _booking(rules, change)


def _reports(rules: Rules, change: Callable[[Any], None]) -> Rules:
    """Change the report part of every answer that has one."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        return answering(done, lambda message: change(message) if message.HasField("report") else None)

    return replace(rules, finish=finish)


def buy_in_revenue(rules: Rules) -> Rules:
    """Whatever is bought is revenue too (against TP-9)."""

    def change(message: Any) -> None:
        report = message.report.zx_report
        bought = sum(
            row.tickets_sum.bills * TIYN + row.tickets_sum.coins
            for row in report.ticket_operations
            if row.operation == Operation.BUY
        )
        old = report.revenue.sum.bills * TIYN + report.revenue.sum.coins
        new = (-old if report.revenue.is_negative else old) + 2 * bought
        report.revenue.sum.bills, report.revenue.sum.coins = divmod(abs(new), TIYN)
        report.revenue.is_negative = new < 0

    return _reports(rules, change)


def non_nullable_reset(rules: Rules) -> Rules:
    """The sums that never reset are reset by a Z."""

    def change(booking: Booking, booked: Booked) -> DeviceCounters:
        counters = booked.device.counters
        if not isinstance(booking.document, CloseShift):
            return counters
        kept = {key: value for key, value in counters.totals.items() if key[0] != tally.NON_NULLABLE}
        return replace(counters, totals=kept)

    return _booking(rules, change)


def offline_count_forgotten(rules: Rules) -> Rules:
    """Tickets made offline are counted as any others."""

    def change(_booking: Booking, booked: Booked) -> DeviceCounters:
        return _shift_sums(
            booked.device.counters,
            lambda sums: {key: value for key, value in sums.items() if key[0] != tally.TICKET_OFFLINE},
        )

    return _booking(rules, change)


def change_forgotten(rules: Rules) -> Rules:
    """change_sum stays 0."""

    def change(_booking: Booking, booked: Booked) -> DeviceCounters:
        return _shift_sums(
            booked.device.counters,
            lambda sums: {key: value for key, value in sums.items() if key[0] != tally.TICKET_CHANGE},
        )

    return _booking(rules, change)


def coins_lost(rules: Rules) -> Rules:
    """Totals and payments are cut to whole tenge before they are counted."""

    def whole(tiyn: int | None) -> int | None:
        return None if tiyn is None else tiyn - tiyn % TIYN

    def change(document: Document) -> Document:
        if isinstance(document, Ticket):
            payments = tuple(replace(one, sum=whole(one.sum)) for one in document.payments)
            return replace(document, total=whole(document.total), payments=payments)
        if isinstance(document, MoneyPlacement):
            return replace(document, sum=whole(document.sum))
        return document

    return _documents(rules, change)


def cash_reset(rules: Rules) -> Rules:
    """Every shift begins with an empty drawer."""

    def change(booking: Booking, booked: Booked) -> DeviceCounters:
        counters = booked.device.counters
        return replace(counters, cash=0) if isinstance(booking.document, CloseShift) else counters

    return _booking(rules, change)


def shift_not_counted(rules: Rules) -> Rules:
    """The next shift has the number of the one that was closed."""

    def change(booking: Booking, booked: Booked) -> DeviceCounters:
        counters = booked.device.counters
        if not isinstance(booking.document, CloseShift):
            return counters
        return replace(counters, last_shift=counters.last_shift - 1)

    return _booking(rules, change)


def sums_overflow(rules: Rules) -> Rules:
    """Cash that no report can hold is taken, and not counted."""

    def book(booking: Booking, response: Any, around: Surroundings) -> Booked:
        try:
            return rules.book(booking, response, around)
        except NoRoomError:
            if not isinstance(booking.document, MoneyPlacement):
                raise
            none = replace(booking.document, sum=0)
            return rules.book(replace(booking, document=none), response, around)

    return replace(rules, book=book)
