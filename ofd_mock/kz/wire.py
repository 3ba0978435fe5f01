"""Port 7777: one Connection per register, frames in, answers out in the same order (kz-ofd §2).

The sockets themselves are the intake's, a process of its own (intake.py); here stands what it tells of them.
Requests that came together are settled together, of many one half after the other, in this thread if nobody
else is at the ledger. The idle time-out is lab time of the operator.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import structlog

from ofd_mock.batches import MOST_REQUESTS
from ofd_mock.kz import records
from ofd_mock.kz.intake_process import IntakeProcess
from ofd_mock.kz.operator import KzOperator, Reply
from ofd_mock.kz.reading import ReadFrame, from_record
from ofd_mock.kz.records import Record
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Outcome
from reference.protocol.kz.frames import Frame, Header
from reference.runtime.clock import Deadline

_STOP_SECONDS: Final = 5
"""Real seconds that requests in work are given when the operator ends."""
_UNREAD: Final = 4
"""Values of a FRAME record that the intake has not read."""
_FEW_REQUESTS: Final = 32
"""So many are one batch: two halves would cost more than is won."""
_OF_NOBODY: Final = frozenset({records.READY, records.FULL})
"""Records that name no connection."""
_log = structlog.get_logger("operator-kz.intake")


class Connection:
    """One register. It lives until it leaves, `idle_timeout_s` passes, or what it sends is no frame."""

    __slots__ = (
        "_broken",
        "_deaf",
        "_number",
        "_operator",
        "_over",
        "_served",
        "_server",
        "_waiting",
        "working",
    )

    def __init__(self, server: KzServer, number: int) -> None:
        self._server = server
        self._operator = server.operator
        self._number = number
        self._waiting: deque[Frame] | None = None
        self._broken = False
        self._deaf = False
        self._over = False
        self.working = False
        """Whether a request of it is being answered, or it is being greeted badly."""
        self._served = 0

    def greet(self) -> None:
        """Let a fault rule have its way with a register that has come."""
        rule = self._operator.faults.hit("ofd-kz.connect")
        if rule is not None:
            self._operator.events.record("fault", point="ofd-kz.connect", action=rule.action)
            self.working = True
            self._server.run(self._greet_badly(rule.action, self._operator.clock.deadline(rule.delay)))

    def came(self, frame: Frame, *, calm: bool) -> None:
        """A whole frame has come; `calm`: no fault can strike it."""
        if self._deaf:
            return
        if not self.working:
            self._begin(frame, calm=calm)
        elif self._waiting is None:
            self._waiting = deque((frame,))
        else:
            self._waiting.append(frame)

    def broken(self) -> None:
        """Nothing more can come; what came is still answered (FR-01, FR-03…05)."""
        self._broken = True
        if not self.working:
            self.close()

    def listen(self, silence: Deadline | None = None) -> None:
        """Wait for what comes next; the idle time begins anew, except for a silenced connection.

        `silence` is when it ends if it began earlier: with the answer, which the client may have long since.
        """
        self.working = False
        if not (self._over or self._deaf):
            self._server.idle(self, silence or self._server.silence())

    def close(self) -> None:
        """Read no more, send what is left, and end the connection."""
        self._end((records.CLOSE, self._number))

    def abort(self) -> None:
        """End the connection at once."""
        self._end((records.ABORT, self._number))

    def lost(self) -> None:
        """It is gone; a request in work is finished all the same, its answer is thrown away."""
        self._over = True
        self._server.leave(self, self._number)

    def concluded(self, frame: Frame, settled: Outcome | Exception, silence: Deadline) -> None:
        """A request that was gathered is settled; a silence that begins now lasts until `silence`."""
        if not self._over:
            self._answer(self._operator.conclude(frame, settled), silence)

    async def _greet_badly(self, action: str, deadline: Deadline) -> None:
        await self._operator.clock.asleep(deadline)
        if action == "close":
            self.abort()
            return
        if action == "silence":
            self._deafen()
            self._server.tell((records.DEAFEN, self._number))
        self._go_on()

    def _begin(self, frame: Frame, *, calm: bool) -> None:
        self.working = True
        self._server.busy(self)
        if calm:
            self._server.gather(self, frame)
        else:
            self._server.run(self._serve(frame))

    def _go_on(self, silence: Deadline | None = None) -> None:
        """Begin with the next request; without one, listen, or close when nothing more can come."""
        if self._waiting and not self._over:
            self._begin(self._waiting.popleft(), calm=self._operator.calm)
        elif self._broken:
            self.close()
        else:
            self.listen(silence)

    async def _serve(self, frame: Frame) -> None:
        """Answer one request while faults may strike."""
        reply = await self._operator.handle(frame)
        if not self._over:
            self._answer(reply, self._server.silence())

    def _answer(self, reply: Reply, silence: Deadline) -> None:
        """Answer, and go on as long as the connection lives; after silence it hears nothing more."""
        self._served += 1
        limit = self._server.most_requests
        data, flags = reply.data, records.PIECEWISE if reply.piecewise else 0
        if reply.close or (limit is not None and self._served >= limit):
            self._end((records.ANSWER, self._number, data, flags | records.LAST))
            return
        if not data:
            self._deafen()
            flags = records.DEAF
        self._server.tell((records.ANSWER, self._number, data, flags))
        self._go_on(silence)

    def _deafen(self) -> None:
        self._deaf = True
        self._waiting = None

    def _end(self, record: Record) -> None:
        if not self._over:
            self._server.tell(record)
            self.lost()


class KzServer:
    """The register port. Make it and start it in the event loop that is to serve it."""

    def __init__(self, operator: KzOperator, host: str, port: int) -> None:
        self.operator = operator
        self._host = host
        self.port = port
        """The port it listens on: the real one once it has started."""
        self.intake = IntakeProcess(self._take, self._lost)
        self.tell = self.intake.tell
        self._connections: dict[int, Connection] = {}
        self._newest = 0
        self._idle: dict[Connection, Deadline] = {}
        self._someone_idle = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._work: set[asyncio.Future[Any]] = set()
        self._drained: asyncio.Future[None] | None = None
        self._gathered: list[tuple[Connection, Frame]] = []
        self._called = False
        self._begun = 0
        self._most_connections = 0
        self.most_requests: int | None = None
        """Of a connection."""
        self._loop: asyncio.AbstractEventLoop

    async def start(self) -> None:
        """Listen; OSError names a port in use."""
        self._loop = asyncio.get_running_loop()
        self.port = await self.intake.start(self._host, self.port)
        self.operator.watch_settings(self._limit)
        self._watch = self._loop.create_task(self._close_idle())

    async def stop(self) -> None:
        """Take no new connection, give requests in work some time, and close every connection."""
        if self._watch is None:
            return
        self.intake.refuse()
        if self._begun or self._gathered:
            self._drained = self._loop.create_future()
            self._work.add(self._drained)
        if self._work:
            await asyncio.wait(self._work, timeout=_STOP_SECONDS)
        self._watch.cancel()
        for connection in list(self._connections.values()):
            connection.close()
        # Who does not take its answer now has had the time of those in work for it.
        await self.intake.stop()

    def gather(self, connection: Connection, frame: Frame) -> None:
        """Have a request settled with all others that are there now."""
        self._gathered.append((connection, frame))
        self._call()

    def leave(self, connection: Connection, number: int) -> None:
        """Forget a connection that has ended."""
        self._connections.pop(number, None)
        self.busy(connection)

    def silence(self) -> Deadline:
        """When a silence that begins now has lasted too long (TR-07)."""
        return self.operator.clock.deadline(self.operator.settings.idle_timeout_s)

    def idle(self, connection: Connection, until: Deadline) -> None:
        """A connection waits for a byte; it is closed if none comes until then (TR-07)."""
        self._idle.pop(connection, None)
        self._idle[connection] = until
        if not self._someone_idle.is_set():
            self._someone_idle.set()

    def busy(self, connection: Connection) -> None:
        """A connection has something to do, or is silenced, or has ended."""
        self._idle.pop(connection, None)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for a connection; `stop` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _limit(self, settings: KzSettings) -> None:
        """Take the limits of connections, in whichever thread; every request asks for them."""
        self._most_connections = settings.max_connections
        self.most_requests = settings.requests_per_connection
        self.intake.limit(settings.max_frame_bytes)

    def _take(self, told: list[Record]) -> None:
        """Do what the intake tells, then settle all that came with it."""
        calm, connections = self.operator.calm, self._connections
        quiet: dict[Connection, None] = {}
        for record in told:
            kind = record[0]
            if kind in _OF_NOBODY:
                if kind == records.FULL:
                    _log.error("nobody can be accepted for now", reason=record[1])
                continue
            connection = connections.get(record[1])
            if connection is None:
                if record[1] <= self._newest:
                    continue  # it was ended here while this was under way
                connection = self._enter(record[1])
                if connection is None:
                    continue
            if kind == records.FRAME:
                connection.came(_frame(record), calm=calm)
            elif kind == records.GONE:
                connection.lost()
            elif kind in (records.CAME, records.ALIVE):
                quiet[connection] = None
            else:
                self._break(connection, record)
        if quiet:
            silence = self.silence()
            for connection in quiet:
                if not connection.working:
                    connection.listen(silence)
        self._settle()

    def _enter(self, number: int) -> Connection | None:
        """A register has come; beyond `max_connections` it is sent away at once."""
        self._newest = number
        if len(self._connections) >= self._most_connections:
            self.tell((records.ABORT, number))
            return None
        connection = self._connections[number] = Connection(self, number)
        if self.operator.faults.armed("ofd-kz.connect"):
            connection.greet()
        return connection

    def _break(self, connection: Connection, record: Record) -> None:
        """Nothing more comes from a connection, because it ended or because what came is no frame."""
        if record[0] == records.BROKEN:
            self.operator.events.record("broken", reason=record[2], text=record[3])
        connection.broken()

    def _lost(self) -> None:
        """The intake has ended with all its connections; another numbers its own anew."""
        self._newest = 0
        for connection in list(self._connections.values()):
            connection.lost()

    def _call(self) -> None:
        """Have what is gathered settled soon, with what the intake has told until then."""
        if not self._called:
            self._called = True
            self._loop.call_soon(self._settle_on)

    def _settle_on(self) -> None:
        self._called = False
        if not self.intake.receive():
            self._settle()

    def _settle(self) -> None:
        """Settle what is gathered and answer it, or leave that to the ledger's thread.

        Of much it is half: while the other half is settled, the intake sends these answers and takes what
        they bring. Otherwise it would wait for all of them, and then this process for the intake.
        """
        if not self._gathered:
            return
        count = len(self._gathered)
        most = count if count <= _FEW_REQUESTS else min(MOST_REQUESTS, count // 2)
        batch, self._gathered = self._gathered[:most], self._gathered[most:]
        settled = self.operator.settle_here([frame for _, frame in batch])
        if settled is None:
            self._begun += len(batch)
            for connection, frame in batch:
                self.operator.begin(frame, self._loop, partial(self._concluded, connection, frame))
        else:
            silence = self.silence()
            if self.operator.ledger.log is not None:
                self.tell((records.SYNC, self.operator.ledger.log))
            for (connection, frame), one in zip(batch, settled, strict=True):
                connection.concluded(frame, one, silence)
            self.intake.flush()
        if self._gathered:
            self._call()
        self._look_drained()

    def _concluded(self, connection: Connection, frame: Frame, settled: Outcome | Exception) -> None:
        """A request is settled that was left to the ledger's thread."""
        self._begun -= 1
        connection.concluded(frame, settled, self.silence())
        self._look_drained()

    def _look_drained(self) -> None:
        """Tell `stop` when nothing is in work any more."""
        if self._drained is not None and not (self._begun or self._gathered or self._drained.done()):
            self._drained.set_result(None)

    async def _close_idle(self) -> None:
        """Close every connection whose idle time has passed.

        Connections stand in the order in which they became idle, so that the first is due first.
        """
        while True:
            # Again, since who became idle may be gone when this is its turn.
            while not self._idle:
                self._someone_idle.clear()
                await self._someone_idle.wait()
            connection, deadline = next(iter(self._idle.items()))
            await self.operator.clock.asleep(deadline)
            if self._idle.get(connection) is deadline:
                del self._idle[connection]
                connection.close()


def _frame(record: Record) -> Frame:
    """The frame of a FRAME record."""
    if len(record) == _UNREAD:
        return Frame(Header(*record[2]), record[3])
    frame = ReadFrame(Header(*record[2]), record[3])
    frame.reading = from_record(record[4])
    return frame
