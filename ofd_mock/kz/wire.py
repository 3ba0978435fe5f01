"""Port 7777: one asyncio Protocol per connection, frames in, answers out in the same order (kz-ofd §2).

While a request is in work the connection is not read, so that no peer can pile up more than one chunk here.
The idle time-out is lab time of the operator.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from typing import Any, Final

from ofd_mock.kz.operator import KzOperator, Reply
from ofd_mock.pauses import sleep_until
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
        self._served = 0
        self._deadline: Deadline
        self._watch: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A register has come; beyond `max_connections` it is sent away at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._server.enter(self):
            transport.abort()
            return
        self._listen()
        rule = self._operator.faults.hit("ofd-kz.connect")
        if rule is not None:
            self._operator.events.record("fault", point="ofd-kz.connect", action=rule.action)
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
            return
        if self._waiting:
            self._pause()
            self._server.run(self._serve())
        elif self._broken:
            self._transport.close()
        else:
            self._listen()

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
        self._stop_watch()

    def close(self) -> None:
        """End the connection; what has been answered is still sent."""
        self._transport.close()

    async def _greet_badly(self, action: str, deadline: Deadline) -> None:
        await sleep_until(self._operator.clock, deadline)
        if action == "close":
            self._transport.abort()
            return
        self._deaf = action == "silence"
        self._listen()

    async def _serve(self) -> None:
        limit = self._operator.settings.requests_per_connection
        while self._waiting and not self._ended:
            reply = await self._operator.handle(self._waiting.popleft())
            if self._transport.is_closing():
                return
            await self._send(reply)
            self._served += 1
            if reply.close or (limit is not None and self._served >= limit):
                self._transport.close()
                return
            if not reply.data:
                self._deaf = True
                self._waiting.clear()
        if self._broken:
            self._transport.close()
        elif not self._ended:
            self._listen()

    async def _send(self, reply: Reply) -> None:
        if not reply.piecewise:
            self._transport.write(reply.data)
            return
        for byte in reply.data:
            self._transport.write(bytes((byte,)))
            await asyncio.sleep(0)

    def _listen(self) -> None:
        """Read on; the idle time begins anew, except for a silenced connection."""
        self._working = False
        if self._ended or self._transport.is_closing():
            return
        self._transport.resume_reading()
        if self._deaf:
            self._stop_watch()
            return
        self._deadline = self._operator.clock.deadline(self._operator.settings.idle_timeout_s)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._give_up())

    def _pause(self) -> None:
        self._working = True
        self._transport.pause_reading()
        self._stop_watch()

    async def _give_up(self) -> None:
        deadline = None
        while deadline is not self._deadline:
            deadline = self._deadline
            await sleep_until(self._operator.clock, deadline)
        self._transport.close()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


class KzServer:
    """The register port. Make it and start it in the event loop that is to serve it."""

    def __init__(self, operator: KzOperator, host: str, port: int) -> None:
        self.operator = operator
        self._host = host
        self._port = port
        self._connections: set[Connection] = set()
        self._work: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on: the real one when 0 was asked for."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; OSError names a port in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self._host, self._port, backlog=_BACKLOG
        )

    async def stop(self) -> None:
        """Take no new connection, give requests in work some time, and close every connection."""
        if self._server is not None:
            self._server.close()
        if self._work:
            await asyncio.wait(self._work, timeout=_STOP_SECONDS)
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

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for a connection; `stop` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
