"""The four ways a document is drawn, by the ending of a file's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reference.pos.prints import escpos, pdf, picture
from reference.pos.prints.document import Document
from reference.pos.prints.text import as_text


@dataclass(frozen=True, slots=True)
class Format:
    """One of them: its media type, and what makes the bytes of a document on a paper 58 or 80 mm wide."""

    media: str
    draw: Callable[[Document, int], bytes]


FORMATS: Final = {
    "txt": Format("text/plain; charset=utf-8", lambda document, paper: as_text(document, paper).encode()),
    "png": Format(picture.MEDIA, picture.as_png),
    "pdf": Format(pdf.MEDIA, pdf.as_pdf),
    "escpos": Format(escpos.MEDIA, escpos.as_escpos),
}
