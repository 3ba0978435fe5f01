"""What a shop remembers of rows that seldom change, until anything may have changed them."""

from __future__ import annotations

from typing import Any, TypeVar, cast

Kind = TypeVar("Kind")


class Memory:
    """Values by key, of several kinds, all of them forgotten together.

    Whoever reads a row to remember it asks `of` before: what was read before a change is then put where
    nobody looks any more.
    """

    def __init__(self) -> None:
        self._kinds: dict[type[Any], dict[Any, Any]] = {}

    def of(self, kind: type[Kind]) -> dict[Any, Kind]:
        """What is remembered of this kind now, to be read and added to."""
        return cast("dict[Any, Kind]", self._kinds.setdefault(kind, {}))

    def forget(self) -> None:
        """Everything is asked anew."""
        self._kinds = {}
