"""The one place where memory, clock, line and store meet: keys and the background sender both work here.

`lock` guards the memory and is held only for a turn and its commit; `wire` is held for a whole exchange with
the operator, so that one request is under way at a time. Who needs both takes the wire first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from reference.kkm.core import Answer, Core, Turn
from reference.kkm.link import Line, LineError
from reference.kkm.memory import Memory, Packet
from reference.kkm.requests import Outgoing, RequestWriter
from reference.kkm.rules import Rules
from reference.kkm.settings import RegisterSettings
from reference.kkm.store import Store
from reference.kkm.waiting import Waiting
from reference.protocol.kz.client import Action, Event, Mode, event_of
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.part_clock import Deadline


class StoppedError(Exception):
    """The register is being stopped; what was under way stays in its memory."""


class Desk:
    """The inside of one register."""

    def __init__(
        self,
        store: Store,
        memory: Memory,
        settings: RegisterSettings,
        rules: Rules,
        clock: PartClock,
        faults: FaultPoints,
        events: EventLog,
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.clock = clock
        self.faults = faults
        self.events = events
        self.store = store
        self.core = Core(settings, rules, store.document)
        self.writer = RequestWriter(settings, rules)
        self.line = Line(clock, faults, settings.device_id, allow_any_host=settings.allow_any_host)
        self.lock = threading.RLock()
        self.wire = threading.Lock()
        self.waiting = Waiting(clock)
        self._memory = memory

    @property
    def memory(self) -> Memory:
        """The memory of this moment."""
        return self._memory

    @property
    def local(self) -> datetime:
        """Local time by the register's own clock."""
        return to_almaty(self.clock.now())

    def note(self, memory: Memory) -> None:
        """Go on with a memory that may be lost with power: numbers of service requests."""
        with self.lock:
            self._memory = memory

    def keep(self, turn: Turn, step: str) -> Turn:
        """Make a turn durable and go on with it. Raises JournalError: nothing may be handed out then."""
        with self.lock:
            before = self._memory
            self.store.keep(turn.memory, turn.documents, step)
            self._memory = turn.memory
            if before.mode is not turn.memory.mode:
                self._moved(before.mode, turn)
        return turn

    def look_at_limit(self) -> Memory:
        """Let the 72 hours be over when they are; returns the memory (kz-ofd MD-08)."""
        with self.lock:
            limited = self.core.limited(self._memory, self.clock.now())
            if limited is not self._memory:
                self.keep(Turn(limited), "limit")
            return limited

    def stop(self) -> None:
        """Let everything that waits end."""
        self.waiting.stop()
        self.line.end()

    # --- exchanges, all under the wire --------------------------------------------------------------------

    def deliver(self) -> Turn:
        """Send what is in flight until it is answered or the transaction time is over (kz-ofd MD-03)."""
        again = False
        while True:
            packet = self._memory.in_flight
            if packet is None:
                raise LookupError("nothing is in flight")
            answer, since = self._transact(self._in_flight)
            with self.lock:
                if answer is None:
                    return self.keep(self.core.lost(self._memory, since, self.clock.now()), "lost")
                turn = self.core.answered(self._memory, self._in_flight_packet(), answer, again=again)
                if self._is_time_over(answer):
                    turn = self.core.lost(turn.memory, since, self.clock.now())
                self.keep(turn, "answered")
            if not turn.does(Action.NEW_NUMBER):
                return turn
            again = True

    def attempt(self) -> Turn | None:
        """Send what is in flight once; None without an answer (kz-ofd MD-09)."""
        answer = self._try_once(self._in_flight, self.settings.transaction_seconds)
        if answer is None:
            return None
        with self.lock:
            return self.keep(self.core.answered(self._memory, self._in_flight_packet(), answer), "answered")

    def serve(
        self, command: Command, fill: Callable[[Any], None] | None = None, *, patient: bool = True
    ) -> tuple[Turn, Answer | None]:
        """Ask a service command within the transaction time; without an answer the line is lost.

        Not `patient`, it is lost after the attempts that are made at once.
        """
        again = False
        while True:
            answer, since = self._transact(_always(self._service_request(command, fill)), patient=patient)
            with self.lock:
                if answer is None:
                    return self.keep(self.core.lost(self._memory, since, self.clock.now()), "lost"), None
                turn = self.core.served(self._memory, answer, again=again)
                if self._is_time_over(answer):
                    turn = self.core.lost(turn.memory, since, self.clock.now())
                self.keep(turn, "served")
            if not turn.does(Action.NEW_NUMBER):
                return turn, answer
            again = True

    def ping(self) -> Turn | None:
        """Ask SYSTEM once; None without an answer (kz-ofd §3.4)."""
        request = self._service_request(Command.SYSTEM, None)
        answer = self._try_once(_always(request), self.settings.transaction_seconds)
        if answer is None:
            return None
        with self.lock:
            return self.keep(self.core.served(self._memory, answer), "served")

    def _transact(
        self, make: Callable[[], Outgoing], *, patient: bool = True
    ) -> tuple[Answer | None, datetime]:
        """Repeat a request until it is answered or the transaction time is over (kz-ofd TK-2, MD-03).

        Also gives the time of the first failed attempt. Connections that break are tried again at once a few
        times, then after pauses of lab time: a clock that stands still makes no busy loop.
        """
        settings = self.settings
        deadline = self.clock.deadline(settings.transaction_seconds)
        failed: datetime | None = None
        attempts = 0
        while True:
            answer = self._try_once(make, settings.answer_seconds, by=deadline)
            if answer is not None:
                return answer, failed or self.clock.now()
            failed = failed or self.clock.now()
            attempts += 1
            if attempts >= settings.repeat_attempts and not deadline.passed:
                pause = self.clock.deadline(settings.repeat_pause_seconds, by=deadline)
                if not patient or not self.waiting.pause(pause):
                    self._check_running()
                    return None, failed
            if deadline.passed:
                return None, failed

    def _try_once(
        self, make: Callable[[], Outgoing], seconds: float, by: Deadline | None = None
    ) -> Answer | None:
        """One attempt, no longer than `by`: None for silence, a break, 254 or 255. Raises StoppedError."""
        self._check_running()
        request = make()
        name = Command(request.command).name
        try:
            answer = self.line.ask(self._memory.server or self.settings.server, request, seconds, by)
        except LineError as error:
            self._check_running()
            self.events.record("unanswered", command=name, reqnum=request.reqnum, text=str(error))
            return None
        self.events.record("answered", command=name, reqnum=request.reqnum, code=answer.code)
        if event_of(answer.code, answer.version) is Event.NO_ANSWER:
            return None
        return answer

    def _in_flight(self) -> Outgoing:
        """The packet in flight as it leaves now; a repeat keeps its pair."""
        with self.lock:
            memory = self._memory
            packet = self._in_flight_packet()
            request = self.writer.document(memory, packet, self.local)
            repeated = self.core.repeated(memory)
            self._memory = repeated
        return request

    def _in_flight_packet(self) -> Packet:
        packet = self._memory.in_flight
        if packet is None:
            raise LookupError("nothing is in flight")
        return packet

    def _service_request(self, command: Command, fill: Callable[[Any], None] | None) -> Outgoing:
        with self.lock:
            self._memory = self.core.numbered(self._memory)
            return self.writer.service(self._memory, command, self.local, fill)

    def _is_time_over(self, answer: Answer) -> bool:
        blocks = self.settings.invalid_token_blocks
        over = event_of(answer.code, answer.version, invalid_token_blocks=blocks) is Event.TIME_OVER
        return over and self._memory.mode in (Mode.ONLINE, Mode.START)

    def _check_running(self) -> None:
        if self.waiting.stopped:
            raise StoppedError

    def _moved(self, before: Mode, turn: Turn) -> None:
        clause = "" if turn.row is None else turn.row.id
        self.events.record("mode", before=before.name, after=turn.memory.mode.name, clause=clause)


def _always(request: Outgoing) -> Callable[[], Outgoing]:
    """A service request is repeated as it is (kz-ofd TK-2)."""
    return lambda: request
