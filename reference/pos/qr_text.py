"""A QR code drawn in characters: half blocks, two rows of modules in a line of text; and as a picture.

Printed in the small font (12 × 17 dots a character cell of 8 dots a millimetre, square modules) the code of a
receipt is wider than the 30 mm that UZ-POS-04 asks for.
"""

from __future__ import annotations

from typing import Final

import segno

QUIET: Final = 2
"""Empty modules around the code; the margin of the paper is the rest of the quiet zone."""
_CELLS: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def qr_lines(text: str) -> list[str]:
    """The lines of the code, all of one width, dark modules as blocks."""
    code = segno.make(text, error="l", micro=False)
    rows = [[int(bool(cell)) for cell in row] for row in code.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        "".join(_CELLS[upper, lower] for upper, lower in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, len(rows), 2)
    ]


def qr_picture(text: str) -> str:
    """The code as the address of a picture that a page can show, dark on white."""
    picture: str = segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=4, light="white")
    return picture
