"""What a paper says, line by line, whatever it is drawn with.

Texts come from catalogues, settings and scanners. What would steer a printer or hide in a picture is made
visible here, once for all renderers: `<1D>` for the separator of a marking code.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, TypeAlias

TEST: Final = "TEST"


@dataclass(frozen=True, slots=True)
class Mark:
    """The word TEST, as large as the paper lets it (uz-fiscal ID-03)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""

    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Centre:
    """A text in the middle; `loud`: in bold letters."""

    text: str
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A label on the left, its value on the right."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """The head of an item: its place on the receipt, from 1, and its name."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Total:
    """What it all comes to, in tall letters."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Qr:
    """The code that a buyer scans; at least 30 mm wide wherever it is drawn (uz-fiscal QR-05)."""

    address: str


PaperLine: TypeAlias = Mark | Rule | Centre | Pair | Item | Total | Qr


@dataclass(frozen=True, slots=True)
class Document:
    """A whole paper. `title` names it in files; it is not drawn."""

    title: str
    lines: tuple[PaperLine, ...]


def visible(text: str) -> str:
    """The text in one line: any blank is a space, what cannot be seen is its number in `<>`."""
    return "".join(_seen(letter) for letter in unicodedata.normalize("NFC", text))


def _seen(letter: str) -> str:
    if letter.isspace() and letter not in "\x1c\x1d\x1e\x1f":
        return " "
    if unicodedata.category(letter)[0] == "C":
        return f"<{ord(letter):02X}>"
    return letter
