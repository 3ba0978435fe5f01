"""Frames of the GemPC Twin serial reader: a CCID message between SYNC, ACK and a check byte.

    03 06 <CCID message> LRC      a message, either way; LRC is the exclusive or of all bytes before it
    03 15 16                      the other side is asked to send its frame again
    50 02 | 50 03                 the reader tells that the card went or came, outside of any frame

The device echoes each command frame before it answers.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from reference.protocol.usb.atr import check_byte
from reference.protocol.usb.ccid import HEADER_SIZE, message_size
from reference.protocol.usb.errors import SerialError

SYNC: Final = 0x03
ACK: Final = 0x06
NAK: Final = 0x15
NAK_FRAME: Final = bytes((SYNC, NAK, SYNC ^ NAK))
CARD_CHANGE: Final = 0x50
CARD_ABSENT: Final = bytes((CARD_CHANGE, 0x02))
CARD_PRESENT: Final = bytes((CARD_CHANGE, 0x03))
MAX_MESSAGE: Final = 65_554
"""The longest CCID message there is at extended APDU level."""


def seal(message: bytes) -> bytes:
    """The frame of one CCID message."""
    content = bytes((SYNC, ACK)) + message
    return content + bytes((check_byte(content),))


class Nak:
    """The other side asks for the last frame again."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nak)

    def __hash__(self) -> int:
        return hash(Nak)


Frame: TypeAlias = bytes | Nak | bool
"""A CCID message, a NAK, or whether there is a card now."""


class Splitter:
    """Frames out of a serial stream, in whatever pieces it comes. Bytes outside of any frame are skipped."""

    def __init__(self) -> None:
        self._stream = bytearray()

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        self._stream += data

    @property
    def begun(self) -> bool:
        """Whether bytes are here of a frame that is not whole yet."""
        return bool(self._stream)

    def next(self) -> Frame | None:
        """The next frame, None until it is whole. SerialError for a wrong check byte or an impossible length;
        the broken frame is gone then and the stream can be followed on.
        """
        stream = self._stream
        while stream:
            if stream[0] == CARD_CHANGE:
                if len(stream) < 2:
                    return None
                present = stream[1] == CARD_PRESENT[1]
                del stream[:2]
                return present
            if stream[0] != SYNC:
                del stream[0]
            elif len(stream) < 2:
                return None
            elif stream[1] == NAK:
                return self._nak()
            elif stream[1] == ACK:
                return self._message()
            else:
                del stream[0]
        return None

    def _nak(self) -> Nak | None:
        if len(self._stream) < len(NAK_FRAME):
            return None
        frame = self._cut(len(NAK_FRAME))
        if frame != NAK_FRAME:
            raise SerialError(f"{frame[-1]:#04x}, not {NAK_FRAME[-1]:#04x}", field="LRC")
        return Nak()

    def _message(self) -> bytes | None:
        size = message_size(bytes(self._stream[2:7]))
        if size is None:
            return None
        if size > MAX_MESSAGE:
            del self._stream[:2]
            raise SerialError(f"{size - HEADER_SIZE}, at most {MAX_MESSAGE - HEADER_SIZE}", field="dwLength")
        if len(self._stream) < size + 3:
            return None
        frame = self._cut(size + 3)
        wanted = check_byte(frame[:-1])
        if frame[-1] != wanted:
            raise SerialError(f"{frame[-1]:#04x}, not {wanted:#04x}", field="LRC")
        return frame[2:-1]

    def _cut(self, size: int) -> bytes:
        frame = bytes(self._stream[:size])
        del self._stream[:size]
        return frame
