"""The tape of a document as a PNG picture, its QR code below the text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Final

import segno
from PIL import Image, ImageDraw, ImageFont

from reference.runtime.fonts import font_bytes

SIZE: Final = 18
"""Pixels of a letter's height."""
_LEADING: Final = 23
_MARGIN: Final = 24
_MODULE: Final = 6
_WHITE, _BLACK = 255, 0


@cache
def _face() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(font_bytes()), SIZE)


def tape_png(lines: Sequence[str], qr: str = "") -> bytes:
    """A picture of lines of equally wide letters, dark on white."""
    face = _face()
    code = list(segno.make(qr, error="m", micro=False).matrix_iter(border=2)) if qr else []
    width = max([round(face.getlength(line)) for line in lines] + [len(code) * _MODULE])
    height = len(lines) * _LEADING + len(code) * _MODULE
    image = Image.new("L", (width + 2 * _MARGIN, height + 2 * _MARGIN), _WHITE)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, _MARGIN + number * _LEADING), line, font=face, fill=_BLACK)
    left, top = (image.width - len(code) * _MODULE) // 2, _MARGIN + len(lines) * _LEADING
    for down, row in enumerate(code):
        for right, dark in enumerate(row):
            if dark:
                x, y = left + right * _MODULE, top + down * _MODULE
                draw.rectangle((x, y, x + _MODULE - 1, y + _MODULE - 1), fill=_BLACK)
    made = io.BytesIO()
    image.save(made, "PNG", optimize=True)
    return made.getvalue()
