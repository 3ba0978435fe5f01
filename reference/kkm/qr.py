"""The QR code of a ticket: as SVG for the page, as half blocks for a terminal (kz-ofd §13.3)."""

from __future__ import annotations

import io
from typing import Final

import segno

QUIET: Final = 4
"""Empty modules around the code, as the standard asks."""
SCALE: Final = 4
_CELLS: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def qr_svg(address: str) -> bytes:
    """Return an SVG picture of the address, dark on white."""
    found = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(found, kind="svg", scale=SCALE, border=QUIET, light="white", xmldecl=False, title="QR")
    return found.getvalue()


def qr_lines(address: str) -> list[str]:
    """Return the code as lines of one width, two rows of modules in each, dark modules as blocks."""
    code = segno.make(address, error="l", micro=False)
    rows = [[int(bool(cell)) for cell in row] for row in code.matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_CELLS[cells] for cells in zip(upper, lower, strict=True)) for upper, lower in pairs]
