"""Times as the portal's tables keep them, and as its pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from reference.protocol.kz.money import from_almaty, to_almaty

_FIRST, _LAST = date(1, 1, 2), date(9999, 12, 30)


def written(moment: datetime) -> str:
    """An aware moment as the text of a column: UTC, whole seconds. Such texts sort as the moments do."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def moment_of(text: str) -> datetime:
    """The moment of such a text."""
    return datetime.fromisoformat(text)


def local_day(moment: datetime) -> date:
    """The portal's day: tariffs, suspensions and filters go by it."""
    return to_almaty(moment).date()


def beginning(day: date) -> datetime:
    """Midnight with which a day of the portal begins. Days that no clock can show begin with its last one."""
    return from_almaty(datetime.combine(min(max(day, _FIRST), _LAST), time()))


def shown(moment: datetime | str | None) -> str:
    """`dd.MM.yyyy HH:mm` in the portal's zone; empty for None (kz-ofd §15.10)."""
    if moment is None:
        return ""
    known = moment_of(moment) if isinstance(moment, str) else moment
    return f"{to_almaty(known):%d.%m.%Y %H:%M}"
