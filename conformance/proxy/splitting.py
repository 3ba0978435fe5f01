"""Bytes of one direction in, pieces out: frames by their size, HTTP messages by h11. Nothing is ever lost.

What a splitter cannot understand it gives out as a piece with the reason, and from then on everything that
comes: a stream that was lost once is never guessed at again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import h11

from conformance.proxy.units import Piece, Side

LARGEST: Final = 16 << 20
"""Bytes of a unit that is still kept together; a larger one passes by as it comes."""

SizeOf = Callable[[bytes], int | None]
"""Size of the frame that begins with these bytes, None while that is open; ValueError when it is no frame."""


class _Kept:
    """Bytes that wait for the rest of their unit, until the stream is lost."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lost = ""

    @property
    def pending(self) -> bytes:
        """Bytes of a piece that is not complete yet."""
        return bytes(self._buffer)

    def tail(self, start: int) -> bytes:
        """Those bytes without the first `start`."""
        return bytes(self._buffer[start:])

    def _take(self, size: int) -> bytes:
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        return raw

    def _lose(self, reason: str) -> list[Piece]:
        self._lost = reason
        return [Piece(self._take(len(self._buffer)), reason)] if self._buffer else []


class SizedSplitter(_Kept):
    """Frames that tell their size at their beginning."""

    def __init__(self, size_of: SizeOf) -> None:
        super().__init__()
        self._size_of = size_of

    def feed(self, data: bytes) -> list[Piece]:
        """The frames that `data` completes."""
        self._buffer += data
        if self._lost:
            return self._lose(self._lost)
        pieces: list[Piece] = []
        while self._buffer:
            try:
                size = self._size_of(bytes(self._buffer[:32]))
            except ValueError as error:
                return pieces + self._lose(str(error))
            if size is None or size > len(self._buffer):
                break
            pieces.append(Piece(self._take(size)))
        return pieces

    def finish(self) -> list[Piece]:
        """The beginning of a frame whose rest never came."""
        return self._lose(self._lost or "the stream ended inside a frame")


class HttpSplitter(_Kept):
    """HTTP/1.1 messages of one direction. Both directions of a connection share `methods`: how an answer is
    framed depends on what was asked.
    """

    def __init__(self, side: Side, methods: deque[bytes]) -> None:
        super().__init__()
        self._side = side
        self._methods = methods
        self._parser: h11.Connection | None = None

    def feed(self, data: bytes) -> list[Piece]:
        """The messages that `data` completes."""
        if not data:
            return []
        self._buffer += data
        if self._lost:
            return self._lose(self._lost)
        if len(self._buffer) > LARGEST:
            return self._lose(f"a message of more than {LARGEST} bytes")
        return self._parsed(data)

    def finish(self) -> list[Piece]:
        """A message that ends with the stream, or the beginning of one that was cut."""
        pieces: list[Piece] = []
        if self._buffer and not self._lost and self._parser is not None:
            pieces = self._parsed(b"")
        return pieces + self._lose(self._lost or "the stream ended inside a message")

    def _parsed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        try:
            parser = self._parser or self._fresh()
            parser.receive_data(data)
            while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.ConnectionClosed):
                    break
                piece = self._ended(parser, event)
                if piece is not None:
                    pieces.append(piece)
                    parser = self._next(parser, piece)
                    if self._lost:
                        return pieces + self._lose(self._lost)
        except (h11.ProtocolError, RuntimeError) as error:
            return pieces + self._lose(f"no HTTP message: {error}")
        return pieces

    def _ended(self, parser: h11.Connection, event: object) -> Piece | None:
        """The message that ends with this event, if it is its last."""
        if isinstance(event, h11.Request):
            self._methods.append(event.method)
        interim = isinstance(event, h11.InformationalResponse)
        if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
            self._lost = "the connection has left HTTP"
        if not interim and not isinstance(event, h11.EndOfMessage):
            return None
        waiting, _ = parser.trailing_data
        return Piece(self._take(len(self._buffer) - len(waiting)), interim=interim)

    def _next(self, parser: h11.Connection, piece: Piece) -> h11.Connection:
        if piece.interim:
            return parser
        if self._side is Side.RESPONSE and self._methods:
            self._methods.popleft()
        self._parser = None
        if not self._buffer:
            return parser
        fresh = self._fresh()
        fresh.receive_data(bytes(self._buffer))
        return fresh

    def _fresh(self) -> h11.Connection:
        role = h11.SERVER if self._side is Side.REQUEST else h11.CLIENT
        parser = h11.Connection(role, max_incomplete_event_size=1 << 20)
        if self._side is Side.RESPONSE:
            method = self._methods[0] if self._methods else b"GET"
            ask(parser, method)
        self._parser = parser
        return parser


def ask(parser: h11.Connection, method: bytes | str) -> None:
    """Let a client's parser expect any answer to a request of this method, a change of protocol too."""
    headers = [("Host", "proxy"), ("Connection", "upgrade"), ("Upgrade", "any")]
    parser.send(h11.Request(method=method, target="/", headers=headers))
    parser.send(h11.EndOfMessage())
