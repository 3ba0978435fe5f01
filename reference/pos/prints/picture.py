"""A paper as a PNG picture, dot for dot what a printer of 203 dots an inch puts on the paper."""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from reference.pos.prints.document import TEST, Document
from reference.pos.prints.face import drawable
from reference.pos.prints.qr_dots import QUIET, module_dots, modules_of
from reference.pos.prints.rows import DOTS, DPI, LETTER_DOTS, MarkRow, QrRow, Row, TextRow, Weight, rows_of
from reference.runtime.fonts import font_bytes

MEDIA: Final = "image/png"
LETTER_HEIGHT: Final = 24
"""Dots of the em: capitals are 17 dots, more than the 2 mm of uz-fiscal QR-05, squeezed to 12 dots' width."""
ROW_DOTS: Final = 30
MARK_LETTER: Final = 4
"""How many times larger the word TEST is."""
MARGIN: Final = 8
_BASELINE: Final = 23
_FINE: Final = 4
"""Letters are drawn so many times larger first."""
_WHITE, _BLACK = 1, 0


def as_png(document: Document, paper: int) -> bytes:
    """The picture, black on white, with its resolution."""
    drawn = io.BytesIO()
    picture_of(rows_of(document, paper, drawable), paper).save(drawn, "PNG", dpi=(DPI, DPI), optimize=False)
    return drawn.getvalue()


def picture_of(rows: tuple[Row, ...], paper: int) -> Image.Image:
    """The rows, one below the other, across all dots of the paper."""
    height = 2 * MARGIN + sum(row_dots(row) for row in rows)
    picture = Image.new("1", (DOTS[paper], height), _WHITE)
    top = MARGIN
    for row in rows:
        _draw(picture, row, top)
        top += row_dots(row)
    return picture


def row_dots(row: Row) -> int:
    """How high a row is."""
    match row:
        case MarkRow():
            return ROW_DOTS * MARK_LETTER
        case QrRow(address):
            modules = len(modules_of(address))
            return (modules + 2 * QUIET) * module_dots(modules)
        case TextRow(_, weight):
            return 2 * ROW_DOTS if weight is Weight.TALL else ROW_DOTS


def code_picture(address: str) -> Image.Image:
    """A QR code with its quiet zone, at least 30 mm wide without it."""
    modules = modules_of(address)
    dots, across = module_dots(len(modules)), len(modules) + 2 * QUIET
    small = Image.new("1", (across, across), _WHITE)
    for y, line in enumerate(modules):
        for x, dark in enumerate(line):
            if dark:
                small.putpixel((QUIET + x, QUIET + y), _BLACK)
    return small.resize((across * dots, across * dots), Image.Resampling.NEAREST)


def _draw(picture: Image.Image, row: Row, top: int) -> None:
    match row:
        case MarkRow():
            wide, high = LETTER_DOTS * MARK_LETTER, ROW_DOTS * MARK_LETTER
            left = (picture.width - wide * len(TEST)) // 2
            for place, letter in enumerate(TEST):
                picture.paste(_letter(letter, wide, high, bold=True), (left + place * wide, top))
        case QrRow(address):
            code = code_picture(address)
            picture.paste(code, ((picture.width - code.width) // 2, top))
        case TextRow(text, weight):
            high = row_dots(row)
            for place, letter in enumerate(text):
                if letter != " ":
                    drawn = _letter(letter, LETTER_DOTS, high, bold=weight is not Weight.PLAIN)
                    picture.paste(drawn, (place * LETTER_DOTS, top))


@cache
def _face() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(font_bytes()), LETTER_HEIGHT * _FINE)


@cache
def _letter(letter: str, wide: int, high: int, *, bold: bool) -> Image.Image:
    """One letter in its cell."""
    face = _face()
    cell = Image.new("L", (round(face.getlength("0")), ROW_DOTS * _FINE), 255)
    pen = ImageDraw.Draw(cell)
    pen.text(
        (0, _BASELINE * _FINE), letter, font=face, fill=0, anchor="ls", stroke_width=_FINE // 2 if bold else 0
    )
    return (
        cell.resize((wide, high), Image.Resampling.BOX)
        .point(lambda shade: 255 if shade > 140 else 0)
        .convert("1")
    )
