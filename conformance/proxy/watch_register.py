"""Judge of a register in Kazakhstan by its requests alone (kz-ofd §4.1, §7).

A token never seen before may have been typed in, so it is believed; what the register could not know, because
no answer reached it, is not held against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from conformance.proxy.kz_message import NOT_ANSWERED, KzMessage, command_name
from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Pairing, Talk
from reference.protocol.kz.tickets import Ticket

HALF = 1 << 15
WHOLE = 1 << 16


@dataclass(slots=True)
class _Register:
    """What is known of one register: its token, its last request, and a document left without answer."""

    token: int | None = None
    seen: set[int] = field(default_factory=set)
    last: KzMessage | None = None
    open: KzMessage | None = None
    queued_until: datetime | None = None
    numbers: dict[tuple[date, int], tuple[int | None, int | None]] = field(default_factory=dict)


class RegisterWatcher(Pairing):
    """Judges registers by what they send and what they had been answered."""

    judges = Side.REQUEST

    def __init__(self) -> None:
        super().__init__()
        self._registers: dict[int, _Register] = {}

    def forget(self) -> None:
        """No register is known."""
        self._registers.clear()

    def asked(self, request: Unit) -> Iterator[Finding]:
        """Judge one request."""
        asked = request.value
        if not isinstance(asked, KzMessage):
            yield Finding("KZ-S-2.2", "the request cannot be read", "header and Request", request.trouble)
            return
        register = self._registers.setdefault(asked.header.id, _Register())
        if asked.header.token == 0:
            yield Finding("KZ-TP-3", f"{_named(asked)} shows token 0", "a token", "0")
        known = asked.header.token in register.seen
        left, register.open = register.open, None
        # A register that lost its power may repeat what it was answered.
        repeated = any(_same(each, asked) for each in (left, register.last))
        if left is not None and not repeated and known:
            text = f"{_named(left)} had no answer and is not repeated first"
            yield Finding("KZ-TK-2", text, _pair(left), f"{command_name(asked.command)} {_pair(asked)}")
        elif not repeated:
            yield from _judge_new(register, asked, known)
        yield from _judge_marks(register, asked)
        register.seen.add(asked.header.token)
        register.last = asked

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Learn from what the register was answered."""
        answer = response.value
        asked = talk.request.value if talk.request is not None else None
        if isinstance(answer, KzMessage) and isinstance(asked, KzMessage):
            register = self._registers.setdefault(asked.header.id, _Register())
            if answer.code in NOT_ANSWERED:
                register.open = asked if asked.is_document else None
            else:
                register.token = answer.header.token
                register.seen.add(answer.header.token)
        yield from ()

    def unanswered(self, requests: list[Unit]) -> Iterator[Finding]:
        """A document that got no answer is to be repeated before anything else."""
        for request in requests:
            asked = request.value
            if isinstance(asked, KzMessage) and asked.is_document:
                self._registers.setdefault(asked.header.id, _Register()).open = asked
        yield from ()


def _judge_new(register: _Register, asked: KzMessage, known: bool) -> Iterator[Finding]:
    token = asked.header.token
    if register.token is not None and token != register.token and known:
        text = f"{_named(asked)} does not show the token of the last answer"
        yield Finding("KZ-TK-1", text, str(register.token), str(token))
    if register.last is None or asked.is_resent or not known:
        return
    before = register.last.header.reqnum
    step = (asked.header.reqnum - before) % WHOLE
    if not 0 < step < HALF:
        text = f"{_named(asked)}: REQNUM after {before}"
        yield Finding("KZ-TK-1", text, str((before + 1) % WHOLE), str(asked.header.reqnum))


def _judge_marks(register: _Register, asked: KzMessage) -> Iterator[Finding]:
    document = asked.document
    if document is None:
        return
    if not document.is_offline:
        if not asked.is_resent:
            register.queued_until = None
        return
    if not asked.has_period:
        yield Finding("KZ-OQ-6", f"{_named(asked)} was made offline", "service.offline_period", "none")
    if isinstance(document, Ticket) and document.offline_number == 0:
        yield Finding("KZ-S-13.2", f"{_named(asked)}: the offline number", "not 0", "0")
    until, time = register.queued_until, document.time
    if time is None:
        return
    if isinstance(document, Ticket) and document.offline_number:
        same = (document.printed_number, document.total)
        first = register.numbers.setdefault((time.date(), document.offline_number), same)
        if first != same:
            text = f"{_named(asked)}: the offline number was another ticket's on {time.date()}"
            yield Finding("KZ-OQ-2", text, "a number of its own", str(document.offline_number))
    if until is not None and time < until:
        text = f"{_named(asked)} of {time} leaves the queue after a document of {until}"
        yield Finding("KZ-OQ-4", text, "the order of origin", str(time))
    register.queued_until = max(time, until) if until is not None else time


def _same(before: KzMessage | None, asked: KzMessage) -> bool:
    return before is not None and (before.pair, before.command) == (asked.pair, asked.command)


def _named(asked: KzMessage) -> str:
    return f"{command_name(asked.command)} of device {asked.header.id}"


def _pair(asked: KzMessage) -> str:
    return f"token {asked.header.token} reqnum {asked.header.reqnum}"
