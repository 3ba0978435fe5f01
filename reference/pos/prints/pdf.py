"""A paper as PDF in true millimetres: letters that can be searched, the code as squares."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from reference.pos.prints.document import TEST, Document
from reference.pos.prints.face import NAME, drawable, registered
from reference.pos.prints.picture import LETTER_HEIGHT, MARGIN, MARK_LETTER, row_dots
from reference.pos.prints.qr_dots import QUIET, module_dots, modules_of
from reference.pos.prints.rows import DOTS, DPI, LETTER_DOTS, MarkRow, QrRow, Row, TextRow, Weight, rows_of

MEDIA: Final = "application/pdf"
DOT: Final = 72 / DPI
"""Points of a dot."""
POINTS_PER_MM: Final = 72 / 25.4
MOST_DOTS: Final = 24_000
"""Of one page, 3 metres: a longer paper goes on on the next."""
_BASELINE: Final = 23
_STROKE: Final = 0.35
"""Points that bold letters are thicker."""


def as_pdf(document: Document, paper: int) -> bytes:
    """The file: pages as wide as the paper and as long as what stands on them."""
    registered()
    drawn = io.BytesIO()
    canvas = Canvas(drawn, invariant=1)
    canvas.setTitle(document.title)
    canvas.setCreator(f"Kassalab {TEST}")
    for page in _pages(rows_of(document, paper, drawable)):
        _draw_page(canvas, page, paper)
    canvas.save()
    return drawn.getvalue()


def _pages(rows: tuple[Row, ...]) -> list[list[Row]]:
    pages: list[list[Row]] = [[]]
    dots = 0
    for row in rows:
        dots += row_dots(row)
        if dots > MOST_DOTS:
            pages.append([])
            dots = row_dots(row)
        pages[-1].append(row)
    return pages


def _draw_page(canvas: Canvas, rows: list[Row], paper: int) -> None:
    height = (2 * MARGIN + sum(row_dots(row) for row in rows)) * DOT
    width = paper * POINTS_PER_MM
    canvas.setPageSize((width, height))
    left = (width - DOTS[paper] * DOT) / 2
    top = height - MARGIN * DOT
    for row in rows:
        _draw(canvas, row, left, top, paper)
        top -= row_dots(row) * DOT
    canvas.showPage()


def _draw(canvas: Canvas, row: Row, left: float, top: float, paper: int) -> None:
    match row:
        case MarkRow():
            wide = LETTER_DOTS * MARK_LETTER * len(TEST)
            _write(
                canvas, TEST, left + (DOTS[paper] - wide) / 2 * DOT, top, MARK_LETTER, MARK_LETTER, bold=True
            )
        case QrRow(address):
            _squares(canvas, address, left, top, paper)
        case TextRow(text, weight):
            high = 2 if weight is Weight.TALL else 1
            _write(canvas, text, left, top, 1, high, bold=weight is not Weight.PLAIN)


def _write(canvas: Canvas, text: str, left: float, top: float, wide: int, high: int, *, bold: bool) -> None:
    """Letters `wide` and `high` times their size, each in its cell."""
    size = LETTER_HEIGHT * DOT * high
    natural = pdfmetrics.stringWidth("0", NAME, size)
    pen = canvas.beginText(left, top - _BASELINE * DOT * high)
    pen.setFont(NAME, size)
    pen.setHorizScale(100 * LETTER_DOTS * DOT * wide / natural)
    pen.setTextRenderMode(2 if bold else 0)
    pen.textOut(text)
    canvas.saveState()
    canvas.setLineWidth(_STROKE)
    canvas.drawText(pen)
    canvas.restoreState()


def _squares(canvas: Canvas, address: str, left: float, top: float, paper: int) -> None:
    modules = modules_of(address)
    dot = module_dots(len(modules)) * DOT
    left += (DOTS[paper] * DOT - len(modules) * dot) / 2
    top -= QUIET * dot
    path = canvas.beginPath()
    for y, line in enumerate(modules):
        for start, length in _runs(line):
            path.rect(left + start * dot, top - (y + 1) * dot, length * dot, dot)
    canvas.drawPath(path, stroke=0, fill=1)


def _runs(line: Sequence[bool]) -> list[tuple[int, int]]:
    """Starts and lengths of the dark runs: no thin white seams between modules of one row."""
    found: list[tuple[int, int]] = []
    for place, dark in enumerate(line):
        if not dark:
            continue
        if found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place, 1))
    return found
