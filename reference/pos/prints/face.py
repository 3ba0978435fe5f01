"""The typeface of pictures and PDF, and what it cannot show."""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from reference.runtime.fonts import font_bytes

NAME: Final = "KassalabPaper"
"""Under which PDF files are told to use it."""


@cache
def registered() -> TTFont:
    """The face, known to the PDF library from now on."""
    face = TTFont(NAME, io.BytesIO(font_bytes()))
    pdfmetrics.registerFont(face)
    return face


def drawable(text: str) -> str:
    """The text; letters that the face lacks as their number, so that none becomes an empty box."""
    known = registered().face.charToGlyph
    return "".join(each if ord(each) in known else f"<U+{ord(each):04X}>" for each in text)
