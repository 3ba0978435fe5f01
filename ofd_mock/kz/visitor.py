"""One connection of the intake: bytes in, records out; answers in, bytes out (see intake.py).

Most connections live for one request: they are a file's number and not a socket object, which would cost as
much as accepting it, and a whole frame is cut without a reader of its own.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from typing import Final, Protocol

from ofd_mock.kz import records
from ofd_mock.kz.records import Record
from reference.protocol.kz.errors import FrameError
from reference.protocol.kz.frames import FrameReader, whole_frame

_CHUNK: Final = 65_536
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
    """One connection. It is watched only while it is to be read, or has something left to take.

    `file` is the number of its file, which does not block, and belongs to the visitor from now on.
    """

    __slots__ = (
        "_closing",
        "_deaf",
        "_due",
        "_file",
        "_intake",
        "_limit",
        "_number",
        "_over",
        "_reader",
        "_unsent",
        "_watched",
    )

    def __init__(self, intake: Host, file: int, number: int) -> None:
        self._intake = intake
        self._file = file
        self._number = number
        self._limit = intake.max_frame_bytes
        self._reader: FrameReader | None = None
        """Since something came that was not one whole frame."""
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

    def begin(self) -> None:
        """Tell the operator of the connection: by what has come already, mostly its request."""
        try:
            data = os.read(self._file, _CHUNK)
        except OSError:
            data = b""
        if not data:
            self._intake.tell((records.CAME, self._number))
            # What it was that came, an end or nothing yet, is found again.
            self._watch()
            return
        self._take(data)
        if self._over or not self._due:
            self._watch()

    def read(self) -> None:
        """Read what there is, and tell the operator."""
        try:
            data = os.read(self._file, _CHUNK)
        except BlockingIOError:
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
        self._due -= 1
        self._intake.due -= 1
        if flags & records.PIECEWISE:
            for place in range(len(data)):
                self._send(data[place : place + 1])
        elif data:
            self._send(data)
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
            self._intake.forget(self._number, self._file, self._watched)
            self._watched = -1
            os.close(self._file)

    def _take(self, data: bytes) -> None:
        tell, number = self._intake.tell, self._number
        reader = self._reader
        if reader is None:
            whole = whole_frame(data, self._limit)
            if whole is not None:
                self._due += 1
                self._intake.due += 1
                tell((records.FRAME, number, *whole))
                return
            reader = self._reader = FrameReader(self._limit)
        fault = None
        try:
            frames: Sequence[tuple[tuple[int, ...], bytes]] = reader.feed(data)
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
        if self._watched < 0:
            return  # its file is closed, and its number may be another's by now
        try:
            sent = os.write(self._file, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._vanish()
            return
        if sent != len(data):
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
            self._intake.watch(self, self._file, self._watched, wanted)
            self._watched = wanted
