"""Port 7777: one Connection per register, frames in, answers out in the same order (kz-ofd §2).

Requests that came together are settled together, in this thread if nobody else is at the ledger. Who sends
more while its request is in work is not read until that is answered, so that no peer can pile up more than
two chunks here. The idle time-out is lab time of the operator.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from ofd_mock.batches import MOST_REQUESTS
from ofd_mock.kz.links import Link, Port
from ofd_mock.kz.operator import KzOperator, Reply
from ofd_mock.kz.values import Outcome
from reference.protocol.kz.errors import FrameError
from reference.protocol.kz.frames import Frame, FrameReader
from reference.runtime.clock import Deadline

_STOP_SECONDS: Final = 5
"""Real seconds that requests in work are given when the operator ends."""


class Connection(Link):
    """One register. It lives until it leaves, `idle_timeout_s` passes, or what it sends is no frame."""

    __slots__ = (
        "_broken",
        "_deaf",
        "_ended",
        "_operator",
        "_reader",
        "_served",
        "_server",
        "_waiting",
        "_working",
    )

    def __init__(self, server: KzServer, port: Port, file: socket.socket) -> None:
        super().__init__(port, file)
        self._server = server
        self._operator = server.operator
        self._reader = FrameReader(server.operator.settings.max_frame_bytes)
        self._waiting: deque[Frame] = deque()
        self._broken = False
        self._deaf = False
        self._ended = False
        self._working = False
        self._served = 0

    def made(self) -> None:
        """A register has come; beyond `max_connections` it is sent away at once."""
        if not self._server.enter(self):
            self.abort()
            return
        rule = self._operator.faults.hit("ofd-kz.connect")
        if rule is None:
            # Its request is mostly there before it is accepted.
            self._reading = True
            self.try_read()
            if not self._working:
                self._listen()
            return
        self._operator.events.record("fault", point="ofd-kz.connect", action=rule.action)
        self._working = True
        self._server.run(self._greet_badly(rule.action, self._operator.clock.deadline(rule.delay)))

    def received(self, data: bytes) -> None:
        """Bytes in pieces of any size, several frames in one of them included (FR-02, FR-06)."""
        if self._deaf or self._broken:
            return
        try:
            self._waiting.extend(self._reader.feed(data))
        except FrameError as error:
            self._waiting.extend(error.frames)
            self._broken = True
            self._operator.events.record("broken", reason=error.reason, text=error.text)
        if self._working:
            self.read(on=False)
        else:
            self._go_on()

    def ended(self) -> None:
        """The register will send no more; what is in work is still answered (FR-01)."""
        if not self._working:
            self.close()
        self._broken = True

    def lost(self) -> None:
        """The register has left; a request in work is finished all the same, its answer is thrown away."""
        self._ended = True
        self._server.leave(self)

    async def _greet_badly(self, action: str, deadline: Deadline) -> None:
        await self._operator.clock.asleep(deadline)
        if action == "close":
            self.abort()
            return
        self._deaf = action == "silence"
        self._listen()

    def _go_on(self, silence: Deadline | None = None) -> None:
        """Begin with the next request; without one, listen, or close when nothing more can come."""
        if self._waiting and not self._ended:
            self._working = True
            self._server.busy(self)
            if self._operator.calm:
                self._server.gather(self, self._waiting.popleft())
            else:
                self.read(on=self._reading)
                self._server.run(self._serve())
        elif self._broken:
            self._working = False
            self.close()
        else:
            self._listen(silence)

    def concluded(self, frame: Frame, settled: Outcome | Exception, silence: Deadline) -> None:
        """A request that was gathered is settled; a silence that begins now lasts until `silence`."""
        if self._closing:
            return
        reply = self._operator.conclude(frame, settled)
        self.write(reply.data)
        if self._stays(reply):
            self._go_on(silence)

    async def _serve(self) -> None:
        """Answer one request while faults may strike."""
        reply = await self._operator.handle(self._waiting.popleft())
        if self._closing:
            return
        silence = self._server.silence()
        await self._send(reply)
        if self._stays(reply):
            self._go_on(silence)

    def _stays(self, reply: Reply) -> bool:
        """Whether the connection lives on after an answer; after silence it hears nothing more."""
        self._served += 1
        limit = self._operator.settings.requests_per_connection
        if reply.close or (limit is not None and self._served >= limit):
            self.close()
            return False
        if not reply.data:
            self._deaf = True
            self._waiting.clear()
        return True

    async def _send(self, reply: Reply) -> None:
        if not reply.piecewise:
            self.write(reply.data)
            return
        for byte in reply.data:
            self.write(bytes((byte,)))
            await asyncio.sleep(0)

    def _listen(self, silence: Deadline | None = None) -> None:
        """Read on; the idle time begins anew, except for a silenced connection.

        `silence` is when it ends if it began earlier: with the answer, which the client may have long since.
        """
        self._working = False
        if self._closing:
            return
        self.read(on=True)
        if not self._deaf:
            self._server.idle(self, silence or self._server.silence())


class KzServer:
    """The register port. Make it and start it in the event loop that is to serve it."""

    def __init__(self, operator: KzOperator, host: str, port: int) -> None:
        self.operator = operator
        self._host = host
        self.port = port
        """The port it listens on: the real one once it has started."""
        self._connections: set[Connection] = set()
        self._idle: dict[Connection, Deadline] = {}
        self._someone_idle = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._work: set[asyncio.Future[Any]] = set()
        self._drained: asyncio.Future[None] | None = None
        self._gathered: list[tuple[Connection, Frame]] = []
        self._called = False
        self._begun = 0
        self._loop: asyncio.AbstractEventLoop
        self._links: Port | None = None

    async def start(self) -> None:
        """Listen; OSError names a port in use."""
        self._loop = asyncio.get_running_loop()
        links = Port(partial(Connection, self), self._settle)
        self.port = await links.start(self._host, self.port)
        self._links = links
        self._watch = self._loop.create_task(self._close_idle())

    async def stop(self) -> None:
        """Take no new connection, give requests in work some time, and close every connection."""
        if self._links is None:
            return
        self._links.refuse()
        if self._begun or self._gathered:
            self._drained = self._loop.create_future()
            self._work.add(self._drained)
        if self._work:
            await asyncio.wait(self._work, timeout=_STOP_SECONDS)
        if self._watch is not None:
            self._watch.cancel()
        for connection in list(self._connections):
            connection.close()
        # Who does not take its answer now has had the time of those in work for it.
        for connection in list(self._connections):
            connection.abort()
        self._links.close()

    def gather(self, connection: Connection, frame: Frame) -> None:
        """Have a request settled with all others that are there now."""
        self._gathered.append((connection, frame))
        if not self._called:
            self._called = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        """Settle what is gathered and answer it, or leave that to the ledger's thread."""
        self._called = False
        if not self._gathered:
            return
        batch, self._gathered = self._gathered[:MOST_REQUESTS], self._gathered[MOST_REQUESTS:]
        settled = self.operator.settle_here([frame for _, frame in batch])
        if settled is None:
            self._begun += len(batch)
            for connection, frame in batch:
                self.operator.begin(frame, self._loop, partial(self._concluded, connection, frame))
        else:
            silence = self.silence()
            for (connection, frame), one in zip(batch, settled, strict=True):
                connection.concluded(frame, one, silence)
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

    def enter(self, connection: Connection) -> bool:
        """Whether there is room for one more connection; it is counted then."""
        if len(self._connections) >= self.operator.settings.max_connections:
            return False
        self._connections.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(connection)
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

    async def _close_idle(self) -> None:
        """Close every connection whose idle time has passed.

        Connections stand in the order in which they became idle, so that the first is due first.
        """
        while True:
            self._someone_idle.clear()
            if not self._idle:
                await self._someone_idle.wait()
            connection, deadline = next(iter(self._idle.items()))
            await self.operator.clock.asleep(deadline)
            if self._idle.get(connection) is deadline:
                del self._idle[connection]
                connection.close()
