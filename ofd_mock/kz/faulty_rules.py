"""The ways a Kazakh operator can be wrong, as functions from rules to rules; defects.py names them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ofd_mock.kz.booking import Booked, Booking
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.values import Outcome, Surroundings
from reference.protocol.kz import tally
from reference.protocol.kz.dialects import Command, dialect_for, fallback_dialect
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement
from reference.protocol.kz.envelope import encode_response, new_response, read_response
from reference.protocol.kz.exchange import Action, Decision, DeviceExchange
from reference.protocol.kz.kinds import ItemType, Operation
from reference.protocol.kz.money import TIYN
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.tally import DeviceCounters, ShiftCounters, Sums
from reference.protocol.kz.tickets import Line, Ticket
from reference.protocol.kz.validation import Context, Finding

Change = Callable[[Rules], Rules]
"""What a mistake does to the correct rules."""

OTHER_DEVICE_EVERY: Final = 8

# --- token and REQNUM -------------------------------------------------------------------------------------


def refusal_issues_token(rules: Rules) -> Rules:
    """Hand the key to whoever knows the ID (against TP-4)."""
    return replace(rules, refused_token=lambda _token, exchange: exchange.issued)


def _deciding(rules: Rules, change: Callable[[Decision, DeviceExchange, int, int], Decision]) -> Rules:
    def decide(exchange: DeviceExchange, token: int, reqnum: int, command: int, *more: Any) -> Decision:
        return change(rules.decide(exchange, token, reqnum, command, *more), exchange, token, command)

    return replace(rules, decide=decide)


def repeat_counted(rules: Rules) -> Rules:
    """A repeat is a document like any other."""

    def change(decision: Decision, exchange: DeviceExchange, _token: int, _command: int) -> Decision:
        if decision.action is not Action.STORED:
            return decision
        return Decision("D6", Action.CHECK, exchange.issued, counted=True, refused_row="D5")

    return _deciding(rules, change)


def repeat_refused(rules: Rules) -> Rules:
    """Only the issued token counts, repeats included."""

    def change(decision: Decision, _exchange: DeviceExchange, token: int, _command: int) -> Decision:
        if decision.action is not Action.STORED:
            return decision
        return Decision("D4", Action.REFUSE, token, ResultCode.INVALID_TOKEN)

    return _deciding(rules, change)


def repeat_new_sign(rules: Rules) -> Rules:
    """A repeated ticket gets another number in the answer."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        if done.row != "D1" or done.command != Command.TICKET:
            return done
        return _answering(done, _next_sign)

    return replace(rules, finish=finish)


