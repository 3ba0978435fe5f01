"""Where everything stands on the paper: a document cut into rows of equally wide letters.

A letter is 12 dots wide on the 384 dots (58 mm) or 576 dots (80 mm) that a printer of 203 dots an inch has.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from reference.pos.prints.document import (
    Centre,
    Document,
    Item,
    Mark,
    Pair,
    PaperLine,
    Qr,
    Rule,
    Total,
    visible,
)

DPI: Final = 203
DOTS: Final = {58: 384, 80: 576}
"""Dots across a paper, by its width in mm."""
LETTER_DOTS: Final = 12
COLUMNS: Final = {paper: dots // LETTER_DOTS for paper, dots in DOTS.items()}
"""Letters in a row, by the paper's width in mm."""


class Weight(Enum):
    """How the letters of a row look; TALL ones are twice as high and no wider."""

    PLAIN = "plain"
    BOLD = "bold"
    TALL = "tall"


@dataclass(frozen=True, slots=True)
class TextRow:
    """Letters from the left edge."""

    text: str
    weight: Weight = Weight.PLAIN


@dataclass(frozen=True, slots=True)
class MarkRow:
    """The word TEST, large, in the middle."""


@dataclass(frozen=True, slots=True)
class QrRow:
    """A QR code in the middle."""

    address: str


Row: TypeAlias = TextRow | MarkRow | QrRow


def rows_of(
    document: Document, paper: int, adapt: Callable[[str], str] = lambda text: text
) -> tuple[Row, ...]:
    """The rows of a document on a paper 58 or 80 mm wide; `adapt` says texts in a device's own letters."""
    width = COLUMNS[paper]
    return tuple(
        row for line in document.lines for row in _rows(line, width, lambda text: adapt(visible(text)))
    )


def _rows(line: PaperLine, width: int, said: Callable[[str], str]) -> Iterator[Row]:
    match line:
        case Mark():
            yield MarkRow()
        case Qr(address):
            yield QrRow(address)
        case Rule(heavy):
            yield TextRow(("=" if heavy else "-") * width)
        case Centre(text, loud):
            for part in _wrapped(said(text), width):
                yield TextRow(part.center(width).rstrip(), Weight.BOLD if loud else Weight.PLAIN)
        case Item(number, name):
            for part in _wrapped(f"{number}. {said(name)}", width):
                yield TextRow(part)
        case Pair(label, value):
            yield from (TextRow(text) for text in _pair(said(label), said(value), width))
        case Total(label, value):
            yield from (TextRow(text, Weight.TALL) for text in _pair(said(label), said(value), width))


def _pair(label: str, value: str, width: int) -> list[str]:
    """Both in one row, or one below the other where they do not fit."""
    if len(label) + 1 + len(value) <= width:
        return [label + value.rjust(width - len(label))]
    return [*_wrapped(label, width), *(part.rjust(width) for part in _wrapped(value, width))]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]
