"""The published vectors of the Kazakh chain, read once for all tests of its codecs."""

from __future__ import annotations

import json
from pathlib import Path

VECTORS = json.loads(
    (Path(__file__).parents[3] / "conformance" / "vectors" / "kz.json").read_text(encoding="utf-8")
)["vectors"]
