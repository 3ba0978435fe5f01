"""The client of the fleet benchmarks: many connections, each sending its next frame when answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

from reference.runtime.clock import real_elapsed
from tools.bench.children import BenchError, host_port

Check = Callable[[bytes], bool]


class LockstepClient(asyncio.Protocol):
    """One connection of the fleet: sends `frames` one after the other and looks at every answer."""

    def __init__(self, greeted: bool, accepts: Check) -> None:
        self._frames: Sequence[bytes] = ()
        self._next = 0
        self._buffer = b""
        self._accepts = accepts
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self._greeting_due = greeted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch off Nagle's algorithm."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self, frames: Sequence[bytes]) -> asyncio.Future[None]:
        """Begin with a list of commands; the future is done when the last one is answered."""
        self._frames = [bytes((len(frame),)) + frame for frame in frames]
        self._next = 0
        self._done = asyncio.get_running_loop().create_future()
        if not self._greeting_due:
            self._send()
        return self._done

    def data_received(self, data: bytes) -> None:
        """Take the answer, then send the next command."""
        buffer = self._buffer + data if self._buffer else data
        if len(buffer) <= buffer[0]:
            self._buffer = buffer
            return
        answer, self._buffer = buffer[1 : 1 + buffer[0]], buffer[1 + buffer[0] :]
        if self._greeting_due:
            self._greeting_due = False
        elif not self._accepts(answer):
            self._fail(f"command {self._next} was answered {answer.hex()}")
            return
        if self._done is not None:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends early ends the benchmark."""
        self._fail(f"the connection was closed ({exc})")

    def _send(self) -> None:
        if self._next == len(self._frames):
            if self._done is not None and not self._done.done():
                self._done.set_result(None)
            return
        self._transport.write(self._frames[self._next])
        self._next += 1

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(BenchError(why))


async def connect_all(addresses: Sequence[str], *, greeted: bool, accepts: Check) -> list[LockstepClient]:
    """One client for every address; `greeted` where the server speaks first."""
    loop = asyncio.get_running_loop()
    clients = []
    for address in addresses:
        host, port = host_port(address)
        _, client = await loop.create_connection(lambda: LockstepClient(greeted, accepts), host, port)
        clients.append(client)
    return clients


async def rate(clients: Sequence[LockstepClient], work: Sequence[Sequence[bytes]]) -> float:
    """Answers a second when every client runs its own list of commands."""
    start = real_elapsed()
    await asyncio.gather(*(client.run(frames) for client, frames in zip(clients, work, strict=True)))
    return sum(len(frames) for frames in work) / (real_elapsed() - start)
