"""Port 7777: one asyncio Protocol per connection, frames in, answers out in the same order (kz-ofd §2).

Who sends more while its request is in work is not read until that is answered, so that no peer can pile up
more than two chunks here. The idle time-out is lab time of the operator. asyncio has switched off Nagle's
algorithm.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from ofd_mock.kz.operator import KzOperator, Reply
from ofd_mock.kz.values import Outcome
from reference.protocol.kz.errors import FrameError
from reference.protocol.kz.frames import Frame, FrameReader
from reference.runtime.clock import Deadline

_BACKLOG: Final = 1024
_STOP_SECONDS: Final = 5
"""Real seconds that requests in work are given when the operator ends."""


class Connection(asyncio.Protocol):
    """One register. It lives until it leaves, `idle_timeout_s` passes, or what it sends is no frame."""

    def __init__(self, server: KzServer) -> None:
        self._server = server
        self._operator = server.operator
        self._reader = FrameReader(server.operator.settings.max_frame_bytes)
        self._waiting: deque[Frame] = deque()
        self._broken = False
        self._deaf = False
        self._ended = False
        self._working = False
        self._paused = False
        self._served = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A register has come; beyond `max_connections` it is sent away at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._server.enter(self):
            transport.abort()
            return
        rule = self._operator.faults.hit("ofd-kz.connect")
        if rule is None:
            self._listen()
            return
        self._operator.events.record("fault", point="ofd-kz.connect", action=rule.action)
        self._working = True
        self._pause()
        self._server.run(self._greet_badly(rule.action, self._operator.clock.deadline(rule.delay)))

    def data_received(self, data: bytes) -> None:
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
            self._pause()
        else:
            self._go_on()

    def eof_received(self) -> bool:
        """The register will send no more; what is in work is still answered (FR-01)."""
        if not self._working:
            self._transport.close()
        self._broken = True
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """The register has left; a request in work is finished all the same, its answer is thrown away."""
        self._ended = True
        self._server.leave(self)

    def close(self) -> None:
        """End the connection; what has been answered is still sent."""
        self._transport.close()

    async def _greet_badly(self, action: str, deadline: Deadline) -> None:
        await self._operator.clock.asleep(deadline)
        if action == "close":
            self._transport.abort()
            return
        self._deaf = action == "silence"
        self._listen()

    def _go_on(self, silence: Deadline | None = None) -> None:
        """Begin with the next request; without one, listen, or close when nothing more can come."""
        if self._waiting and not self._ended:
            self._working = True
            self._server.busy(self)
            if self._operator.calm:
                frame = self._waiting.popleft()
                server = self._server
                server.begun += 1
                self._operator.begin(frame, server.loop, partial(self._concluded, frame))
            else:
                self._server.run(self._serve())
        elif self._broken:
            self._working = False
            self._transport.close()
        else:
            self._listen(silence)

    def _concluded(self, frame: Frame, settled: Outcome | Exception) -> None:
        """The request that `_go_on` began is settled."""
        self._server.concluded()
        if self._transport.is_closing():
            return
        reply = self._operator.conclude(frame, settled)
        silence = self._server.silence()
        self._transport.write(reply.data)
        if self._stays(reply):
            self._go_on(silence)

    async def _serve(self) -> None:
        """Answer one request while faults may strike."""
        reply = await self._operator.handle(self._waiting.popleft())
        if self._transport.is_closing():
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
            self._transport.close()
            return False
        if not reply.data:
            self._deaf = True
            self._waiting.clear()
        return True

    async def _send(self, reply: Reply) -> None:
        if not reply.piecewise:
            self._transport.write(reply.data)
            return
        for byte in reply.data:
            self._transport.write(bytes((byte,)))
            await asyncio.sleep(0)

    def _listen(self, silence: Deadline | None = None) -> None:
        """Read on; the idle time begins anew, except for a silenced connection.

        `silence` is when it ends if it began earlier: with the answer, which the client may have long since.
        """
        self._working = False
        if self._ended or self._transport.is_closing():
            return
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if not self._deaf:
            self._server.idle(self, silence or self._server.silence())

    def _pause(self) -> None:
        """Read no more before what has come is answered."""
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()


class KzServer:
    """The register port. Make it and start it in the event loop that is to serve it."""

    def __init__(self, operator: KzOperator, host: str, port: int) -> None:
        self.operator = operator
        self._host = host
        self._port = port
        self._connections: set[Connection] = set()
        self._idle: dict[Connection, Deadline] = {}
        self._someone_idle = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._work: set[asyncio.Future[Any]] = set()
        self._drained: asyncio.Future[None] | None = None
        self.begun = 0
        self.loop: asyncio.AbstractEventLoop
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on: the real one when 0 was asked for."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; OSError names a port in use."""
        self.loop = loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self._host, self._port, backlog=_BACKLOG
        )
        self._watch = loop.create_task(self._close_idle())

    async def stop(self) -> None:
        """Take no new connection, give requests in work some time, and close every connection."""
        if self._server is not None:
            self._server.close()
        if self.begun:
            self._drained = self.loop.create_future()
            self._work.add(self._drained)
        if self._work:
            await asyncio.wait(self._work, timeout=_STOP_SECONDS)
        if self._watch is not None:
            self._watch.cancel()
        for connection in list(self._connections):
            connection.close()
        if self._server is not None:
            await self._server.wait_closed()

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
        self._someone_idle.set()

    def busy(self, connection: Connection) -> None:
        """A connection has something to do, or is silenced, or has ended."""
        self._idle.pop(connection, None)

    def concluded(self) -> None:
        """One request less that was begun without a task; `stop` waits for them."""
        self.begun -= 1
        if not self.begun and self._drained is not None:
            self._drained.set_result(None)

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
