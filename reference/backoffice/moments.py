"""Times of the owner portal: as tables keep them, and the days and hours sums go by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from reference.protocol.uz.values import from_tashkent, to_tashkent


def written(moment: datetime) -> str:
    """An aware moment as the text of a column: UTC with milliseconds. Such texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def moment_of(text: str) -> datetime:
    """The moment of such a text."""
    return datetime.fromisoformat(text)


def local_hour(moment: datetime) -> str:
    """`YYYY-MM-DDTHH` in Tashkent."""
    return to_tashkent(moment).strftime("%Y-%m-%dT%H")


def local_day(moment: datetime) -> date:
    """The day in Tashkent."""
    return to_tashkent(moment).date()


def day_begins(day: date) -> str:
    """The first moment of a Tashkent day, as columns have it."""
    return written(from_tashkent(datetime.combine(day, time())))
