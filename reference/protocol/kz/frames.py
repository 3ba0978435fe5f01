"""Frames of the wire: an 18-byte header and a protobuf body (kz-ofd §2.2, §2.3).

Bytes in, frames out: a connection's bytes go through one `FrameReader`; `encode_frame` is the way back.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from reference.protocol.kz.errors import FrameError, RangeError

APPCODE: Final = 0x81A2
HEADER_SIZE: Final = 18
MAX_FRAME_BYTES: Final = 1_048_576
"""Default of the switch `max_frame_bytes`, header included (kz-ofd FR-05)."""
DEFAULT_PORT: Final = 7777

_LAYOUT: Final = struct.Struct("<HHIIIH")
_APPCODE_BYTES: Final = APPCODE.to_bytes(2, "little")
_SIZE_END: Final = 8


class Header(NamedTuple):
    """The header of kz-ofd §2.2 without its APPCODE. `size`: bytes of the whole frame, header included."""

    version: int
    size: int
    id: int
    token: int
    reqnum: int

    def encode(self) -> bytes:
        """Return the 18 bytes. Raises RangeError."""
        try:
            return _LAYOUT.pack(APPCODE, *self)
        except struct.error as error:
            raise RangeError(str(error), field="header", clause="§2.2") from error

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Return the header of 18 bytes, its SIZE not judged. Raises FrameError (FR-01, FR-03)."""
        if len(data) != HEADER_SIZE:
            raise FrameError(f"a header has {HEADER_SIZE} bytes, not {len(data)}", reason="FR-01")
        appcode, *fields = _LAYOUT.unpack(data)
        if appcode != APPCODE:
            raise FrameError(f"APPCODE is {appcode:04X}, not {APPCODE:04X}", reason="FR-03")
        return cls(*fields)


class Frame(NamedTuple):
    """One message of the wire."""

    header: Header
    body: bytes

    def encode(self) -> bytes:
        """Return the frame's bytes, SIZE as the header says."""
        return self.header.encode() + self.body


def encode_frame(version: int, id: int, token: int, reqnum: int, body: bytes) -> bytes:
    """Return the bytes of one frame; SIZE is computed. Raises RangeError."""
    try:
        return _LAYOUT.pack(APPCODE, version, HEADER_SIZE + len(body), id, token, reqnum) + body
    except struct.error as error:
        raise RangeError(str(error), field="header", clause="§2.2") from error


def whole_frame(data: bytes, limit: int) -> tuple[tuple[int, ...], bytes] | None:
    """The header's fields, in the order of `Header`, and the body if `data` is one frame and nothing else.

    None for all else, a frame of more than `limit` bytes included: that is for a `FrameReader` to judge.
    """
    size = len(data)
    if HEADER_SIZE <= size <= limit:
        fields = _LAYOUT.unpack_from(data)
        if fields[0] == APPCODE and fields[2] == size:
            return fields[1:], data[HEADER_SIZE:]
    return None


class FrameReader:
    """Cuts one connection's bytes into frames, however they arrive (kz-ofd FR-01…07).

    `max_frame_bytes` bounds SIZE. A fault is seen as soon as its bytes are here, not only when a header is
    complete; after it the reader takes nothing more.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._limit = max_frame_bytes
        self._buffer = bytearray()
        self._fault: FrameError | None = None

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet; an end of stream now closes silently (FR-01, FR-02)."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes. Raises FrameError when the connection must close.

        The error carries the frames that were complete before the fault.
        """
        if self._fault is not None:
            raise FrameError(self._fault.text, reason=self._fault.reason)
        buffer = self._buffer
        # Nearly always one whole frame comes at once.
        if not buffer and (whole := whole_frame(data, self._limit)) is not None:
            return [Frame(Header(*whole[0]), bytes(whole[1]))]
        buffer += data
        frames: list[Frame] = []
        start = 0
        while len(buffer) - start >= HEADER_SIZE:
            appcode, *fields = _LAYOUT.unpack_from(buffer, start)
            header = Header(*fields)
            self._judge(appcode, header.size, frames)
            end = start + header.size
            if end > len(buffer):
                break
            frames.append(Frame(header, bytes(buffer[start + HEADER_SIZE : end])))
            start = end
        del buffer[:start]
        if len(buffer) < HEADER_SIZE:
            self._judge_beginning(frames)
        return frames

    def _judge(self, appcode: int, size: int, frames: list[Frame]) -> None:
        if appcode != APPCODE:
            self._refuse(f"APPCODE is {appcode:04X}, not {APPCODE:04X}", "FR-03", frames)
        if size < HEADER_SIZE:
            self._refuse(f"SIZE {size} is below {HEADER_SIZE}", "FR-04", frames)
        if size > self._limit:
            self._refuse(f"SIZE {size} is above {self._limit}", "FR-05", frames)

    def _judge_beginning(self, frames: list[Frame]) -> None:
        """Judge the first bytes of a header that is not complete."""
        beginning = bytes(self._buffer[:2])
        if not _APPCODE_BYTES.startswith(beginning):
            self._refuse(f"the frame begins with {beginning.hex().upper()}", "FR-03", frames)
        if len(self._buffer) >= _SIZE_END:
            self._judge(APPCODE, int.from_bytes(self._buffer[4:_SIZE_END], "little"), frames)

    def _refuse(self, text: str, reason: str, frames: list[Frame]) -> None:
        self._buffer.clear()
        self._fault = FrameError(text, reason=reason, frames=tuple(frames))
        raise self._fault
