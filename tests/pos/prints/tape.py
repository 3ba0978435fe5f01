"""A receipt printer in a few lines, written from the ESC/POS command reference and from nothing of the house.

It knows what receipts use: reset, code page, weight, size, alignment, raster images, the QR command, the cut.
Anything else is an error: a printer would print rubbish.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import segno
from PIL import Image

PAGES = {0: "cp437", 16: "cp1252", 17: "cp866", 46: "cp1251", 48: "cp1254", 53: "kz1048"}
ALIGNED = {0: "left", 1: "centre", 2: "right"}


@dataclass(frozen=True)
class Style:
    bold: bool = False
    wide: int = 1
    high: int = 1
    aligned: str = "left"


@dataclass(frozen=True)
class Line:
    text: str
    style: Style

    @property
    def columns(self) -> int:
        return len(self.text) * self.style.wide


@dataclass
class Code:
    """The printer's own QR code."""

    model: int = 2
    dots: int = 3
    level: str = "l"
    data: str = ""

    @property
    def across(self) -> int:
        """Dots of what a printer draws, without quiet zone."""
        modules = segno.make_qr(self.data, error=self.level, boost_error=False)
        return len(tuple(modules.matrix_iter(border=0))) * self.dots


@dataclass
class Tape:
    """What came out, in order."""

    lines: list[Line] = field(default_factory=list)
    images: list[Image.Image] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    cuts: int = 0

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class Printer:
    """Takes bytes; what they print is on `tape`."""

    def __init__(self) -> None:
        self.tape = Tape()
        self._reset()

    def _reset(self) -> None:
        self._page, self._style, self._row, self._code = 0, Style(), "", Code()

    def take(self, data: bytes) -> Tape:
        place = 0
        while place < len(data):
            place = self._one(data, place)
        assert self._row == "", "a line was not ended"
        return self.tape

    def _one(self, data: bytes, at: int) -> int:
        match data[at : at + 2]:
            case b"\x1b@":
                self._reset()
                return at + 2
            case b"\x1bt":
                self._page = data[at + 2]
                assert self._page in PAGES, self._page
                return at + 3
            case b"\x1bE":
                self._style = dataclasses.replace(self._style, bold=bool(data[at + 2] & 1))
                return at + 3
            case b"\x1ba":
                self._style = dataclasses.replace(self._style, aligned=ALIGNED[data[at + 2] & 3])
                return at + 3
            case b"\x1b!":
                assert data[at + 2] == 0
                self._style = dataclasses.replace(self._style, bold=False, wide=1, high=1)
                return at + 3
            case b"\x1d!":
                size = data[at + 2]
                self._style = dataclasses.replace(self._style, wide=(size >> 4) + 1, high=(size & 15) + 1)
                return at + 3
            case b"\x1dV":
                self.tape.cuts += 1
                return at + (4 if data[at + 2] in (65, 66) else 3)
            case b"\x1dv":
                return self._raster(data, at)
            case b"\x1d(":
                return self._qr(data, at)
        if data[at] == 0x0A:
            self.tape.lines.append(Line(self._row, self._style))
            self._row = ""
        else:
            assert data[at] >= 0x20, f"{data[at : at + 3]!r} is no command of a receipt"
            self._row += bytes([data[at]]).decode(PAGES[self._page])
        return at + 1

    def _raster(self, data: bytes, at: int) -> int:
        assert data[at + 2 : at + 4] == b"0\x00"
        across = 8 * int.from_bytes(data[at + 4 : at + 6], "little")
        high = int.from_bytes(data[at + 6 : at + 8], "little")
        end = at + 8 + across // 8 * high
        bits = bytes(byte ^ 0xFF for byte in data[at + 8 : end])  # a set bit is black
        assert len(bits) == across // 8 * high
        self.tape.images.append(Image.frombytes("1", (across, high), bits))
        return end

    def _qr(self, data: bytes, at: int) -> int:
        size = int.from_bytes(data[at + 3 : at + 5], "little")
        body = data[at + 5 : at + 5 + size]
        assert data[at + 2 : at + 3] == b"k"
        assert body[:1] == b"1"
        match body[1]:
            case 65:
                self._code.model = body[2] - 48
            case 67:
                assert 1 <= body[2] <= 16
                self._code.dots = body[2]
            case 69:
                self._code.level = "lmqh"[body[2] - 48]
            case 80:
                self._code.data = body[3:].decode()
            case 81:
                self.tape.codes.append(self._code)
                self._code = Code()
            case other:
                raise AssertionError(f"function {other}")
        return at + 5 + size
