"""The operator's end of the intake: its listening sockets, the process that serves them, records both ways.

The sockets are made here and stay bound while that process lives or is replaced: if it ends unasked, its
connections are gone, a new one goes on where registers are knocking, and the operator has lost nothing. The
intake in turn ends as soon as this end of the socket pair does, however the operator ends.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from ofd_mock.kz import records
from ofd_mock.kz.records import Record, Unpacker, packed

_MODULE: Final = "ofd_mock.kz.intake"
_ROOT: Final = Path(__file__).parents[2]
_BACKLOG: Final = 1024
_CHUNK: Final = 1 << 16
"""Less than what the C library asks the system for each time, and gives back."""
_END_SECONDS: Final = 5.0
"""Real seconds that the process is given to end."""
_log = structlog.get_logger("operator-kz.intake")


class IntakeProcess:
    """The process, started and ended in the event loop that is to serve it.

    `take` is called in the loop with what the intake tells, `lost` when a process ended with all its
    connections.
    """

    def __init__(self, take: Callable[[list[Record]], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._listeners: list[socket.socket] = []
        self._out: list[Record] = []
        self._limit: Record | None = None
        self._sending = threading.Lock()
        self._unsent = b""
        self._ready = False
        self._ending: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop
        self._pair: socket.socket
        self._between: select.epoll
        self._process: subprocess.Popen[bytes]
        self._unpacker: Unpacker

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port, the real one for 0. OSError names a port in use."""
        self._loop = loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, place in dict.fromkeys((info[0], info[4]) for info in infos):
                listener = socket.create_server(place[:2], family=family, backlog=_BACKLOG)
                self._listeners.append(listener)
                # Whoever finds nobody to accept must not wait.
                listener.setblocking(False)
                # Without Nagle's algorithm; accepted sockets inherit it.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn()
        except OSError:
            self._close_listeners()
            raise
        return int(self._listeners[0].getsockname()[1])

    @property
    def pid(self) -> int:
        """The number of the process that serves now."""
        return self._process.pid

    def tell(self, record: Record) -> None:
        """Have a record sent with the next `flush`, which comes by itself."""
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(record)

    def flush(self) -> None:
        """Send what was told."""
        if self._out:
            out, self._out = self._out, []
            self._send(packed(out))

    def limit(self, max_frame_bytes: int) -> None:
        """Say how large frames may be, in whichever thread; who connects afterwards is judged by it."""
        self._limit = (records.LIMIT, max_frame_bytes)
        self._send(packed([self._limit]))

    def refuse(self) -> None:
        """Take no new connection."""
        self._close_listeners()
        self.tell((records.REFUSE,))
        self.flush()

    async def stop(self) -> None:
        """End the process; what it was told before, it does."""
        if self._pair.fileno() < 0:
            return  # it never began, or could not be replaced
        self.flush()
        self._ending = self._loop.create_future()
        if not self._unsent:
            self._shut()
        await asyncio.wait([self._ending], timeout=_END_SECONDS)
        self._let_go()

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            fds = [theirs.fileno(), *(listener.fileno() for listener in self._listeners)]
            path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", _MODULE, *map(str, fds)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=fds,
                    env=os.environ | {"PYTHONPATH": path},
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._pair, self._unpacker = ours, Unpacker()
        self._unsent, self._ready = b"", False
        self._out.clear()
        # See the intake: so that it does not wake this process on its own core.
        self._between = select.epoll()
        self._between.register(ours, select.EPOLLIN)
        self._loop.add_reader(self._between.fileno(), self.receive)
        if self._limit is not None:
            self._send(packed([self._limit]))

    def receive(self) -> bool:
        """Take what the intake has told, if it has; gives whether it has."""
        if self._pair.fileno() < 0:
            return False
        try:
            data = self._pair.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if data:
            self._ready = True
            self._take(self._unpacker.feed(data))
        elif self._ending is None:
            self._replace()
        else:
            self._loop.remove_reader(self._between.fileno())
            if not self._ending.done():
                self._ending.set_result(None)
        return bool(data)

    def _replace(self) -> None:
        """The process has ended unasked: have another one serve, unless it never began to."""
        begun = self._ready
        self._let_go()
        _log.error("the intake has ended", status=self._process.returncode, begun=begun)
        self._lost()
        if begun:
            self._spawn()
        else:
            self._close_listeners()

    def _let_go(self) -> None:
        """Close this end, and see the process end."""
        number = self._pair.fileno()
        if number < 0:
            return
        self._loop.remove_reader(self._between.fileno())
        self._between.close()
        self._loop.remove_writer(number)
        with self._sending:
            self._pair.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, data: bytes) -> None:
        """Send, now or when there is room for it; nothing when the process has gone."""
        with self._sending:
            if self._unsent:
                self._unsent += data
                return
            self._unsent = self._tried(data)
            if self._unsent:
                self._loop.call_soon_threadsafe(self._await_room)

    def _tried(self, data: bytes) -> bytes:
        """What is left of `data` after sending what there is room for."""
        try:
            return data[self._pair.send(data) :]
        except (BlockingIOError, InterruptedError):
            return data
        except OSError:
            return b""  # its end is noticed by reading

    def _await_room(self) -> None:
        if self._unsent and self._pair.fileno() >= 0:
            self._loop.add_writer(self._pair.fileno(), self._send_on)

    def _send_on(self) -> None:
        with self._sending:
            self._unsent = self._tried(self._unsent)
            left = self._unsent
        if not left:
            self._loop.remove_writer(self._pair.fileno())
            if self._ending is not None:
                self._shut()

    def _shut(self) -> None:
        try:
            self._pair.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _close_listeners(self) -> None:
        listeners: Sequence[socket.socket] = self._listeners
        for listener in listeners:
            listener.close()
        self._listeners = []
