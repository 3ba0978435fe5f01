"""The bundled typeface as PDF needs it: which glyph a letter has, and a font of those glyphs alone.

TrueType, as of the OpenType specification: table directory, cmap formats 4 and 12, glyf and loca. Every glyph
of the face is equally wide, which is why columns of papers stand below each other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from reference.runtime.fonts import font_bytes

MISSING: Final = 0
"""The glyph of a letter that the face does not have."""
_KEPT: Final = (b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep")
"""The tables that a PDF viewer draws with."""
_COMPOSITE_MORE, _COMPOSITE_WORDS = 0x20, 0x01
_SCALE, _XY_SCALE, _TWO_BY_TWO = 0x08, 0x40, 0x80


class Font:
    """One TrueType face whose glyphs share a width."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._tables = dict(_directory(data))
        head, hhea = self._table(b"head"), self._table(b"hhea")
        self.units: int = struct.unpack_from(">H", head, 18)[0]
        self.box: tuple[int, ...] = struct.unpack_from(">4h", head, 36)
        self.ascent, self.descent = struct.unpack_from(">2h", hhea, 4)
        self.glyphs: int = struct.unpack_from(">H", self._table(b"maxp"), 4)[0]
        self._places = self._glyph_places(struct.unpack_from(">h", head, 50)[0])
        self._by_letter = dict(_letters(self._table(b"cmap")))
        self.width = self._width(self.glyph("0"))

    def glyph(self, letter: str) -> int:
        """The glyph of a letter, MISSING if the face has none."""
        return self._by_letter.get(ord(letter), MISSING)

    def subset(self, letters: Iterable[str]) -> bytes:
        """A font of these letters' glyphs, under their own numbers."""
        wanted: set[int] = set()
        waiting = [MISSING, *(self.glyph(letter) for letter in letters)]
        while waiting:
            one = waiting.pop()
            if one not in wanted:
                wanted.add(one)
                waiting += self._parts(one)
        outlines, places = bytearray(), [0]
        for number in range(self.glyphs):
            if number in wanted:
                outlines += self._outline(number)
                outlines += bytes(-len(outlines) % 4)
            places.append(len(outlines))
        made: dict[bytes, bytes] = {tag: self._table(tag) for tag in _KEPT if tag in self._tables}
        made[b"glyf"] = bytes(outlines)
        made[b"loca"] = struct.pack(f">{len(places)}I", *places)
        head = bytearray(made[b"head"])
        struct.pack_into(">h", head, 50, 1)
        made[b"head"] = bytes(head)
        return _written(made)

    def _table(self, tag: bytes) -> bytes:
        offset, length = self._tables[tag]
        return self.data[offset : offset + length]

    def _glyph_places(self, long: int) -> tuple[int, ...]:
        table, count = self._table(b"loca"), self.glyphs + 1
        if long:
            return struct.unpack_from(f">{count}I", table)
        return tuple(2 * each for each in struct.unpack_from(f">{count}H", table))

    def _outline(self, number: int) -> bytes:
        start, _ = self._tables[b"glyf"]
        return self.data[start + self._places[number] : start + self._places[number + 1]]

    def _parts(self, number: int) -> Iterator[int]:
        """The glyphs that a composite one is made of."""
        outline = self._outline(number)
        if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
            return
        place, flags = 10, _COMPOSITE_MORE
        while flags & _COMPOSITE_MORE:
            flags, part = struct.unpack_from(">2H", outline, place)
            yield part
            place += 8 if flags & _COMPOSITE_WORDS else 6
            place += 2 if flags & _SCALE else 4 if flags & _XY_SCALE else 8 if flags & _TWO_BY_TWO else 0

    def _width(self, number: int) -> int:
        wide: int = struct.unpack_from(">H", self._table(b"hhea"), 34)[0]
        return int(struct.unpack_from(">H", self._table(b"hmtx"), 4 * min(number, wide - 1))[0])


@cache
def bundled() -> Font:
    """The face that comes with the portal."""
    return Font(font_bytes())


def _directory(data: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for place in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, length = struct.unpack_from(">4s3I", data, 12 + 16 * place)
        yield tag, (offset, length)


def _letters(cmap: bytes) -> Iterator[tuple[int, int]]:
    """Code points and glyphs of the Unicode subtables."""
    for place in range(struct.unpack_from(">H", cmap, 2)[0]):
        platform, _, offset = struct.unpack_from(">2HI", cmap, 4 + 8 * place)
        form = struct.unpack_from(">H", cmap, offset)[0]
        if platform in (0, 3) and form == 4:
            yield from _segments(cmap, offset)
        elif platform in (0, 3) and form == 12:
            for group in range(struct.unpack_from(">I", cmap, offset + 12)[0]):
                first, last, glyph = struct.unpack_from(">3I", cmap, offset + 16 + 12 * group)
                yield from ((code, glyph + code - first) for code in range(first, last + 1))


def _segments(cmap: bytes, offset: int) -> Iterator[tuple[int, int]]:
    count = struct.unpack_from(">H", cmap, offset + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", cmap, offset + 14)
    starts = struct.unpack_from(f">{count}H", cmap, offset + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", cmap, offset + 16 + 4 * count)
    ranges = offset + 16 + 6 * count
    for place, (start, end, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
        shift = struct.unpack_from(">H", cmap, ranges + 2 * place)[0]
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if shift:
                glyph = struct.unpack_from(">H", cmap, ranges + 2 * place + shift + 2 * (code - start))[0]
            if glyph or not shift:
                yield code, (glyph + delta) & 0xFFFF


def _written(tables: dict[bytes, bytes]) -> bytes:
    """A font file of these tables."""
    count = len(tables)
    step = 1 << (count.bit_length() - 1)
    found = bytearray(
        struct.pack(">I4H", 0x00010000, count, 16 * step, step.bit_length() - 1, 16 * (count - step))
    )
    body, offset = bytearray(), 12 + 16 * count
    for tag in sorted(tables):
        data = tables[tag]
        padded = data + bytes(-len(data) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        found += struct.pack(">4s3I", tag, checksum, offset + len(body), len(data))
        body += padded
    return bytes(found + body)