def repeat_by_body(rules: Rules) -> Rules:
    """A repeat with an offline period is no repeat: its pair is refused (against TP-2)."""

    def settle(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        if done.row != "D1" or done.second_name is None:
            return done
        return _refused(done, ResultCode.INVALID_RETRY_REQUEST)

    return replace(rules, finish=settle)


def reqnum_history(rules: Rules) -> Rules:
    """Every REQNUM may come once only, as if they never wrapped."""
    seen: set[tuple[int, int]] = set()

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        pair = (done.header.id, done.header.reqnum)
        if done.row != "D6" or done.code != ResultCode.OK:
            return done
        if pair in seen:
            return _refused(done, ResultCode.INVALID_REQUEST_NUMBER)
        seen.add(pair)
        return done

    return replace(rules, finish=finish)


def refusal_uses_reqnum(rules: Rules) -> Rules:
    """After a refusal the corrected document must not reuse its number."""
    used: set[tuple[int, int, int]] = set()

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        key = (done.header.id, done.header.token, done.header.reqnum)
        if done.row == "D5":
            used.add(key)
        elif done.row == "D6" and key in used:
            return _refused(done, ResultCode.INVALID_REQUEST_NUMBER)
        return done

    return replace(rules, finish=finish)


def retry_command_ignored(rules: Rules) -> Rules:
    """The old pair gets the stored answer whatever it asks."""

    def change(decision: Decision, exchange: DeviceExchange, _token: int, _command: int) -> Decision:
        if decision.row != "D2":
            return decision
        return Decision("D1", Action.STORED, exchange.issued)

    return _deciding(rules, change)


def token_zero_served(rules: Rules) -> Rules:
    """TOKEN 0 means "I have none": served."""

    def decide(exchange: DeviceExchange, token: int, reqnum: int, command: int, *more: Any) -> Decision:
        return rules.decide(exchange, token or exchange.issued, reqnum, command, *more)

    return replace(rules, decide=decide)


def service_rotates(rules: Rules) -> Rules:
    """The answer to SYSTEM brings a token nobody knows."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        if done.command != Command.SYSTEM or done.code != ResultCode.OK:
            return done
        return replace(done, token=done.token ^ 1)

    return replace(rules, finish=finish)


# --- counters ---------------------------------------------------------------------------------------------


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
        return _answering(done, lambda message: change(message) if message.HasField("report") else None)

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


# --- checks -----------------------------------------------------------------------------------------------


def limit_at_24(rules: Rules) -> Rules:
    """24 hours are over at 24 hours (against TP-14)."""
    return replace(rules, switches=replace(rules.switches, shift_limit_inclusive=True))


def limit_for_resent(rules: Rules) -> Rules:
    """What was made offline is late, too."""

    def late(command: int, context: Context, *more: Any) -> Finding | None:
        return rules.shift_finding(command, replace(context, resent=False), *more)

    return replace(rules, shift_finding=late)


def limit_ignored(rules: Rules) -> Rules:
    """There is no code 11."""
    return replace(rules, shift_finding=lambda *_: None)


def cash_at_equal(rules: Rules) -> Rules:
    """One tiyn must stay in the drawer."""

    def short(document: Document, context: Context, *more: Any) -> Finding | None:
        less = replace(context.counters, cash=context.counters.cash - 1)
        return rules.cash_finding(document, replace(context, counters=less), *more)

    return replace(rules, cash_finding=short)


def _without(rules: Rules, *ids: str) -> Rules:
    def validate(*arguments: Any) -> Sequence[Finding]:
        return [finding for finding in rules.validate(*arguments) if finding.id not in ids]

    return replace(rules, validate=validate)


def total_unchecked(rules: Rules) -> Rules:
    """A total need not be the sum of anything."""
    return _without(rules, "T13", "T18", "T19")


def customer_unchecked(rules: Rules) -> Rules:
    """There is no code 17."""
    return _without(rules, "T22")


def block_ignored(rules: Rules) -> Rules:
    """States are for the portal only."""
    return replace(rules, state_refusal=lambda *_: None)


# --- answers ----------------------------------------------------------------------------------------------


def text_missing(rules: Rules) -> Rules:
    """Refusals are numbers only."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        if done.code <= ResultCode.OK:
            return done
        return _answering(done, lambda message: message.result.ClearField("result_text"))

    return replace(rules, finish=finish)


def command_zero(rules: Rules) -> Rules:
    """Who is refused need not know what."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        return _answering(replace(done, command=0), lambda _message: None) if done.code > 0 else done

    return replace(rules, finish=finish)


def other_device_answer(rules: Rules) -> Rules:
    """Answers get mixed up now and then."""
    count = itertools.count(1)

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        if next(count) % OTHER_DEVICE_EVERY:
            return done
        return replace(done, answered_id=done.header.id + 1)

    return replace(rules, finish=finish)


def ack_before_commit(rules: Rules) -> Rules:
    """A kill loses what was answered."""
    return replace(rules, durable=False)


def _refused(outcome: Outcome, code: ResultCode) -> Outcome:
    """The same request refused: nothing is stored."""
    header = outcome.header
    dialect = dialect_for(header.version) or fallback_dialect()
    body = encode_response(outcome.command, new_response(dialect, code))
    return Outcome(header, outcome.command, code, outcome.row, header.token, body)


def _answering(outcome: Outcome, change: Callable[[Any], None]) -> Outcome:
    """The outcome with another answer on the wire; what is kept for the repeat stays."""
    if outcome.body is None:
        return outcome
    dialect = dialect_for(outcome.header.version) or fallback_dialect()
    message = read_response(dialect, outcome.body).message
    change(message)
    return replace(outcome, body=encode_response(outcome.command, message))


def _next_sign(message: Any) -> None:
    message.ticket.ticket_number = str(int(message.ticket.ticket_number) + 1)
