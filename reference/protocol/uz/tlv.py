"""Tag-length-value structures of the Uzbek chain (uz-fiscal §2.5): elements to bytes and bytes to elements.

`element` and `elements` are the plain codec, `fields` reads one level strictly by tag, `tree` and `paths`
show a whole structure for decoders, judges and people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, overload

from reference.protocol.uz.errors import TlvError

MAX_LENGTH: Final = 2_097_151
MAX_DEPTH: Final = 32
"""Structures nested deeper than this are refused; the deepest the spec knows has five levels."""

_SHORT_LENGTHS: Final = tuple(bytes((length,)) for length in range(128))


def encode_length(length: int) -> bytes:
    """Little-endian base 128 in the shortest form, 1…3 bytes; TlvError above MAX_LENGTH (TLV-02)."""
    if 0 <= length < 0x80:
        return _SHORT_LENGTHS[length]
    if not 0 <= length <= MAX_LENGTH:
        raise TlvError(f"length {length} is not in 0…{MAX_LENGTH}", clause="uz-fiscal TLV-02")
    if length < 0x4000:
        return bytes((length & 0x7F | 0x80, length >> 7))
    return bytes((length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14))


def decode_length(data: bytes, pos: int) -> tuple[int, int]:
    """The length written at `pos` and the position after it; longer forms than needed are accepted.

    TlvError when the bytes end inside the length or a fourth byte would follow (uz-fiscal TLV-02).
    """
    length = 0
    for index, shift in enumerate((0, 7, 14), pos):
        if index >= len(data):
            raise TlvError(f"data ends inside the length at byte {pos}", clause="uz-fiscal TLV-05")
        byte = data[index]
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return length, index + 1
    raise TlvError(f"length at byte {pos} has more than 3 bytes", clause="uz-fiscal TLV-02")


def element(tag: int, value: bytes) -> bytes:
    """One element: tag, shortest length, value (uz-fiscal TLV-01)."""
    if not 0 < tag <= 0xFF:
        raise TlvError(f"{tag} cannot be a tag", clause="uz-fiscal TLV-01")
    return b"%c%b%b" % (tag, encode_length(len(value)), value)


def _scan(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Offset of the tag, tag, start and end of the value of each element before the padding."""
    pos, size = 0, len(data)
    while pos < size and data[pos]:
        length, start = decode_length(data, pos + 1)
        if start + length > size:
            raise TlvError(
                f"element {data[pos]:02x} at byte {pos} claims {length} bytes, {size - start} are there",
                clause="uz-fiscal TLV-05",
            )
        yield pos, data[pos], start, start + length
        pos = start + length


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Tags and values of one level, up to tag 00 or the end (uz-fiscal TLV-03).

    TlvError where a length runs past the end (TLV-05) or is no length (TLV-02).
    """
    return [(tag, data[start:end]) for _, tag, start, end in _scan(data)]


@overload
def fields(data: bytes) -> dict[int, bytes]: ...
@overload
def fields(data: bytes, repeated: Collection[int]) -> dict[int, bytes | list[bytes]]: ...
def fields(data: bytes, repeated: Collection[int] = ()) -> dict[int, bytes] | dict[int, bytes | list[bytes]]:
    """Values of one level by tag; a tag in `repeated` that occurs has the list of its values.

    TlvError for the second element of any other tag (uz-fiscal TLV-04) and as `elements`.
    """
    found: dict[int, bytes | list[bytes]] = {}
    for tag, value in elements(data):
        if tag in repeated:
            values = found.setdefault(tag, [])
            assert isinstance(values, list)
            values.append(value)
        elif tag in found:
            raise TlvError("tag occurs twice", field=f"{tag:02x}", clause="uz-fiscal TLV-04")
        else:
            found[tag] = value
    return found


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a decoded structure.

    `path` is written as uz-fiscal TLV-06 says, with an index from 0 where the tag occurs more than once among
    its neighbours: `8d.8c[1].01`. `offset` is the place of the tag byte in the whole data. `children` is
    empty for raw values (top bit of the tag clear).
    """

    tag: int
    length: int
    value: bytes
    children: tuple[Node, ...]
    path: str
    offset: int = 0

    @property
    def constructed(self) -> bool:
        """Whether the value is itself a sequence of elements (uz-fiscal TLV-01)."""
        return self.tag >= 0x80


def tree(data: bytes) -> list[Node]:
    """The whole structure, every level decoded; TlvError as `elements`, or deeper than MAX_DEPTH levels."""
    return list(_nodes(data, "", 0, 1))


def _nodes(data: bytes, parent: str, base: int, depth: int) -> Iterator[Node]:
    if data and depth > MAX_DEPTH:
        raise TlvError(f"more than {MAX_DEPTH} levels", field=parent, clause="uz-fiscal TLV-01")
    try:
        level = list(_scan(data))
    except TlvError as error:
        raise (error.within(parent) if parent else error) from None
    total = Counter(tag for _, tag, _, _ in level)
    seen: Counter[int] = Counter()
    for offset, tag, start, end in level:
        path = f"{parent}{'.' if parent else ''}{tag:02x}{f'[{seen[tag]}]' if total[tag] > 1 else ''}"
        seen[tag] += 1
        value = data[start:end]
        children = tuple(_nodes(value, path, base + start, depth + 1)) if tag >= 0x80 else ()
        yield Node(tag, end - start, value, children, path, base + offset)


def paths(data: bytes) -> list[tuple[str, bytes]]:
    """Path and value of every raw element, and of every empty constructed one, in the order of the bytes."""
    return [leaf for node in tree(data) for leaf in _leaves(node)]


def _leaves(node: Node) -> Iterator[tuple[str, bytes]]:
    if not node.children:
        yield node.path, node.value
    for child in node.children:
        yield from _leaves(child)
