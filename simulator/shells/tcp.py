"""The TCP shell: connecting is powering up, then one length byte and an APDU each way (uz-fiscal §7).

Bytes come in through `_Link`, one connection; `ModulePort` is the listening socket of one module and
decides whose turn it is. Commands go to `simulator.exchanges`, answers come back by callback in the same
thread.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

from reference.protocol.uz.apdu import ATR_VENDOR
from simulator.exchanges import Exchanges
from simulator.rack import Slot

TURN_SECONDS: Final = 15.0
"""Lab seconds a second connection waits for the first to end (uz-fiscal EM-04)."""

_INBOX_LIMIT: Final = 64 * 1024
_FRAMES: Final = tuple(bytes((size,)) for size in range(256))
_ATR_FRAME: Final = _FRAMES[len(ATR_VENDOR)] + ATR_VENDOR


class ModulePort:
    """Where one module listens. `unplug` and `plug` pull it out of its socket and put it back."""

    def __init__(self, slot: Slot, exchanges: Exchanges) -> None:
        self.slot = slot
        self.exchanges = exchanges
        self._current: _Link | None = None
        self._waiting: dict[_Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._hands = 0
        self.address: tuple[str, int] = ("", 0)

    @property
    def plugged(self) -> bool:
        """Whether hosts can connect."""
        return self._server is not None

    @property
    def connected(self) -> bool:
        """Whether a host has the module now."""
        return self._current is not None

    async def listen(self, host: str, port: int) -> None:
        """Open the socket; port 0 is a free one. OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Link(self), host, port, backlog=64)
        name = self._server.sockets[0].getsockname()
        self.address = (name[0], name[1])

    async def plug(self) -> None:
        """Listen again where it listened before; nothing to do when it does."""
        self._hands += 1
        if self._server is None:
            await asyncio.sleep(0)  # the socket that was pulled a moment ago closes first
        if self._server is None:
            await self.listen(*self.address)

    def plug_after(
        self, seconds: float, put_in: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        """Listen again when that much lab time has passed, unless somebody was faster with either hand.

        `put_in` does it for all bodies of the module instead.
        """
        hand = self._hands

        def plug() -> None:
            if hand == self._hands:
                self.exchanges.spawn((put_in or self.plug)())

        self.exchanges.after(seconds, plug)

    def unplug(self) -> None:
        """Close the socket, drop who is connected and who waits: the module has no power."""
        self._hands += 1
        if self._server is not None:
            # Not at once: asyncio loses a connection accepted for a server that is closed by then.
            asyncio.get_running_loop().call_soon(self._server.close)
            self._server = None
        for link in list(self._waiting):
            self._stop_waiting(link)
            link.drop()
        self.cut()

    def cut(self) -> None:
        """Drop the connection that has the module, if any, as a loss of power does."""
        if self._current is not None:
            self._current.drop()

    def arrived(self, link: _Link) -> None:
        """A host has connected: power for it, or a place in the queue."""
        if self._server is None:
            link.drop()  # accepted a moment before the cable was pulled
            return
        if self._current is None:
            self._power(link)
            return
        self._waiting[link] = self.exchanges.after(TURN_SECONDS, link.drop)

    def left(self, link: _Link) -> None:
        """A connection is gone: the power goes with it, and the next one may have it."""
        if link is not self._current:
            self._stop_waiting(link)
            return
        self._current = None
        self.exchanges.power_off(self.slot)
        first = next(iter(self._waiting), None)
        if first is not None:
            self._stop_waiting(first)
            self._power(first)

    def _power(self, link: _Link) -> None:
        self._current = link
        self.exchanges.power_on(self.slot, link.begin, link.drop)

    def _stop_waiting(self, link: _Link) -> None:
        timer = self._waiting.pop(link, None)
        if timer is not None:
            timer.cancel()


class _Link(asyncio.Protocol):
    """One connection. Frames that come while a command is at work wait in the inbox."""

    __slots__ = ("_busy", "_inbox", "_paused", "_port", "_transport", "_working")

    def __init__(self, port: ModulePort) -> None:
        self._port = port
        self._inbox = bytearray()
        self._busy = True  # until there is power
        self._working = False
        self._paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port.arrived(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._port.left(self)

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        if not self._busy:
            self._work()
        if len(self._inbox) > _INBOX_LIMIT and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def begin(self) -> None:
        """There is power: show the ATR and take commands."""
        if self._transport is not None:
            self._transport.write(_ATR_FRAME)
            self._busy = False
            self._work()

    def drop(self) -> None:
        """Close without a farewell; what was not sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _work(self) -> None:
        inbox = self._inbox
        slot, submit = self._port.slot, self._port.exchanges.submit
        self._working = True
        while not self._busy and inbox and len(inbox) > inbox[0] and self._transport is not None:
            end = inbox[0] + 1
            frame = bytes(inbox[1:end])
            del inbox[:end]
            self._busy = True
            submit(slot, frame, self._done)
        self._working = False
        if self._paused and self._transport is not None and len(inbox) <= _INBOX_LIMIT:
            self._paused = False
            self._transport.resume_reading()

    def _done(self, answer: bytes | None) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if answer is None:
            transport.abort()
            return
        transport.write(_FRAMES[len(answer)] + answer)
        self._busy = False
        if self._inbox and not self._working:
            self._work()
