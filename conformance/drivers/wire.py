"""A TCP connection of the judge's own: every piece it sends or gets goes into the transcript.

For cases that break frames on purpose, and for the operator's wire. Time-outs are the operating system's.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Callable
from typing import Final, Protocol

from conformance.events import Direction, Layer
from conformance.verdicts import AnswerMissing, TargetUnreachable
from reference.links.address import Endpoint, connect

BY_US: Final = b"closed by the judge"
RESET_BY_US: Final = b"reset by the judge"
NOT_OPENED: Final = b"connect"
"""`about` of a closing that no peer made: we closed, cut it off, or nobody let us in."""
_LINES: Final = itertools.count(1)


class Tap(Protocol):
    """Where exchanges are written down."""

    def __call__(
        self, layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0, /
    ) -> None:
        """Note bytes that crossed a wire; `about` is the command that a received answer answers, `line` the
        connection, where there may be several.
        """


class Stream(Protocol):
    """What a wire needs of a socket."""

    def settimeout(self, value: float | None, /) -> None:
        """Real seconds that the peer may keep silent."""

    def sendall(self, data: bytes, /) -> None:
        """Send everything, or raise OSError."""

    def recv(self, bufsize: int, /) -> bytes:
        """Some bytes, none when the peer has closed; TimeoutError when it keeps silent."""

    def shutdown(self, how: int, /) -> None:
        """Close a direction."""

    def setsockopt(self, level: int, optname: int, value: bytes, /) -> None:
        """Set an option."""

    def close(self) -> None:
        """Let go of the connection."""


class OwnDial(Endpoint):
    """An endpoint that is no TCP address: it makes the stream itself, as a recording does."""

    __slots__ = ()

    def dial(self) -> Stream:
        """The connection; OSError when there is none."""
        raise NotImplementedError


def _dialled(endpoint: Endpoint, seconds: float) -> Stream:
    return endpoint.dial() if isinstance(endpoint, OwnDial) else connect(endpoint, seconds)


class Wire:
    """One TCP connection to `endpoint`. `seconds` is how long the peer may stay silent."""

    def __init__(self, endpoint: Endpoint, tap: Tap, layer: Layer, seconds: float) -> None:
        self.endpoint = endpoint
        self._tap = tap
        self._layer = layer
        self._seconds = seconds
        self._over = False
        self._line = next(_LINES)
        try:
            self._socket = _dialled(endpoint, seconds)
        except OSError as error:
            tap(layer, Direction.CLOSED, b"", NOT_OPENED, self._line)
            raise TargetUnreachable(f"nobody answers at {endpoint} ({error})") from error

    def send(self, data: bytes) -> None:
        """Send all of `data`. AnswerMissing when the peer has hung up."""
        self._tap(self._layer, Direction.SENT, data, b"", self._line)
        self._socket.settimeout(self._seconds)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise AnswerMissing(f"{self.endpoint} took no more bytes: {error}") from error

    def send_pieces(self, *pieces: bytes) -> None:
        """Send each piece in a segment of its own."""
        for piece in pieces:
            self.send(piece)

    def finish_sending(self) -> None:
        """Close our direction; the peer's answer can still be read."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def receive(self, size: int, *, seconds: float | None = None, about: bytes = b"") -> bytes:
        """Exactly `size` bytes. AnswerMissing when the peer closes or stays silent first."""
        data = self.receive_until(lambda got: len(got) >= size, limit=size, seconds=seconds, about=about)
        if len(data) < size:
            raise AnswerMissing(f"{self.endpoint} closed after {len(data)} of {size} bytes")
        return data

    def receive_until(
        self,
        done: Callable[[bytes], bool],
        *,
        limit: int = 1 << 24,
        seconds: float | None = None,
        about: bytes = b"",
    ) -> bytes:
        """Bytes until `done(bytes so far)` or the peer closes. AnswerMissing when it stays silent first."""

        def wanted(data: bytes) -> int:
            return 0 if done(data) else min(65536, limit - len(data))

        return self._gather(wanted, self._seconds if seconds is None else seconds, about)

    def receive_sized(
        self, size_of: Callable[[bytes], int | None], *, seconds: float | None = None, about: bytes = b""
    ) -> bytes:
        """Bytes of one frame and no more, so that the next frame stays to be read.

        `size_of` tells the frame's size from its beginning, None while that is open. What has come when the
        peer closes is returned; AnswerMissing when it stays silent first.
        """

        def wanted(data: bytes) -> int:
            size = size_of(data)
            return 1 if size is None else size - len(data)

        return self._gather(wanted, self._seconds if seconds is None else seconds, about)

    def _gather(self, wanted: Callable[[bytes], int], seconds: float, about: bytes) -> bytes:
        """Read on while `wanted(bytes so far)` is more than 0, which is how much at the most."""
        data = b""
        over = False
        self._socket.settimeout(seconds)
        try:
            while not over and (most := wanted(data)) > 0:
                piece = self._socket.recv(most)
                over = not piece
                data += piece
        except TimeoutError:
            raise AnswerMissing(f"{self.endpoint} stayed silent after {len(data)} bytes") from None
        except ConnectionError:
            over = True
        finally:
            if data:
                self._tap(self._layer, Direction.RECEIVED, data, about, self._line)
        if over:
            self._closed(about)
        return data

    def closed_by_peer(self, seconds: float) -> bool:
        """Whether the peer closes within `seconds` real seconds without another byte."""
        self._socket.settimeout(seconds)
        try:
            piece = self._socket.recv(1)
        except TimeoutError:
            return False
        except ConnectionError:
            piece = b""
        if piece:
            self._tap(self._layer, Direction.RECEIVED, piece, b"", self._line)
            return False
        self._closed(b"")
        return True

    def _closed(self, about: bytes) -> None:
        """Note that the connection is over, and by whom."""
        self._over = True
        self._tap(self._layer, Direction.CLOSED, b"", about, self._line)

    def close(self, *, abruptly: bool = False) -> None:
        """Close the connection; `abruptly` resets it, as a cut cable does."""
        if abruptly:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()
        if not self._over:
            self._closed(RESET_BY_US if abruptly else BY_US)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
