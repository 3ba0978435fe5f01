"""Bytes of one connection become whole frames; nothing is kept that could not become one (OF-03, OF-15).

Bytes go in by `feed`, events come out: a whole Frame to be handled, or a BadFrame to be answered with its
status. After a BadFrame of a known length the reader skips exactly that frame and goes on; where the length
cannot be known, nothing that follows can be told apart, and the connection must end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.protocol.uz.errors import MessageError
from reference.protocol.uz.message import StatusCode, frame_size

_PREFIX: Final = 5  # version, tag, at most three bytes of length
_NO_LIMIT: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame, its content not looked at."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BadFrame:
    """What came is no frame or too long; `lost` tells that nothing after it can be understood."""

    code: StatusCode
    text: str
    lost: bool


class FrameReader:
    """The incoming side of one connection. `max_message` bytes is the longest frame that is kept."""

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._held = bytearray()
        self._size: int | None = None
        self._to_skip = 0
        self._lost = False

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and not ended: the time of OF-04 runs."""
        return bool(self._held) or self._to_skip > 0

    def feed(self, data: bytes) -> list[Frame | BadFrame]:
        """Take what the peer sent; gives what has become complete by it, in order.

        Everything after a BadFrame that is lost is thrown away.
        """
        events: list[Frame | BadFrame] = []
        if self._lost:
            return events
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        self._held += data
        while self._held:
            event = self._next()
            if event is None:
                break
            events.append(event)
        return events

    def _next(self) -> Frame | BadFrame | None:
        if self._size is None:
            try:
                self._size = frame_size(bytes(self._held[:_PREFIX]), self._max_message)
            except MessageError as error:
                return self._refuse(error)
            if self._size is None:
                return None
        if len(self._held) < self._size:
            return None
        frame = Frame(bytes(self._held[: self._size]))
        del self._held[: self._size]
        self._size = None
        return frame

    def _refuse(self, error: MessageError) -> BadFrame:
        code = StatusCode(error.code)
        if code is StatusCode.TooBigMessage:
            size = frame_size(bytes(self._held[:_PREFIX]), _NO_LIMIT)
            assert size is not None
            self._to_skip = max(0, size - len(self._held))
            del self._held[:size]
        else:
            self._lost = True
            self._held.clear()
        return BadFrame(code, error.text, self._lost)
