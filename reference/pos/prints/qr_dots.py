"""QR codes in dots of the printer, never narrower than 30 mm without their quiet zone (uz-fiscal QR-05)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import segno

from reference.pos.prints.rows import DPI

LEAST_MM: Final = 30
LEAST_DOTS: Final = -(-LEAST_MM * DPI * 10 // 254)
"""30 mm in dots, rounded up."""
QUIET: Final = 4
"""Empty modules around a code that a scanner wants."""
CORRECTION: Final = "m"
MOST_NATIVE: Final = 16
"""Dots that a module may have in the printer's own QR command."""
_DIGITS: Final = re.compile(r"[0-9]+")


@lru_cache(32)
def modules_of(text: str) -> tuple[tuple[bool, ...], ...]:
    """The code, row by row, True where it is dark, without its quiet zone."""
    return tuple(tuple(bool(cell) for cell in row) for row in _made(text).matrix_iter(border=0))


def module_dots(modules: int) -> int:
    """Dots of a module, so that a code of so many modules across is at least 30 mm wide."""
    return -(-LEAST_DOTS // modules)


def native_dots(text: str) -> int:
    """Dots of a module for a printer that draws the code itself.

    It may write digits shorter than we do and come to a smaller code; even then it is at least 30 mm wide.
    """
    bits = sum(10 * len(run) // 3 for run in _DIGITS.findall(text)) + 8 * len(_DIGITS.sub("", text).encode())
    smallest = _made("x" * max(1, bits // 8 - 2))
    return min(MOST_NATIVE, module_dots(len(tuple(smallest.matrix_iter(border=0)))))


def _made(text: str) -> segno.QRCode:
    return segno.make_qr(text, error=CORRECTION, boost_error=False)
