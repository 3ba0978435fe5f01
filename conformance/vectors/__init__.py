"""Published vectors as data files; cases reproduce them byte for byte."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def uz_vectors() -> dict[str, Any]:
    """Vectors of the Uzbek chain: receipts, messages, bcd, length, crc32c, name, pos_lock, gost_hash."""
    found: dict[str, Any] = json.loads((files(__name__) / "uz.json").read_text("utf-8"))
    return found
