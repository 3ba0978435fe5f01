"""The operator between wire and ledger: a frame goes in, the answer comes out, every step where faults can
strike.

read → fault `ofd.request` → verify → fault `ofd.store.before` → store → fault `ofd.store.after` → sign →
answer
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ofd_mock.uz.admission import asks_only
from ofd_mock.uz.answers import refuse
from ofd_mock.uz.checking import Bundle, Checking, is_quick, verify_bundles
from ofd_mock.uz.disturbance import context_of, spoil, wrong_order
from ofd_mock.uz.registry import Registry
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import AckOrder, Intent, Outcome, Settlement, Submission, SyncOrder
from ofd_mock.uz.writer import LedgerWriter, OldBooksError, WriterStoppedError
from reference.protocol.uz.errors import MessageError
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    Request,
    Response,
    StatusCode,
    StatusInfo,
)
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints, FaultRule

_log = structlog.get_logger("operator")
_TAKEN: Final = (StatusCode.OK, StatusCode.OKNotice)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the wire does next: send `data` (if any), then close or go on listening."""

    data: bytes = b""
    close: bool = False


SILENCE: Final = Reply()
CLOSE: Final = Reply(close=True)


class _Disturbed(Exception):  # noqa: N818 - not an error: a fault rule ends the work on a request here
    def __init__(self, reply: Reply) -> None:
        self.reply = reply


