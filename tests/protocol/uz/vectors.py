"""The published vectors of the Uzbek chain, read once for all tests of its codecs."""

from __future__ import annotations

import json
from pathlib import Path

VECTORS = json.loads(
    (Path(__file__).parents[3] / "conformance" / "vectors" / "uz.json").read_text(encoding="utf-8")
)
