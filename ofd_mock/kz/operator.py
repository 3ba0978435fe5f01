"""The Kazakh operator between wire and ledger: a frame goes in, the answer comes out, every step where faults
can strike.

fault `ofd-kz.request` → fault `ofd-kz.before-commit` → settle and commit → fault `ofd-kz.after-commit` →
fault `ofd-kz.answer` → answer
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ofd_mock.batches import BatchWriter, WriterStoppedError
from ofd_mock.kz.disturbance import GARBAGE, command_of, context_of
from ofd_mock.kz.ledger import Desk, KzLedger
from ofd_mock.kz.logins import Logins
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Outcome
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.envelope import refusal
from reference.protocol.kz.frames import Frame, Header, encode_frame
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.results import ResultCode
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints, FaultRule

_log = structlog.get_logger("operator-kz")


class Reply(NamedTuple):
    """What the wire does next: send `data` (if any), then close or go on listening.

    `piecewise`: one byte a segment.
    """

    data: bytes = b""
    close: bool = False
    piecewise: bool = False


SILENCE: Final = Reply()
CLOSE: Final = Reply(close=True)


_WAY: Final = ("ofd-kz.request", "ofd-kz.before-commit", "ofd-kz.after-commit", "ofd-kz.answer")


class _Disturbed(Exception):  # noqa: N818 - not an error: a fault rule ends the work on a request here
    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class KzOperator:
    """One operator process's handling of requests, for any number of connections of one event loop."""

    def __init__(
        self,
        rules: Rules,
        ledger: KzLedger,
        desk: Desk,
        clock: PartClock,
        faults: FaultPoints,
        events: EventLog,
    ) -> None:
        self._rules = rules
        self._watchers: list[Callable[[KzSettings], None]] = []
        self.ledger = ledger
        self.desk = desk
        self.clock = clock
        self.faults = faults
        self.events = events
        self.writer: BatchWriter[Frame, Outcome] = BatchWriter(self._settle)
        self._logins = Logins(ledger)

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        for watcher in self._watchers:
            watcher(rules.settings)

    def watch_settings(self, watcher: Callable[[KzSettings], None]) -> None:
        """Call `watcher` with the settings, now and before new ones are said to hold, in whichever thread."""
        self._watchers.append(watcher)
        watcher(self.settings)

    @property
    def settings(self) -> KzSettings:
        """The settings in force."""
        return self.rules.settings

    @property
    def time(self) -> datetime:
        """The operator's local time, whole seconds."""
        return to_almaty(self.clock.now())

    async def handle(self, frame: Frame) -> Reply:
        """The answer to one whole frame. Never raises: what nobody foresaw is logged and answered 255."""
        try:
            return await self._handle(frame)
        except _Disturbed as disturbed:
            return disturbed.reply
        except Exception as error:  # noqa: BLE001 - one request must never take the server down
            return _failed(frame, error)

    @property
    def calm(self) -> bool:
        """Whether no fault can strike a request: then `begin` and `conclude` do what `handle` does."""
        armed = self.faults.armed
        return not any(map(armed, _WAY))

    def settle_here(self, frames: list[Frame]) -> Sequence[Outcome | Exception] | None:
        """Settle and store requests in this thread; None if somebody else is, or may be long, at it.

        Whoever answers them must first bring the ledger's log to disk, if it has one (`KzLedger.log`).
        """
        if not self.ledger.near or any(map(Logins.is_one, frames)):
            return None
        return self.writer.settle_here(frames, self._settle_for_log)

    def begin(
        self, frame: Frame, loop: asyncio.AbstractEventLoop, done: Callable[[Outcome | Exception], None]
    ) -> None:
        """Have a request settled and stored; `done` is called in the loop with what `conclude` takes."""
        if Logins.is_one(frame):
            compared = asyncio.wrap_future(self._logins.prepare(frame), loop=loop)
            compared.add_done_callback(lambda _: self.writer.hand(frame, loop, done))
        else:
            self.writer.hand(frame, loop, done)

    def conclude(self, frame: Frame, settled: Outcome | Exception) -> Reply:
        """The answer to a request that was begun, when it is settled. Never raises."""
        if isinstance(settled, Exception):
            return _failed(frame, settled)
        try:
            return _told(settled)
        except Exception as error:  # noqa: BLE001 - one request must never take the server down
            return _failed(frame, error)

    def close(self) -> None:
        """Store what is to be stored."""
        self._logins.stop()
        self.writer.stop()
        self.ledger.catch_up()

    def _settle_for_log(self, batch: list[Frame]) -> list[Outcome]:
        return self._settle(batch, to_log=True)

    def _settle(self, batch: list[Frame], *, to_log: bool = False) -> list[Outcome]:
        outcomes = self.ledger.settle(batch, self.rules, self.time, self.desk, to_log=to_log)
        # Here, since nobody has an answer yet: who has one finds its note.
        self.events.record_all("request", _NOTED, [_note(one) for one in outcomes])
        return outcomes

    async def _handle(self, frame: Frame) -> Reply:
        await self._disturb("ofd-kz.request", frame)
        await self._disturb("ofd-kz.before-commit", frame)
        if Logins.is_one(frame):
            await asyncio.wrap_future(self._logins.prepare(frame))
        outcome = await self.writer.submit(frame)
        reply = _told(outcome)
        await self._disturb("ofd-kz.after-commit", frame)
        return await self._answer(frame, outcome, reply.data) if reply.data else reply

    async def _disturb(self, point: str, frame: Frame) -> None:
        """Let a fault rule have its way; raises _Disturbed when the request ends here."""
        if not self.faults.armed(point):
            return
        command = command_of(frame.body)
        rule = self.faults.hit(point, **context_of(frame, command))
        if rule is None:
            return
        await self._wait(point, rule, frame)
        if rule.action == "silence":
            raise _Disturbed(SILENCE)
        if rule.action == "close":
            raise _Disturbed(CLOSE)
        if rule.action == "code":
            raise _Disturbed(_coded(frame, command, _number(rule, ResultCode.UNKNOWN_ERROR)))

    async def _answer(self, frame: Frame, outcome: Outcome, data: bytes) -> Reply:
        point = "ofd-kz.answer"
        if not self.faults.armed(point):
            return Reply(data)
        rule = self.faults.hit(point, **context_of(frame, outcome.command))
        if rule is None:
            return Reply(data)
        await self._wait(point, rule, frame)
        header = outcome.header
        match rule.action:
            case "silence":
                return SILENCE
            case "close":
                return CLOSE
            case "cut":
                return Reply(data[: _number(rule, len(data) // 2)], close=True)
            case "split":
                return Reply(data, piecewise=True)
            case "garbage":
                return Reply(GARBAGE, close=True)
        wrong = Header(header.version, len(data), header.id, outcome.token, header.reqnum)
        if rule.action == "other-device":
            wrong = wrong._replace(id=_number(rule, header.id + 1))
        elif rule.action == "token":
            wrong = wrong._replace(token=_number(rule, outcome.token ^ 1))
        elif rule.action == "reqnum":
            wrong = wrong._replace(reqnum=_number(rule, header.reqnum ^ 1))
        return Reply(wrong.encode() + (outcome.body or b""))

    async def _wait(self, point: str, rule: FaultRule, frame: Frame) -> None:
        deadline = self.clock.deadline(rule.delay)
        self.events.record("fault", point=point, action=rule.action, device=frame.header.id)
        if rule.delay:
            await self.clock.asleep(deadline)


def _told(outcome: Outcome) -> Reply:
    """The answer that an outcome wants."""
    if outcome.body is None:
        return SILENCE
    header = outcome.header
    device = header.id if outcome.answered_id is None else outcome.answered_id
    return Reply(encode_frame(header.version, device, outcome.token, header.reqnum, outcome.body))


def _failed(frame: Frame, error: Exception) -> Reply:
    """The answer to a request that could not be settled: 254 if that may pass, else 255 (kz-ofd §5.2)."""
    code = ResultCode.SERVICE_TEMPORARILY_UNAVAILABLE
    if not isinstance(error, (SQLAlchemyError, WriterStoppedError)):
        _log.error("a request could not be handled", device=frame.header.id, exc_info=error)
        code = ResultCode.UNKNOWN_ERROR
    return _coded(frame, command_of(frame.body), code)


_NOTED: Final = ("device", "version", "command", "token", "reqnum", "code", "row", "findings")
"""What the event of a request tells."""


def _note(outcome: Outcome) -> str:
    """What the event of a request tells, as a JSON array."""
    version, _, device, token, reqnum = outcome.header
    findings = json.dumps([finding.id for finding in outcome.findings]) if outcome.findings else "[]"
    code, row = int(outcome.code), outcome.row
    return f'[{device},{version},{outcome.command},{token},{reqnum},{code},"{row}",{findings}]'


def _coded(frame: Frame, command: int | None, code: int) -> Reply:
    """An answer that is only a code, with the token that came."""
    header = frame.header
    dialect = dialect_for(header.version) or fallback_dialect()
    body = refusal(dialect, command or 0, code)
    return Reply(encode_frame(header.version, header.id, header.token, header.reqnum, body))


def _number(rule: FaultRule, otherwise: int) -> int:
    """The number in a rule's value."""
    return int(rule.value) if rule.value.isdecimal() else int(otherwise)
