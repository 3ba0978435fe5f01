"""The sockets of a proxy: clients come in at one address, and each gets its own connection to the server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol

from conformance.proxy.book import Book
from conformance.proxy.flow import Flow, LineOver
from conformance.proxy.rules import CONNECT, ProxyFaults
from conformance.proxy.units import Side
from conformance.proxy.waiting import Waiting
from conformance.proxy.wires import Wire
from reference.links.address import Endpoint, resolve
from reference.runtime.clock import PartClock

CHUNK = 65536
CONNECT_SECONDS = 15.0


class StreamTap(Protocol):
    """Who wants the bytes of both TCP connections as they went over them (a packet capture)."""

    def opened(self, line: int, leg: str, client: tuple[str, int], server: tuple[str, int]) -> None:
        """A TCP connection is there; `leg` is `client` (to the proxy) or `server` (from it)."""

    def data(self, line: int, leg: str, side: Side, data: bytes) -> None:
        """Bytes of one direction."""

    def closed(self, line: int, leg: str) -> None:
        """It is over."""


class Proxy:
    """One wire between `listen` and `to`. Lives in one event loop; `book` and `waiting` say what goes on."""

    def __init__(
        self,
        wire: Wire,
        to: Endpoint,
        clock: PartClock,
        faults: ProxyFaults,
        book: Book,
        *,
        tap: StreamTap | None = None,
        allow_any_host: bool = False,
    ) -> None:
        self.wire = wire
        self.to = to
        self.faults = faults
        self.book = book
        self.waiting = Waiting(clock)
        self.tap = tap
        self.lines: dict[int, str] = {}
        self.address: tuple[str, int] = ("", 0)
        self._allow_any_host = allow_any_host
        self._numbers: list[str] = []
        self._count = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> None:
        """Listen (port 0: a free one). OSError for an address in use or a server without an address;
        AddressRefusedError for one nothing here may talk to.
        """
        self.redirect(self.to)
        self._server = await asyncio.start_server(self._serve, host, port)
        name = self._server.sockets[0].getsockname()
        self.address = (name[0], name[1])

    def redirect(self, to: Endpoint) -> None:
        """Connect the clients that come from now on to another server; errors as `start`."""
        self._numbers = resolve(to, self._allow_any_host)
        self.to = to

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for _ in range(_TURNS):
            # Who was accepted already is served from the next turns on, and only then can be told to end.
            await asyncio.sleep(0)
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._count += 1
        try:
            await self._connect(self._count, reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()  # the proxy stops
        finally:
            _drop(writer)
            self._tasks.discard(task)

    async def _connect(self, line: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _shown(writer.get_extra_info("peername"))
        rule = self.faults.hit(CONNECT, line=str(line), client=client)
        if rule is not None:
            self.book.remarked(line, f"rule {rule.id}: {rule.action} the connection of {client}")
            if rule.action == "refuse":
                abort(writer)
                return
            if rule.action == "hold":
                await self.waiting.hold(
                    line, f"connection of {client}", rule.delay, real=rule.value == "real"
                )
            else:
                await self.waiting.pause(rule.delay, real=rule.value == "real")
        try:
            outward = await self._dial()
        except (OSError, TimeoutError) as error:
            self.book.remarked(line, f"the server at {self.to} is not there for {client}: {error}")
            abort(writer)
            return
        self.book.opened(line, client, str(self.to))
        self.lines[line] = client
        try:
            await _Line(self, line, (reader, writer), outward).run()
        finally:
            _drop(outward[1])
            del self.lines[line]

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        failure: OSError | TimeoutError = OSError(f"{self.to.host} has no address")
        for number in self._numbers:
            try:
                # Not `wait_for`: a connection that is there just as it is cancelled would be nobody's.
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(number, self.to.port)
            except (OSError, TimeoutError) as error:
                failure = error
        raise failure


_TURNS = 4
"""Turns of the loop from an accepted connection to its first step."""


class _Line:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(
        self,
        proxy: Proxy,
        number: int,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._number = number
        self._readers = {Side.REQUEST: client[0], Side.RESPONSE: server[0]}
        self._writers = {Side.REQUEST: server[1], Side.RESPONSE: client[1]}
        self._ended_by: Side | None = None

    async def run(self) -> None:
        """Pass everything on until both directions have ended, or one breaks."""
        reader = self._proxy.wire.reader()
        splitters = self._proxy.wire.splitters()
        flows = {
            side: Flow(self._proxy, self._number, side, splitters[side], reader, self._sender(side))
            for side in Side
        }
        self._tell_tap()
        tasks = [asyncio.create_task(self._pump(side, flows[side])) for side in Side]
        abruptly = True
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failures = [task.exception() for task in done]
            abruptly = any(_is_abrupt(failure) for failure in failures)
            for failure in failures:
                if failure is not None and not isinstance(failure, LineOver | ConnectionError):
                    raise failure
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._close(abruptly)

    async def _pump(self, side: Side, flow: Flow) -> None:
        reader, writer = self._readers[side], self._writers[side]
        leg = "client" if side is Side.REQUEST else "server"
        while data := await reader.read(CHUNK):
            if self._proxy.tap is not None:
                self._proxy.tap.data(self._number, leg, side, data)
            await flow.take(data)
        self._ended_by = self._ended_by or side
        await flow.finish()
        with contextlib.suppress(OSError):  # the other side may have gone already
            if writer.can_write_eof():
                writer.write_eof()

    def _sender(self, side: Side) -> _Sender:
        return _Sender(self._proxy.tap, self._number, side, self._writers[side])

    def _tell_tap(self) -> None:
        tap = self._proxy.tap
        if tap is None:
            return
        for leg, writer in (
            ("client", self._writers[Side.RESPONSE]),
            ("server", self._writers[Side.REQUEST]),
        ):
            ends = [writer.get_extra_info(name)[:2] for name in ("peername", "sockname")]
            client, server = ends if leg == "client" else reversed(ends)
            tap.opened(self._number, leg, client, server)

    async def _close(self, abruptly: bool) -> None:
        for leg, side in (("client", Side.RESPONSE), ("server", Side.REQUEST)):
            writer = self._writers[side]
            if abruptly:
                abort(writer)
            else:
                writer.close()
            if self._proxy.tap is not None:
                self._proxy.tap.closed(self._number, leg)
        self._proxy.book.closed(self._number, self._ended_by)
        for writer in self._writers.values():
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Sender:
    """Writes one direction's bytes to the side they go to."""

    def __init__(self, tap: StreamTap | None, line: int, side: Side, writer: asyncio.StreamWriter) -> None:
        self._tap = tap
        self._line = line
        self._side = side
        self._leg = "server" if side is Side.REQUEST else "client"
        self._writer = writer

    async def __call__(self, data: bytes) -> None:
        if self._tap is not None:
            self._tap.data(self._line, self._leg, self._side, data)
        self._writer.write(data)
        await self._writer.drain()


def _drop(writer: asyncio.StreamWriter) -> None:
    """Close a connection that nobody has closed yet, however its task ended."""
    if not writer.is_closing():
        writer.transport.abort()


def abort(writer: asyncio.StreamWriter) -> None:
    """Reset a connection, as a cut cable or a closed port does."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


def _is_abrupt(failure: BaseException | None) -> bool:
    if isinstance(failure, LineOver):
        return failure.abruptly
    return failure is not None


def _shown(name: tuple[str, int] | None) -> str:
    return "?" if name is None else f"{name[0]}:{name[1]}"
