"""The register's decisions, each a function that a deliberate mistake can stand in for.

What the protocol's own modules decide is only named here; the rest is small enough to be seen at once. The
code that sends, stores and prints asks these and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reference.kkm import booking
from reference.kkm.memory import Memory, Packet
from reference.protocol.kz import client
from reference.protocol.kz.client import Event, Facts, Mode, Transition
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk
from reference.protocol.kz.exchange import MAX_TOKEN
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import percent_tax
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.signs import autonomous_number
from reference.protocol.kz.takeover import take_over
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import TaxEntry


class Period(NamedTuple):
    """An offline period, local times."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a register decides; `correct_rules` has the right ones."""

    take_token: Callable[[int, int, int], int]
    next_reqnum: Callable[[int, int], int]
    repeated: Callable[[Memory, Callable[[int], int]], Memory]
    step: Callable[[Mode, Event, Facts], Transition | None]
    next_queued: Callable[[tuple[Packet, ...]], int]
    remembered: Callable[[Memory], Memory]
    kept_in_flight: Callable[[Packet], Packet | None]
    pings: Callable[[Memory], bool]
    offline_expired: Callable[[timedelta, float, bool], bool]
    shift_expired: Callable[[DeviceCounters, datetime, float], bool]
    cash_short: Callable[[Document, DeviceCounters], bool]
    book: Callable[[DeviceCounters, Document], DeviceCounters]
    modifier_taxes: Callable[[int, tuple[TaxEntry, ...]], tuple[TaxEntry, ...]]
    cash_payment: Callable[[int, int], int]
    marked_offline: Callable[[Document], Document]
    number_offline: Callable[[Any, int], None]
    offline_number: Callable[[Memory, datetime, int], int]
    period: Callable[[Period, datetime], Period | None]
    may_take_over: Callable[[Memory], bool]
    take_over: Callable[[DeviceCounters, int, ReportData], DeviceCounters]


def take_token(held: int, answered: int, _code: int) -> int:
    """Return the token to come with next: the answer's, a refusal's too; 0 is none (kz-ofd TK-1, RG-02)."""
    return answered if 0 < answered <= MAX_TOKEN else held


def repeated(memory: Memory, _next_reqnum: Callable[[int], int]) -> Memory:
    """Return the memory before a packet is repeated: the pair stays (kz-ofd TK-2)."""
    return memory


def next_queued(_queue: tuple[Packet, ...]) -> int:
    """Return which queued message leaves next: the oldest (kz-ofd OQ-4)."""
    return 0


def remembered(memory: Memory) -> Memory:
    """Return what a loss of power leaves: everything (kz-ofd OQ-14)."""
    return memory


def kept_in_flight(packet: Packet) -> Packet | None:
    """Return what is kept of a packet without an answer: that very packet (kz-ofd OQ-3)."""
    return packet


def pings(memory: Memory) -> bool:
    """Whether SYSTEM opens an attempt: only if nothing is in flight (kz-ofd OQ-3, TP-1)."""
    return memory.in_flight is None


def offline_expired(elapsed: timedelta, hours: float, inclusive: bool) -> bool:
    """Whether an offline spell is too long (kz-ofd H72-03)."""
    return client.offline_expired(elapsed, hours, inclusive=inclusive)


def modifier_taxes(total: int, taxes: tuple[TaxEntry, ...]) -> tuple[TaxEntry, ...]:
    """Return the taxes inside a discount or markup of a taxed line, in tiyn of its own sum (kz-ofd ZR-08)."""
    return tuple(
        replace(tax, sum=percent_tax(total, tax.percent or 0, inside=tax.inside is not False))
        for tax in taxes
    )


def cash_payment(paid: int, _taken: int) -> int:
    """Return the CASH payment's sum: net of change (kz-ofd §10.1)."""
    return paid


def marked_offline(document: Document) -> Document:
    """Return a queued document with is_offline; a ticket gets its number instead (kz-ofd OQ-6)."""
    if isinstance(document, (MoneyPlacement, CloseShift, ReportAsk)):
        return replace(document, is_offline=True)
    return document


def number_offline(ticket: Any, number: int) -> None:
    """Write a ticket's offline number into its message (kz-ofd OQ-2, OQ-6)."""
    ticket.offline_ticket_number = number


def offline_number(memory: Memory, now: datetime, unix_seconds: int) -> int:
    """Return the number of an offline ticket: unixtime, +1 until unused on that date (kz-ofd §13.2)."""
    if memory.autonomous is None or memory.autonomous[0] != now.date():
        return autonomous_number(unix_seconds, ())
    return autonomous_number(unix_seconds, range(memory.autonomous[1] + 1))


def period(now: Period, _document_time: datetime) -> Period | None:
    """Return the offline period of a request; its end is refreshed before every attempt (kz-ofd OQ-3)."""
    return now


def may_take_over(memory: Memory) -> bool:
    """Whether INFO's counters may be taken: while nothing waits for delivery (kz-ofd §3.3, OQ-13)."""
    return not memory.pending


def taken_over(counters: DeviceCounters, kind: int, report: ReportData) -> DeviceCounters:
    """Return the counters after INFO or a Z (kz-ofd §3.3, OQ-10).

    1.2.4 has no close_shift_time: there a shift that the register itself knows to be closed is taken for it.
    """
    if kind == ReportKind.Z and report.closed is None and counters.last_shift >= report.shift_number > 0:
        report = replace(report, closed=report.time)
    return take_over(counters, kind, report)


def correct_rules() -> Rules:
    """Return the rules as kz-ofd has them."""
    return Rules(
        take_token=take_token,
        next_reqnum=client.next_reqnum,
        repeated=repeated,
        step=client.step,
        next_queued=next_queued,
        remembered=remembered,
        kept_in_flight=kept_in_flight,
        pings=pings,
        offline_expired=offline_expired,
        shift_expired=booking.shift_expired,
        cash_short=booking.cash_short,
        book=booking.book,
        modifier_taxes=modifier_taxes,
        cash_payment=cash_payment,
        marked_offline=marked_offline,
        number_offline=number_offline,
        offline_number=offline_number,
        period=period,
        may_take_over=may_take_over,
        take_over=taken_over,
    )
