"""Port 13447: one asyncio Protocol per connection, frames in, answers out in the same order (OF-01 … OF-05).

While a request is in work the connection is not read, so that no peer can pile up more than one chunk here.
All time-outs are lab time of the operator.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any, Final

from ofd_mock.uz.frames import BadFrame, Frame, FrameReader
from ofd_mock.uz.operator import Operator, Reply
from reference.runtime.clock import Deadline

_BACKLOG: Final = 1024


class Phase(Enum):
    """What a connection waits for; each has its own time-out."""

    NEW = auto()
    """Nothing yet: it has just been made, and no time-out has begun."""
    FIRST = auto()
    """The first byte of all: as long as for half a frame."""
    FRAME = auto()
    """The rest of a frame that has begun (OF-04)."""
    NEXT = auto()
    """Another request after an answer (OF-05)."""
    WORK = auto()
    """Our own answer: no time-out."""
    DEAF = auto()
    """Nothing any more: a fault rule ordered silence; it ends when the client leaves."""


class Connection(asyncio.Protocol):
    """One client. It lives until the client leaves, a time-out passes, or what it sends makes no sense."""

    def __init__(self, server: MessageServer) -> None:
        self._server = server
        self._operator = server.operator
        self._reader = FrameReader(server.operator.settings.max_message)
        self._waiting: deque[Frame | BadFrame] = deque()
        self._phase = Phase.NEW
        self._ended = False
        self._watch: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come; beyond `max_connections` it is sent away at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._server.enter(self):
            transport.abort()
            return
        rule = self._operator.faults.hit("ofd.connect")
        if rule is None:
            self._enter(Phase.FIRST)
            return
        deadline = self._operator.clock.deadline(rule.delay)
        self._operator.events.record("fault", point="ofd.connect", action=rule.action)
        self._enter(Phase.WORK)
        self._server.run(self._greet_badly(rule.action, deadline))

    def data_received(self, data: bytes) -> None:
        """Bytes in pieces of any size, several frames in one of them included."""
        if self._phase is Phase.DEAF:
            return
        self._waiting.extend(self._reader.feed(data))
        if self._waiting:
            self._enter(Phase.WORK)
            self._server.run(self._serve())
        else:
            self._enter(Phase.FRAME)

    def eof_received(self) -> bool:
        """The client will send no more. While a request is in work nothing is read, so its answer goes
        first.
        """
        self._transport.close()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has left; a request in work is finished all the same, its answer is thrown away."""
        self._ended = True
        self._server.leave(self)
        self._stop_watch()

    def close(self) -> None:
        """End the connection; what has been answered is still sent."""
        self._transport.close()

    async def _greet_badly(self, action: str, deadline: Deadline) -> None:
        await self._operator.clock.asleep(deadline)
        if action == "close":
            self._transport.abort()
        else:
            self._enter(Phase.DEAF if action == "silence" else Phase.FIRST)

    async def _serve(self) -> None:
        silence: dict[Phase, Deadline] = {}
        while self._waiting and not self._ended:
            event = self._waiting.popleft()
            if isinstance(event, BadFrame):
                reply = Reply(self._operator.refuse(event.code, event.text).data, close=event.lost)
            else:
                reply = await self._operator.handle(event.data)
            if self._transport.is_closing():
                return
            if reply.data:
                # Before the client can know: it may answer, or let hours pass, ere this thread goes on.
                silence = {phase: self._silence(phase) for phase in (Phase.FRAME, Phase.NEXT)}
                self._transport.write(reply.data)
            if reply.close:
                self._transport.close()
                return
            if not reply.data:
                self._enter(Phase.DEAF)
                return
        phase = Phase.FRAME if self._reader.unfinished else Phase.NEXT
        self._enter(phase, silence.get(phase))

    def _silence(self, phase: Phase) -> Deadline:
        settings = self._operator.settings
        limit = settings.keep_open_seconds if phase is Phase.NEXT else settings.half_frame_seconds
        return self._operator.clock.deadline(limit)

    def _enter(self, phase: Phase, until: Deadline | None = None) -> None:
        """Go over to a phase; its time begins (or began, to end at `until`), unless it is in it already."""
        if self._ended or (phase is self._phase and self._watch is not None):
            return
        self._stop_watch()
        if phase is Phase.WORK:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
        if phase not in (Phase.WORK, Phase.DEAF):
            deadline = until or self._silence(phase)
            self._watch = asyncio.get_running_loop().create_task(self._give_up_at(deadline))
        self._phase = phase

    async def _give_up_at(self, deadline: Deadline) -> None:
        await self._operator.clock.asleep(deadline)
        self._transport.close()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


class MessageServer:
    """The message port. Make it and start it in the event loop that is to serve it."""

    def __init__(self, operator: Operator, host: str, port: int) -> None:
        self.operator = operator
        self._host = host
        self._port = port
        self._connections: set[Connection] = set()
        self._work: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        operator.alone = lambda: len(self._work) == 1

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
        """Take no new connection, give requests in work 5 real seconds, and close every connection."""
        if self._server is not None:
            self._server.close()
        if self._work:
            await asyncio.wait(self._work, timeout=5)
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
