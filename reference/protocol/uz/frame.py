"""The frame around an operator message: version byte, one TLV element, CRC-32C (uz-fiscal OF-02, OF-03).

`frame_size` tells a reader of a stream when a frame is complete, `open_frame` checks it as the operator does
(OF-18) and splits its element into `Level`s, `seal_frame` makes one.
"""

from __future__ import annotations

from typing import Final

from reference.protocol.uz.errors import CodecError, MessageError, TlvError
from reference.protocol.uz.message_codes import StatusCode
from reference.protocol.uz.tlv import decode_length, element, elements
from reference.protocol.uz.values import crc32c

VERSION: Final = 6
MAX_MESSAGE: Final = 1 << 20
"""Default limit of a whole frame in bytes, a stand-in (uz-fiscal OF-15, UNK-19)."""
CRC_SIZE: Final = 4


def frame_size(prefix: bytes, max_size: int = MAX_MESSAGE) -> int | None:
    """Return how many bytes the frame beginning with prefix has, None while that is open (uz-fiscal OF-03).

    Raises MessageError: BadMessageSyntax for another version or an impossible length, TooBigMessage above
    max_size.
    """
    if prefix and prefix[0] != VERSION:
        raise _syntax(f"version {prefix[0]:02x}, not {VERSION:02x}")
    if len(prefix) < 5 and all(byte >= 0x80 for byte in prefix[2:]):
        return None
    try:
        length, start = decode_length(prefix, 2)
    except TlvError as error:
        raise _syntax(str(error)) from None
    size = start + length + CRC_SIZE
    if size > max_size:
        raise _too_big(size, max_size)
    return size


class Level:
    """The elements of one level of a message by tag; those in `nested` are split one level further at once.

    Splitting raises TlvError, which makes the message unreadable; asking for what is missing or doubled
    raises CodecError, which makes it badly structured.
    """

    def __init__(self, data: bytes, nested: tuple[int, ...] = ()) -> None:
        self._raw: dict[int, list[bytes]] = {}
        self._parts: dict[int, list[Level]] = {}
        for tag, value in elements(data):
            self._raw.setdefault(tag, []).append(value)
            if tag in nested:
                self._parts.setdefault(tag, []).append(Level(value))

    def maybe(self, tag: int, field: str) -> bytes | None:
        """Return the value of a tag, None if it is missing; CodecError if it occurs twice."""
        values = self._raw.get(tag, [])
        if len(values) > 1:
            raise CodecError(f"tag {tag:02x} occurs twice", field=field, clause="uz-fiscal TLV-04")
        return values[0] if values else None

    def one(self, tag: int, field: str) -> bytes:
        """Return the value of a tag that must be there once; CodecError otherwise."""
        value = self.maybe(tag, field)
        if value is None:
            raise CodecError(f"tag {tag:02x} is missing", field=field, clause="uz-fiscal OF-12")
        return value

    def part(self, tag: int, field: str) -> Level:
        """Return the level below a nested tag that must be there once; CodecError otherwise."""
        self.one(tag, field)
        return self._parts[tag][0]

    def parts(self, tag: int) -> list[Level]:
        """Return the levels below all occurrences of a nested tag."""
        return self._parts.get(tag, [])


def seal_frame(tag: int, value: bytes) -> bytes:
    """Return the whole frame around one element (uz-fiscal OF-02); TlvError if the value is too long."""
    content = bytes((VERSION,)) + element(tag, value)
    return content + crc32c(content).to_bytes(CRC_SIZE, "big")


def open_frame(frame: bytes, tag: int, nested: tuple[int, ...], max_size: int = MAX_MESSAGE) -> Level:
    """Return the first level of a whole frame whose element has this tag.

    Raises MessageError in the order of uz-fiscal OF-18: TooBigMessage, BadMessageSyntax, BadMessageCRC32,
    then BadMessageStruct for another element.
    """
    if len(frame) > max_size:
        raise _too_big(len(frame), max_size)
    size = frame_size(frame, max_size)
    if size != len(frame):
        raise _syntax(f"frame of {len(frame)} bytes, its length says {size or 'more'}")
    content, crc = frame[:-CRC_SIZE], frame[-CRC_SIZE:]
    _, start = decode_length(frame, 2)
    try:
        level = Level(content[start:], nested)
    except TlvError as error:
        raise _syntax(str(error)) from None
    expected = crc32c(content).to_bytes(CRC_SIZE, "big")
    if crc != expected:
        text = f"CRC is {crc.hex()}, not {expected.hex()}"
        raise MessageError(text, code=StatusCode.BadMessageCRC32, clause="uz-fiscal OF-13")
    if frame[1] != tag:
        text = f"element {frame[1]:02x}, not {tag:02x}"
        raise MessageError(text, code=StatusCode.BadMessageStruct, clause="uz-fiscal OF-12")
    return level


def _syntax(text: str) -> MessageError:
    return MessageError(text, code=StatusCode.BadMessageSyntax, clause="uz-fiscal OF-11")


def _too_big(size: int, max_size: int) -> MessageError:
    text = f"frame of {size} bytes, at most {max_size}"
    return MessageError(text, code=StatusCode.TooBigMessage, clause="uz-fiscal OF-15")
