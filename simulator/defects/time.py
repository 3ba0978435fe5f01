"""Mistakes with time: the 2 days, the last operation, the oldest receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from simulator import changes
from simulator.actions import Outcome, acknowledge, sync
from simulator.check import Question, altered, without
from simulator.checks_fiscal import TWO_DAYS
from simulator.defects.defect import defect
from simulator.effects import receipt_acknowledged
from simulator.request import Request
from simulator.rulebook import FISCAL_COMMANDS, RuleBook
from simulator.state import State

SECOND: Final = timedelta(seconds=1)


def ask_otherwise(book: RuleBook, clause: str, question: Question) -> RuleBook:
    """The book with another question for a clause of open, close and register."""
    rows = {name: altered(book.checks[name], clause, question) for name in FISCAL_COMMANDS}
    return replace(book, checks={**book.checks, **rows})


def ask_no_more(book: RuleBook, clause: str) -> RuleBook:
    """The book without a clause of open, close and register."""
    rows = {name: without(book.checks[name], clause) for name in FISCAL_COMMANDS}
    return replace(book, checks={**book.checks, **rows})


@defect("FM-T-03")
def equal_time_accepted(book: RuleBook) -> RuleBook:
    """Takes an operation in the same second as the last one."""
    return ask_otherwise(book, "FM-T-03", lambda request: request.time < request.state.last_operation)


@defect("FM-T-04")
def far_future_early(book: RuleBook) -> RuleBook:
    """Refuses an operation exactly 2 days after the last one."""
    return ask_otherwise(
        book, "FM-T-04", lambda request: request.time - request.state.last_operation >= TWO_DAYS
    )


@defect("FM-T-04")
def far_future_accepted(book: RuleBook) -> RuleBook:
    """Takes an operation any time ahead of the last one."""
    return ask_no_more(book, "FM-T-04")


def _waited(request: Request) -> timedelta:
    oldest = request.state.first_unacknowledged
    return timedelta() if oldest is None else request.time - oldest


@defect("FM-T-05")
def offline_limit_early(book: RuleBook) -> RuleBook:
    """Asks to send receipts one second before 2 days are over."""
    return ask_otherwise(book, "FM-T-05", lambda request: _waited(request) >= TWO_DAYS - SECOND)


@defect("FM-T-05")
def offline_limit_late(book: RuleBook) -> RuleBook:
    """Still sells 2 days and one second after the oldest unsent receipt."""
    return ask_otherwise(book, "FM-T-05", lambda request: _waited(request) > TWO_DAYS + SECOND)


@defect("FM-T-05")
def offline_limit_missing(book: RuleBook) -> RuleBook:
    """Sells however long receipts have waited."""
    return ask_no_more(book, "FM-T-05")


@defect("FM-A-02")
def first_unacknowledged_stale(book: RuleBook) -> RuleBook:
    """Keeps the time of the oldest receipt after its acknowledgement."""

    def acknowledged(state: State, change: changes.ReceiptAcknowledged) -> None:
        before = state.first_unacknowledged
        receipt_acknowledged(state, change)
        if state.receipts:
            state.first_unacknowledged = before

    return replace(book, effects={**book.effects, changes.ReceiptAcknowledged: acknowledged})


@defect("FM-A-04")
def ack_moves_time(book: RuleBook) -> RuleBook:
    """Takes the operator's time from an acknowledgement as its last operation."""

    def move(request: Request, rules: RuleBook) -> Outcome:
        request.state.last_operation = max(request.state.last_operation, request.ack.time)
        return acknowledge(request, rules)

    return replace(book, actions={**book.actions, "ACK": move})


@defect("FM-Y-02")
def sync_turns_time_back(book: RuleBook) -> RuleBook:
    """Sets its last operation back when the operator's clock is behind."""

    def follow(request: Request, rules: RuleBook) -> Outcome:
        data, (change,) = sync(request, rules)
        assert isinstance(change, changes.Synced)
        return data, (change._replace(last_operation=request.data[18:26]),)

    return replace(book, actions={**book.actions, "SYNC": follow})
