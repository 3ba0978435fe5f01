"""JSON of strangers: what it is, or ValueError, whatever they send."""

from __future__ import annotations

import json
from typing import Any, Final

DEEPEST: Final = 100
"""Arrays and objects inside each other; nobody reads a deeper tree, and walking one could end the judge."""


def any_json(text: str | bytes) -> Any:
    """The value; ValueError for what is no JSON, and for what is nested deeper than DEEPEST."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level if isinstance(each, list | dict) for inner in _inside(each)]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


_TOO_DEEP: Final = f"nested deeper than {DEEPEST} arrays and objects"


def _inside(value: list[Any] | dict[str, Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
