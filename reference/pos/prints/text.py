"""A paper as text in the columns of 58 or 80 mm; the QR code in half blocks, in the small font's columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reference.pos.prints.document import Document
from reference.pos.prints.rows import COLUMNS, MarkRow, QrRow, Row, TextRow, rows_of
from reference.pos.qr_text import qr_lines

SMALL_COLUMNS: Final = {58: 42, 80: 64}
"""Characters of the small font, in which the QR code is printed."""
_BIG_TEST: Final = (
    "█████ █████ █████ █████",
    "  █   █     █       █  ",
    "  █   ████  █████   █  ",
    "  █   █         █   █  ",
    "  █   █████ █████   █  ",
)


def as_text(document: Document, paper: int) -> str:
    """The paper, each row a line."""
    lines = (line for row in rows_of(document, paper) for line in _lines(row, paper))
    return "\n".join(lines) + "\n"


def _lines(row: Row, paper: int) -> Iterator[str]:
    match row:
        case TextRow(text):
            yield text
        case MarkRow():
            yield from (line.center(COLUMNS[paper]).rstrip() for line in _BIG_TEST)
        case QrRow(address):
            yield from (line.center(SMALL_COLUMNS[paper]).rstrip() for line in qr_lines(address))
