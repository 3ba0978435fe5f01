"""One connection of the intake: bytes in, records out; answers in, bytes out (see intake.py)."""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from typing import Final, Protocol

from ofd_mock.kz import records
from ofd_mock.kz.records import Record
from reference.protocol.kz.errors import FrameError
from reference.protocol.kz.frames import FrameReader

_CHUNK: Final = 65_536
_AT_ONCE: Final = socket.MSG_DONTWAIT
_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT


class Host(Protocol):
    """What a connection asks of the intake."""

    due: int
    """Frames of all connections without an answer."""
    max_frame_bytes: int

    def tell(self, record: Record, /) -> None:
        """Have the operator told."""

    def watch(self, visitor: Visitor, place: int, before: int, wanted: int) -> None:
        """Watch a connection for other things than before."""

    def forget(self, number: int, place: int, watched: int) -> None:
        """Forget a connection; closing its file takes it off the epoll."""


class Visitor:
    """One connection. It is watched only while it is to be read, or has something left to take."""

    __slots__ = (
        "_closing",
        "_deaf",
        "_due",
        "_file",
        "_intake",
        "_number",
        "_over",
        "_place",
        "_reader",
        "_unsent",
        "_watched",
    )

    def __init__(self, intake: Host, file: socket.socket, number: int) -> None:
        self._intake = intake
        self._file = file
        self._place = file.fileno()
        self._number = number
        self._reader = FrameReader(intake.max_frame_bytes)
        self._due = 0
        """Frames without an answer."""
        self._watched = 0
        self._over = False
        """Nothing more can come: the peer has ended, or what it sent is no frame."""
        self._deaf = False
        self._closing = False
        self._unsent = b""

    def ready(self, events: int) -> None:
        """Do what the epoll says can be done."""
        if events & _WRITE:
            self._send_on()
        if events & ~_WRITE and self._watched & _READ:
            if self._due:
                self._watch_for(self._watched & _WRITE)
            else:
                self.read()

    def read(self) -> None:
        """Read what there is, and tell the operator."""
        try:
            data = self._file.recv(_CHUNK, _AT_ONCE)
        except (BlockingIOError, InterruptedError):
            self._watch()
            return
        except OSError:
            self._vanish()
            return
        if not data:
            self._ended()
        elif not self._deaf:
            self._take(data)
        if self._over or not self._due:
            self._watch()

    def answer(self, data: bytes, flags: int) -> None:
        """Send what the oldest frame is answered, and do what the operator says about the connection."""
        if flags & records.PIECEWISE:
            for place in range(len(data)):
                self._send(data[place : place + 1])
        elif data:
            self._send(data)
        self._due -= 1
        self._intake.due -= 1
        if flags & records.DEAF:
            self.deafen()
        elif flags & records.LAST:
            self.close()
        else:
            self._watch()

    def deafen(self) -> None:
        """Throw away what comes from now on; no answer is due any more."""
        self._deaf = True
        self._intake.due -= self._due
        self._due = 0
        self._watch()

    def close(self) -> None:
        """Send what is left, then end."""
        self._closing = True
        if self._unsent:
            self._watch()
        else:
            self.end()

    def end(self) -> None:
        """End at once."""
        if self._watched >= 0:
            self._intake.due -= self._due
            self._due = 0
            self._intake.forget(self._number, self._place, self._watched)
            self._watched = -1
            self._file.close()

    def _take(self, data: bytes) -> None:
        tell, number = self._intake.tell, self._number
        fault = None
        try:
            frames: Sequence[tuple[tuple[int, ...], bytes]] = self._reader.feed(data)
        except FrameError as error:
            frames, fault = error.frames, error
        for header, body in frames:
            self._due += 1
            self._intake.due += 1
            tell((records.FRAME, number, tuple(header), body))
        if fault is not None:
            self._over = True
            tell((records.BROKEN, number, fault.reason, fault.text))
        elif not frames:
            tell((records.ALIVE, number))

    def _ended(self) -> None:
        if self._due:
            self._over = True
            self._intake.tell((records.ENDED, self._number))
        else:
            self._vanish()

    def _vanish(self) -> None:
        """End without having been asked to."""
        if self._watched >= 0:
            self._intake.tell((records.GONE, self._number))
            self.end()

    def _send(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._file.send(data, _AT_ONCE)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._vanish()
            return
        self._unsent = data[sent:]

    def _send_on(self) -> None:
        unsent, self._unsent = self._unsent, b""
        self._send(unsent)
        if self._closing and not self._unsent:
            self.end()
        else:
            self._watch()

    def _watch(self) -> None:
        """Watch for what is wanted now; who is watched and waits for an answer is, until it sends more."""
        wanted = 0
        if not (self._over or self._closing or (self._due and not self._watched & _READ)):
            wanted = _READ
        if self._unsent:
            wanted |= _WRITE
        self._watch_for(wanted)

    def _watch_for(self, wanted: int) -> None:
        if wanted != self._watched >= 0:
            self._intake.watch(self, self._place, self._watched, wanted)
            self._watched = wanted
