"""The typeface of papers, Cyrillic, Uzbek and Kazakh letters too: DejaVu Sans Mono, its licence beside it.

Every letter is equally wide, so that the columns of a paper stand below each other.
"""

from __future__ import annotations

import importlib.resources
from functools import cache
from typing import Final

FILE: Final = "DejaVuSansMono.ttf"


@cache
def font_bytes() -> bytes:
    """The TrueType file."""
    return (importlib.resources.files(__name__) / FILE).read_bytes()
