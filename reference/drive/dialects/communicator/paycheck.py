"""The paycheck: a receipt or Z-report as a PDF on a paper roll, in base64 (uz-fiscal §13.2).

It bears TEST before anything else (ID-03). The built-in fonts have no Cyrillic, so that is written in Latin.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

MILLIMETRE: Final = 72 / 25.4
WIDTHS: Final = {58: 58 * MILLIMETRE, 80: 80 * MILLIMETRE}
"""Paper widths in points by printerSize."""
_MARGIN: Final = 6.0
_LINE: Final = 10.0
_FONT: Final = "Courier"
_SIZE: Final = 7
_TITLE_SIZE: Final = 20
_CHARACTER: Final = 0.6
"""Width of a Courier character by its size."""
_QR_SIDE: Final = 90.0
_LATIN: Final = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёўқғҳ",
        (
            *("a", "b", "v", "g", "d", "e", "j", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t"),
            *(
                "u",
                "f",
                "x",
                "ts",
                "ch",
                "sh",
                "sh",
                "'",
                "i",
                "",
                "e",
                "yu",
                "ya",
                "yo",
                "o'",
                "q",
                "g'",
                "h",
            ),
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed: lines from top to bottom, and the text of the QR code, if any."""

    lines: tuple[str, ...]
    qr: str = ""


def latin(text: str) -> str:
    """The text in letters the fonts have; what has none becomes `?`."""
    letters = []
    for letter in text:
        known = _LATIN.get(letter.lower())
        if known is not None:
            letters.append(known.capitalize() if letter.isupper() else known)
        else:
            letters.append(letter if " " <= letter <= "~" else "?")
    return "".join(letters)


def pair(left: str, right: object) -> str:
    """A line of a name and its value."""
    return f"{left}: {right}"


def wrapped(lines: Sequence[str], width: int) -> list[str]:
    """The lines cut to the paper's width in characters."""
    cut = []
    for line in lines:
        text = latin(line)
        cut += [text[start : start + width] for start in range(0, max(1, len(text)), width)]
    return cut


def paycheck(slip: Slip, printer_size: int) -> str:
    """The PDF in base64, the same bytes for the same slip."""
    # Imported here: most drives never print.
    from reportlab.graphics import renderPDF
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing
    from reportlab.pdfgen.canvas import Canvas

    width = WIDTHS.get(printer_size, WIDTHS[80])
    lines = wrapped(slip.lines, int((width - 2 * _MARGIN) / (_SIZE * _CHARACTER)))
    height = 2 * _MARGIN + _TITLE_SIZE + _LINE * (len(lines) + 2) + (_QR_SIDE if slip.qr else 0)
    page = BytesIO()
    canvas = Canvas(page, pagesize=(width, height), invariant=1, pageCompression=0)
    canvas.setFont(f"{_FONT}-Bold", _TITLE_SIZE)
    place = height - _MARGIN - _TITLE_SIZE
    canvas.drawCentredString(width / 2, place, "TEST")
    canvas.setFont(_FONT, _SIZE)
    for line in lines:
        place -= _LINE
        canvas.drawString(_MARGIN, place, line)
    if slip.qr:
        code = QrCodeWidget(slip.qr, barWidth=_QR_SIDE, barHeight=_QR_SIDE)
        drawing = Drawing(_QR_SIDE, _QR_SIDE)
        drawing.add(code)
        renderPDF.draw(drawing, canvas, (width - _QR_SIDE) / 2, place - _LINE - _QR_SIDE)
    canvas.showPage()
    canvas.save()
    return base64.b64encode(page.getvalue()).decode()
