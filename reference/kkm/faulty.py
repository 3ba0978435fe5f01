"""The ways a register can be wrong, as functions from rules to rules; defects.py names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from reference.kkm.memory import Memory, Packet
from reference.kkm.rules import Period, Rules
from reference.protocol.kz import tally
from reference.protocol.kz.client import Action, Event, Facts, Mode, Transition
from reference.protocol.kz.documents import CloseShift, Document
from reference.protocol.kz.kinds import ItemType
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import Line, TaxEntry, Ticket

Change = Callable[[Rules], Rules]
"""What a mistake does to the correct rules."""

EARLY_HOURS: Final = 71
LAST_BUT_ONE: Final = 65534

# --- token and REQNUM -------------------------------------------------------------------------------------


def token_not_stored(rules: Rules) -> Rules:
    """The token that was typed in is used for ever."""
    return replace(rules, take_token=lambda held, _answered, _code: held)


def token_of_refusals_ignored(rules: Rules) -> Rules:
    """Only good answers bring a token."""

    def take(held: int, answered: int, code: int) -> int:
        return rules.take_token(held, answered, code) if code == 0 else held

    return replace(rules, take_token=take)


def token_zero_taken(rules: Rules) -> Rules:
    """TOKEN 0 of an answer is a token too."""
    return replace(rules, take_token=lambda _held, answered, _code: answered)


def reqnum_kept(rules: Rules) -> Rules:
    """The number only moves on while it is 0."""
    return replace(rules, next_reqnum=lambda last, _wrap: last or 1)


def reqnum_wraps_early(rules: Rules) -> Rules:
    """The counter starts again after 65534."""

    def following(last: int, wrap: int) -> int:
        return wrap if last >= LAST_BUT_ONE else rules.next_reqnum(last, wrap)

    return replace(rules, next_reqnum=following)


def new_number_on_repeat(rules: Rules) -> Rules:
    """A packet without an answer leaves again under the next REQNUM."""

    def repeated(memory: Memory, following: Callable[[int], int]) -> Memory:
        number = following(memory.reqnum)
        packet = memory.in_flight
        if packet is None:
            return memory
        return replace(memory, reqnum=number, in_flight=replace(packet, reqnum=number))

    return replace(rules, repeated=repeated)


def ping_before_in_flight(rules: Rules) -> Rules:
    """Every attempt begins with SYSTEM, a lost answer or not."""
    return replace(rules, pings=lambda _memory: True)


# --- the queue --------------------------------------------------------------------------------------------


def queue_out_of_order(rules: Rules) -> Rules:
    """The newest message leaves first."""
    return replace(rules, next_queued=lambda queue: len(queue) - 1)


def queue_lost_on_restart(rules: Rules) -> Rules:
    """The queue lives in working memory only."""
    return replace(rules, remembered=lambda memory: replace(rules.remembered(memory), queue=()))


def reqnum_lost_on_restart(rules: Rules) -> Rules:
    """REQNUM begins at 0 after every loss of power."""
    return replace(rules, remembered=lambda memory: replace(rules.remembered(memory), reqnum=0))


def in_flight_dropped(rules: Rules) -> Rules:
    """What was being sent when the line broke is forgotten."""

    def kept(_packet: Packet) -> Packet | None:
        return None

    return replace(rules, kept_in_flight=kept)


def queue_skips_refused(rules: Rules) -> Rules:
    """A refused message is thrown away and the next one sent."""

    def step(mode: Mode, event: Event, facts: Facts) -> Transition | None:
        row = rules.step(mode, event, facts)
        if row is None or row.next is not Mode.QUEUE_BLOCKED:
            return row
        actions = (Action.DROP, Action.SEND_NEXT)
        if facts.queue_empty:
            return Transition(row.id, mode, event, Mode.ONLINE, (Action.DROP, Action.SEND_INFO))
        return Transition(row.id, mode, event, mode, actions)

    return replace(rules, step=step)


def offline_number_missing(rules: Rules) -> Rules:
    """An offline ticket leaves without its own number."""

    def number(_ticket: Any, _number: int) -> None:
        return None

    return replace(rules, number_offline=number)


def autonomous_sign_reused(rules: Rules) -> Rules:
    """All offline tickets of a date bear the number of the first."""

    def number(memory: Memory, now: datetime, unix_seconds: int) -> int:
        if memory.autonomous is not None and memory.autonomous[0] == now.date():
            return memory.autonomous[1]
        return rules.offline_number(memory, now, unix_seconds)

    return replace(rules, offline_number=number)


def offline_flag_missing(rules: Rules) -> Rules:
    """Queued money, reports and closings leave without is_offline."""

    def marked(document: Document) -> Document:
        return document

    return replace(rules, marked_offline=marked)


def offline_period_missing(rules: Rules) -> Rules:
    """No request says when the register was offline."""

    def period(_now: Period, _made: datetime) -> Period | None:
        return None

    return replace(rules, period=period)


def end_time_not_refreshed(rules: Rules) -> Rules:
    """The period ends for ever with the document itself."""

    def period(now: Period, made: datetime) -> Period | None:
        return rules.period(Period(now.begin, max(now.begin, min(made, now.end))), made)

    return replace(rules, period=period)


# --- modes and limits -------------------------------------------------------------------------------------


def offline_limit_early(rules: Rules) -> Rules:
    """Work stops an hour before the 72 are over."""

    def expired(elapsed: timedelta, hours: float, inclusive: bool) -> bool:
        return rules.offline_expired(elapsed, hours * EARLY_HOURS / 72, inclusive)

    return replace(rules, offline_expired=expired)


def offline_limit_inclusive(rules: Rules) -> Rules:
    """Work stops at exactly 72 hours."""
    return replace(
        rules, offline_expired=lambda elapsed, hours, _inclusive: rules.offline_expired(elapsed, hours, True)
    )


def offline_limit_ignored(rules: Rules) -> Rules:
    """The register works offline for ever."""
    return replace(rules, offline_expired=lambda _elapsed, _hours, _inclusive: False)


def _queues_in(rules: Rules, wrong: Mode) -> Rules:
    def step(mode: Mode, event: Event, facts: Facts) -> Transition | None:
        row = rules.step(mode, event, facts)
        if mode is wrong and event is Event.DOCUMENT_ASKED:
            return Transition("MD-01", mode, event, mode, (Action.QUEUE,))
        return row

    return replace(rules, step=step)


def sells_when_server_blocked(rules: Rules) -> Rules:
    """A blocked register sells on and queues."""
    return _queues_in(rules, Mode.SERVER_BLOCKED)


def sells_with_invalid_token(rules: Rules) -> Rules:
    """A register with a wrong token sells on and queues."""
    return _queues_in(rules, Mode.TOKEN_INVALID)


def sells_when_queue_blocked(rules: Rules) -> Rules:
    """A register whose queue was refused sells on and queues."""
    return _queues_in(rules, Mode.QUEUE_BLOCKED)


def shift_limit_ignored(rules: Rules) -> Rules:
    """Tickets are made in a shift of any age."""
    return replace(rules, shift_expired=lambda _counters, _now, _hours: False)


# --- money ------------------------------------------------------------------------------------------------


def withdraws_more_than_drawer(rules: Rules) -> Rules:
    """Offline nobody looks into the drawer."""
    return replace(rules, cash_short=lambda _document, _counters: False)


def vat_before_discount(rules: Rules) -> Rules:
    """A line's VAT is that of its price, whatever the discount."""

    def taxes(_total: int, _taxes: tuple[TaxEntry, ...]) -> tuple[TaxEntry, ...]:
        return ()

    return replace(rules, modifier_taxes=taxes)


