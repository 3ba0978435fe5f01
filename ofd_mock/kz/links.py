"""TCP connections on one epoll of their own: what asyncio's transports do, for a fraction of their price.

The epoll itself is one file of the asyncio event loop. Whenever something is ready, everything that is ready
is accepted and read in one go, and only then `after` is called: so that requests which came together can be
settled together. All of it runs in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import errno
import select
import socket
from collections.abc import Callable
from typing import Final

import structlog

_BACKLOG: Final = 1024
_CHUNK: Final = 65_536
_MOST_READY: Final = 256
_MOST_ACCEPTED: Final = 64
_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REST_SECONDS: Final = 1.0
"""Real seconds that nobody is accepted after the machine had no more files or memory."""
_log = structlog.get_logger("operator-kz.links")


class Link:
    """One connection; whoever derives from it says what to do with what comes.

    It is watched only while somebody wants to read from it, or it has something left to send.
    """

    __slots__ = ("_closing", "_file", "_number", "_port", "_reading", "_unsent", "_watched")

    def __init__(self, port: Port, file: socket.socket) -> None:
        self._port = port
        self._file = file
        self._number = file.fileno()
        self._watched = 0
        self._reading = False
        self._closing = False
        self._unsent = b""

    def made(self) -> None:
        """The connection is there."""
        raise NotImplementedError

    def received(self, data: bytes) -> None:
        """Bytes have come."""
        raise NotImplementedError

    def ended(self) -> None:
        """The peer will send no more."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is gone; called once."""
        raise NotImplementedError

    @property
    def closing(self) -> bool:
        """Whether `close` or `abort` was called, or the connection is gone."""
        return self._closing

    def write(self, data: bytes) -> None:
        """Send, now or as soon as the peer takes it; nothing once the link closes."""
        if self._closing or not data:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._file.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.abort()
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._watch()

    def read(self, *, on: bool) -> None:
        """Go on reading, or read no more for now."""
        self._reading = on
        self._watch()

    def close(self) -> None:
        """Read no more, send what is left, and end the connection."""
        if not self._closing:
            self._closing = True
            if self._unsent:
                self._watch()
            else:
                self._end()

    def abort(self) -> None:
        """End the connection at once."""
        if self._watched >= 0:
            self._closing = True
            self._unsent = b""
            self._end()

    def ready(self, events: int) -> None:
        """Do what the epoll says can be done."""
        if events & _WRITE:
            self._send_on()
        if events & ~_WRITE and self._reading and not self._closing:
            self.try_read()

    def try_read(self) -> None:
        """Read what there is."""
        try:
            data = self._file.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.abort()
            return
        if data:
            self.received(data)
        else:
            self._reading = False
            self._watch()
            self.ended()

    def _send_on(self) -> None:
        try:
            sent = self._file.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.abort()
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            if self._closing:
                self._end()
            else:
                self._watch()

    def _watch(self) -> None:
        wanted = _READ if self._reading and not self._closing else 0
        if self._unsent:
            wanted |= _WRITE
        if wanted != self._watched and self._watched >= 0:
            self._port.watch(self, self._number, self._watched, wanted)
            self._watched = wanted

    def _end(self) -> None:
        self._port.forget(self._number, watched=self._watched > 0)
        self._watched = -1
        self._file.close()
        self.lost()


class Port:
    """A listening port, all of its addresses. Make and start it in the event loop that is to serve it."""

    def __init__(self, make: Callable[[Port, socket.socket], Link], after: Callable[[], None]) -> None:
        self._make = make
        self._after = after
        self._listeners: dict[int, socket.socket] = {}
        self._links: dict[int, Link] = {}
        self._loop: asyncio.AbstractEventLoop
        self._epoll: select.epoll

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port, the real one for 0. OSError names a port in use."""
        self._loop = loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, place in dict.fromkeys((info[0], info[4]) for info in infos):
                listener = socket.create_server(place[:2], family=family, backlog=_BACKLOG)
                listener.setblocking(False)
                # Without Nagle's algorithm; accepted sockets inherit it.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._listeners[listener.fileno()] = listener
        except OSError:
            self._close_listeners()
            raise
        self._epoll = select.epoll()
        for number in self._listeners:
            self._epoll.register(number, _READ)
        loop.add_reader(self._epoll.fileno(), self._ready)
        return int(next(iter(self._listeners.values())).getsockname()[1])

    def refuse(self) -> None:
        """Take no new connection."""
        for number in self._listeners:
            self._epoll.unregister(number)
        self._close_listeners()

    def close(self) -> None:
        """Watch nothing more. Links must have been closed."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def watch(self, link: Link, number: int, before: int, wanted: int) -> None:
        """Watch a link for other things than before."""
        if not before:
            self._links[number] = link
            self._epoll.register(number, wanted)
        elif wanted:
            self._epoll.modify(number, wanted)
        else:
            # Even for nothing the epoll would tell of a peer that hung up, and again at once.
            self.forget(number, watched=True)

    def forget(self, number: int, *, watched: bool) -> None:
        """Watch a link no more."""
        if watched:
            del self._links[number]
            self._epoll.unregister(number)

    def watch_listener(self, number: int, *, on: bool) -> None:
        """Accept on a listener, or not for now."""
        if number in self._listeners:
            self._epoll.modify(number, _READ if on else 0)

    def _ready(self) -> None:
        links = self._links
        for number, events in self._epoll.poll(0, _MOST_READY):
            link = links.get(number)
            if link is not None:
                link.ready(events)
            elif number in self._listeners:
                self._accept(number)
        self._after()

    def _accept(self, number: int) -> None:
        accept = self._listeners[number].accept
        for _ in range(_MOST_ACCEPTED):
            try:
                file, _ = accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _log.error("nobody can be accepted for now", exc_info=error)
                self.watch_listener(number, on=False)
                self._loop.call_later(_REST_SECONDS, lambda: self.watch_listener(number, on=True))
                return
            file.setblocking(False)
            self._make(self, file).made()

    def _close_listeners(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
