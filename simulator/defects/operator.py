"""Mistakes in trusting operator and POS: acknowledgements, syncs, locks."""

from __future__ import annotations

from dataclasses import replace

from reference.protocol.uz.errors import CodecError, StandinError
from reference.protocol.uz.standin import ACK_SIZE, AckContents, AckKind, read_ack_file
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.values import decode_terminal_id, decode_time
from simulator import changes
from simulator.check import Check, Question, altered, without
from simulator.checks_trust import finds_nothing_to_acknowledge
from simulator.defects.defect import defect
from simulator.effects import Effect
from simulator.request import Request
from simulator.rulebook import RuleBook, settle
from simulator.sealing import Decision
from simulator.state import State

ACK_RULE = "FM-A-01"


def _with_rows(book: RuleBook, name: str, rows: tuple[Check, ...]) -> RuleBook:
    return replace(book, checks={**book.checks, name: rows})


def _reading_acks(book: RuleBook, question: Question) -> RuleBook:
    """The book that asks `question` instead of reading and checking an AckFile."""
    rows = without(book.checks["ACK"], ACK_RULE, StatusWord.WRONG_TERMINAL_ID)
    return _with_rows(book, "ACK", altered(rows, ACK_RULE, question, StatusWord.INVALID_ACK_SIGNATURE))


@defect("FM-A-01")
def foreign_ack_accepted(book: RuleBook) -> RuleBook:
    """Takes acknowledgements made for another module."""

    def reads_none(request: Request) -> bool:
        try:
            request.ack = read_ack_file(request.data, key=request.keys.operator)
        except StandinError:
            return True
        return False

    return _reading_acks(book, reads_none)


@defect("FM-A-01")
def unsigned_ack_accepted(book: RuleBook) -> RuleBook:
    """Does not verify the operator's signature of an acknowledgement."""

    def reads_none(request: Request) -> bool:
        data = request.data
        try:
            terminal, time = decode_terminal_id(data[2:10]), decode_time(data[18:26])
            request.ack = AckContents(AckKind(data[1]), terminal, data[10:18], time)
        except (CodecError, IndexError, ValueError):
            return True
        return len(data) != ACK_SIZE or terminal != request.state.identity.terminal

    return _reading_acks(book, reads_none)


@defect("FM-A-01")
def repeated_ack_accepted(book: RuleBook) -> RuleBook:
    """Answers 9000 to an acknowledgement given before."""
    rows = book.checks["ACK"]

    def nothing(_request: Request, _rules: RuleBook) -> tuple[bytes, tuple[Decision, ...]]:
        return b"", ()

    def acknowledge(request: Request, rules: RuleBook) -> tuple[bytes, tuple[Decision, ...]]:
        action = nothing if finds_nothing_to_acknowledge(request) else book.actions["ACK"]
        return action(request, rules)

    without_last = without(rows, ACK_RULE, StatusWord.NOT_FOUND)
    return replace(_with_rows(book, "ACK", without_last), actions={**book.actions, "ACK": acknowledge})


@defect("FM-A-04")
def ack_hint_trusted(book: RuleBook) -> RuleBook:
    """Acknowledges whatever lies at the index of the ACK command."""

    def finds_none(request: Request) -> bool:
        there = request.state.held_in_block(request.index)
        if request.ack.kind is AckKind.RECEIPT and there is not None:
            request.receipt = there
            return False
        return finds_nothing_to_acknowledge(request)

    rows = altered(book.checks["ACK"], ACK_RULE, finds_none, StatusWord.NOT_FOUND)
    return _with_rows(book, "ACK", rows)


@defect("FM-Y-01")
def sync_replay_accepted(book: RuleBook) -> RuleBook:
    """Takes the same sync file again."""
    rows = without(book.checks["SYNC"], "FM-Y-01", StatusWord.WRONG_SYNC_CHALLENGE)
    return _with_rows(book, "SYNC", rows)


@defect("FM-C-02")
def lock_ignored_on_close(book: RuleBook) -> RuleBook:
    """Closes a Z-report while locked."""
    return _with_rows(book, "ZREPORT_CLOSE", without(book.checks["ZREPORT_CLOSE"], "FM-C-02"))


@defect("FM-P-04")
def pos_auth_reusable(book: RuleBook) -> RuleBook:
    """Lets one POS authentication serve for many operations."""

    def keep(command: str, request: Request, refused: Check | None) -> tuple[Decision, ...]:
        before = request.session.pos_authenticated
        left = settle(command, request, refused)
        request.session.pos_authenticated = before
        return left

    return replace(book, settle=keep)


@defect("FM-P-04")
def pos_challenge_kept(book: RuleBook) -> RuleBook:
    """Gives the same POS challenge for ever."""

    def unchanged(effect: Effect) -> Effect:
        def apply(state: State, change: changes.Change) -> None:
            before = state.challenges_used
            effect(state, change)
            state.challenges_used = before

        return apply

    users = (changes.Opened, changes.Closed, changes.Registered, changes.ChallengeUsed)
    return replace(book, effects={**book.effects, **{kind: unchanged(book.effects[kind]) for kind in users}})
