"""Pages of a list: asked for by the row behind which they begin, never by counting rows off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ofd_mock.portal.errors import InvalidError
from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

MOST_ROWS: Final = 1_000
PAGE: Final = 50
"""Rows of a page for people."""

_LIMIT: Final = Texts(
    f"От 1 до {MOST_ROWS} строк", f"1-ден {MOST_ROWS} жолға дейін", f"From 1 to {MOST_ROWS} rows"
)
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """Rows of a page, and whether there are more behind them."""

    rows: Sequence[_Row]
    more: bool


def page_of(rows: Sequence[_Row], size: int = PAGE) -> Page[_Row]:
    """The page of rows that were asked for with one more than it holds."""
    return Page(rows[:size], len(rows) > size)


def bounded(limit: int) -> int:
    """`limit` itself; InvalidError when no list gives so many rows at once."""
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidError([FieldFinding("limit", "range", _LIMIT)])
    return limit
