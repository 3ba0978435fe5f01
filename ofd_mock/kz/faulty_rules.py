"""The ways a Kazakh operator can be wrong, as functions from rules to rules; defects.py names them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ofd_mock.kz.faulty_counting import answering
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.values import Outcome
from reference.protocol.kz.dialects import Command, dialect_for, fallback_dialect
from reference.protocol.kz.documents import Document
from reference.protocol.kz.envelope import encode_response, new_response
from reference.protocol.kz.exchange import Action, Decision, DeviceExchange
from reference.protocol.kz.results import ResultCode
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
        return answering(done, _next_sign)

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
        return answering(done, lambda message: message.result.ClearField("result_text"))

    return replace(rules, finish=finish)


def command_zero(rules: Rules) -> Rules:
    """Who is refused need not know what."""

    def finish(outcome: Outcome) -> Outcome:
        done = rules.finish(outcome)
        return answering(replace(done, command=0), lambda _message: None) if done.code > 0 else done

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


def _next_sign(message: Any) -> None:
    message.ticket.ticket_number = str(int(message.ticket.ticket_number) + 1)
