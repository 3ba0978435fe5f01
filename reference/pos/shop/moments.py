"""Times as the shop's tables keep them, and its days."""

from __future__ import annotations

from datetime import UTC, datetime

from reference.protocol.uz.values import to_tashkent


def written(moment: datetime) -> str:
    """An aware moment as the text of a column: UTC with milliseconds. Such texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def moment_of(text: str) -> datetime:
    """The moment of such a text."""
    return datetime.fromisoformat(text)


def local_day(moment: datetime) -> str:
    """The shop's day of a moment, `YYYY-MM-DD`."""
    return to_tashkent(moment).date().isoformat()