class Operator:
    """One operator process's handling of requests, for any number of connections of one event loop."""

    def __init__(
        self,
        settings: OperatorSettings,
        rules: Rules,
        writer: LedgerWriter,
        checking: Checking,
        clock: PartClock,
        faults: FaultPoints,
        events: EventLog,
        seed: int,
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.writer = writer
        self.clock = clock
        self.faults = faults
        self.events = events
        self.seed = seed
        self.checking = checking
        self.alone: Callable[[], bool] = lambda: False
        """Whether the request in work is the only one at hand: a thread would gather nothing more."""
        self._later: set[asyncio.Task[None]] = set()

    @property
    def registry(self) -> Registry:
        """The operator's decisions about modules, as of the last transaction."""
        return self.writer.ledger.registry

    @property
    def time(self) -> datetime:
        """The operator's Tashkent time: it goes into every AckFile and SyncFile."""
        return to_tashkent(self.clock.now())

    async def settle(self, submission: Submission) -> Settlement:
        """Store a request; done when its transaction is committed (OF-25)."""
        return await self.writer.submit(submission)

    def settle_later(self, submission: Submission, seconds: float) -> None:
        """Store a request some lab seconds from now, whoever waits or not."""

        deadline = self.clock.deadline(seconds)  # of now, not of when the task gets its turn

        async def settle() -> None:
            await self.clock.asleep(deadline)
            with contextlib.suppress(WriterStoppedError, OldBooksError):
                await self.settle(submission)

        task = asyncio.get_running_loop().create_task(settle())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def handle(self, frame: bytes) -> Reply:
        """The answer to one whole frame. Never raises: what nobody foresaw is logged and answered
        RetrySend.
        """
        try:
            return await self._handle(frame)
        except _Disturbed as disturbed:
            return disturbed.reply
        except (SQLAlchemyError, WriterStoppedError, OldBooksError):
            return Reply(refuse(StatusCode.RetrySend).encode())
        except Exception as error:  # noqa: BLE001 - one message must never take the server down
            _log.error("a request could not be handled", frame=frame.hex(), exc_info=error)
            return Reply(refuse(StatusCode.RetrySend).encode())

    def refuse(self, code: StatusCode, text: str) -> Reply:
        """The answer to what is no request, noted in the journal."""
        self.events.record("refused", status=code.name, text=text)
        return Reply(refuse(code).encode())

    async def _handle(self, frame: bytes) -> Reply:
        try:
            request = self.rules.read_request(frame)
        except MessageError as error:
            return self.refuse(StatusCode(error.code), str(error))
        books = self.writer.books
        context = context_of(request.terminal_id, request.files, self.seed)
        await self._disturb("ofd.request", context)
        submission = await self._verify(request, books)
        await self._disturb("ofd.store.before", context)
        settlement = await self.rules.store(self, submission)
        await self._disturb("ofd.store.after", context)
        if books != self.writer.books:
            raise OldBooksError("what was stored is gone")
        response = self._answer(request, settlement, context)
        self._note(request, settlement, response.status)
        return Reply(response.encode())

    async def _disturb(self, point: str, context: dict[str, str]) -> None:
        """Let a fault rule have its way; raises _Disturbed when the request ends here."""
        rule = self.faults.hit(point, **context)
        if rule is None:
            return
        deadline = self.clock.deadline(rule.delay)
        self.events.record("fault", point=point, action=rule.action, terminal=context["terminal"])
        if rule.delay:
            await self.clock.asleep(deadline)
        match rule.action:
            case "silence":
                raise _Disturbed(SILENCE)
            case "close":
                raise _Disturbed(CLOSE)
            case "retry-send":
                raise _Disturbed(Reply(refuse(StatusCode.RetrySend).encode()))
            case "status":
                raise _Disturbed(Reply(_answer_status(rule)))

    async def _verify(self, request: Request, books: int) -> Submission:
        """Check the files of a module that is served; those of others are not worth the work."""
        only_queries = asks_only(request.files)
        standing = self.registry.standing(request.terminal_id)
        intents: Sequence[Intent] = ()
        if self.rules.admit(standing, only_queries).code in _TAKEN:
            enrolment = self.registry.enrolments.get(request.terminal_id)
            bundle = Bundle(request.terminal_id, standing.generation_1, enrolment, request.files)
            if self.alone() and is_quick(bundle):
                [intents] = verify_bundles([(self.rules.verifier, bundle)])
            else:
                intents = await self.checking.verify(self.rules, self.settings, bundle)
        return Submission(request.terminal_id, tuple(intents), only_queries, books)

    def _answer(self, request: Request, settlement: Settlement, context: dict[str, str]) -> Response:
        if settlement.status.code not in _TAKEN:
            return self.rules.respond(settlement, ())
        if len(settlement.outcomes) != len(request.files):
            # Refused a moment ago, served now: an order was lifted in between. The client will come again.
            return refuse(StatusCode.RetrySend)
        time = self.time
        acks = [
            self._ack(outcome, file, time, context)
            for outcome, file in zip(settlement.outcomes, request.files, strict=True)
        ]
        return self.rules.respond(settlement, self.rules.arrange(acks))

    def _ack(self, outcome: Outcome, file: File, time: datetime, context: dict[str, str]) -> AckFile:
        order = outcome.order
        if order is None:
            return self.rules.ack_for(outcome, file, b"")
        rule = self.faults.hit("ofd.ack", **(context | {"file": f"{file.type:02x}"}))
        if rule is None:
            return self.rules.ack_for(outcome, file, self._sign(order, time))
        self.events.record("fault", point="ofd.ack", action=rule.action, terminal=context["terminal"])
        match rule.action:
            case "retry-send":
                raise _Disturbed(Reply(refuse(StatusCode.RetrySend).encode()))
            case "reject":
                return self.rules.ack_for(Outcome(FileStatus.Reject), file, b"")
            case "error":
                return self.rules.ack_for(Outcome(FileStatus.Error, "ordered.trace"), file, b"")
        body = spoil(rule.action, self._sign(wrong_order(rule.action, rule.value, order), time))
        return self.rules.ack_for(outcome, file, body)

    def _sign(self, order: AckOrder | SyncOrder, time: datetime) -> bytes:
        if isinstance(order, AckOrder):
            return self.rules.sign_ack(order, time)
        return self.rules.sign_sync(order, time)

    def _note(self, request: Request, settlement: Settlement, status: StatusInfo) -> None:
        self.events.record(
            "request",
            terminal=request.terminal_id,
            files=[f"{file.type:02x}" for file in request.files],
            status=status.code.name,
            acks=[int(outcome.status) for outcome in settlement.outcomes],
            verdicts=list(settlement.verdicts),
        )


def _answer_status(rule: FaultRule) -> bytes:
    try:
        code = StatusCode(int(rule.value, 16))
    except ValueError:
        code = StatusCode.RetrySend
    return refuse(code).encode()