def change_in_cash(rules: Rules) -> Rules:
    """The CASH payment is all the money that was handed over."""
    return replace(rules, cash_payment=lambda _paid, taken: taken)


def _booking(
    rules: Rules, change: Callable[[DeviceCounters, DeviceCounters, Document], DeviceCounters]
) -> Rules:
    def book(counters: DeviceCounters, document: Document) -> DeviceCounters:
        return change(counters, rules.book(counters, document), document)

    return replace(rules, book=book)


def storno_counted(rules: Rules) -> Rules:
    """A storno is one more position."""

    def change(_before: DeviceCounters, after: DeviceCounters, document: Document) -> DeviceCounters:
        if not isinstance(document, Ticket) or after.shift is None:
            return after
        sums = dict(after.shift.sums)
        for item in document.items:
            if isinstance(item, Line) and item.type == ItemType.STORNO_COMMODITY:
                key = (tally.SECTION_COUNT, document.operation or 0, item.section)
                sums[key] = sums.get(key, 0) + 1
        return replace(after, shift=replace(after.shift, sums=sums))

    return _booking(rules, change)


def non_nullable_reset(rules: Rules) -> Rules:
    """The non-nullable sums begin anew with every shift."""

    def change(_before: DeviceCounters, after: DeviceCounters, document: Document) -> DeviceCounters:
        if not isinstance(document, CloseShift):
            return after
        kept = {key: value for key, value in after.totals.items() if key[0] != tally.NON_NULLABLE}
        return replace(after, totals=kept)

    def take(counters: DeviceCounters, kind: int, report: ReportData) -> DeviceCounters:
        return replace(rules.take_over(counters, kind, report), totals=counters.totals)

    return replace(_booking(rules, change), take_over=take)


def z_number_skipped(rules: Rules) -> Rules:
    """Every closing counts as two."""

    def change(_before: DeviceCounters, after: DeviceCounters, document: Document) -> DeviceCounters:
        return replace(after, last_shift=after.last_shift + 1) if isinstance(document, CloseShift) else after

    def take(counters: DeviceCounters, kind: int, report: ReportData) -> DeviceCounters:
        taken = rules.take_over(counters, kind, report)
        return replace(taken, last_shift=max(taken.last_shift, counters.last_shift))

    return replace(_booking(rules, change), take_over=take)


def counters_not_taken_over(rules: Rules) -> Rules:
    """What the operator says of the counters is not read."""
    return replace(rules, take_over=lambda counters, _kind, _report: counters)


def counters_taken_over_early(rules: Rules) -> Rules:
    """INFO's counters are taken although documents wait for delivery."""
    return replace(rules, may_take_over=lambda _memory: True)
