"""What the cashier always sees of the fiscal service (UZ-USB-01, UZ-SVC-03, UZ-OFF-06, UZ-SHF-08).

Whether it is there, the shift, unsent receipts, and how long until they block the module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.service import FiscalService, ModuleFacts
from reference.protocol.uz.values import parse_json_time

OFFLINE_LIMIT: Final = timedelta(days=2)
"""Unsent for longer, and the module takes no more receipts (uz-fiscal FM-T-05)."""


@dataclass(frozen=True, slots=True)
class DriveState:
    """One look at the service. `trouble` is empty when all is well; times are Tashkent's.

    `seconds_left` until unsent receipts block the module: None while nothing is unsent. `unknown` names what
    the dialect does not say; those fields are None.
    """

    reachable: bool
    trouble: str
    dialect: str = ""
    speaks: str = ""
    address: str = ""
    factory_id: str = ""
    terminal: str = ""
    locked: bool | None = None
    shift_opened: str | None = None
    shift_is_yesterdays: bool = False
    unsent: int | None = None
    oldest_unsent: str | None = None
    seconds_left: int | None = None
    unknown: tuple[str, ...] = ()


def look_at(drive: FiscalService, now: datetime) -> DriveState:
    """Ask the service; `now` is the PC's Tashkent time. Never raises for a service in trouble."""
    dialect = drive.dialect
    spoken = partial(DriveState, dialect=dialect.value, speaks=dialect.label, address=drive.address)
    try:
        facts, shift, factory_id = drive.facts(), drive.shift(), drive.factory_id
    except DriveUnreachableError as error:
        return spoken(False, str(error))
    except DriveRefusedError as error:
        return spoken(True, error.reason)
    opened = opened_of(shift)
    left = seconds_left(facts, now)
    return spoken(
        reachable=True,
        trouble="locked" if facts.locked else "blocked" if left == 0 else "",
        factory_id=factory_id,
        terminal=facts.terminal,
        locked=facts.locked,
        shift_opened=None if opened is None else opened.isoformat(sep=" "),
        shift_is_yesterdays=opened is not None and opened.date() < now.date(),
        unsent=facts.unsent,
        oldest_unsent=None if facts.oldest_unsent is None else facts.oldest_unsent.isoformat(sep=" "),
        seconds_left=left,
        unknown=unknown_of(facts, factory_id),
    )


def seconds_left(facts: ModuleFacts, now: datetime) -> int | None:
    """Until the oldest unsent receipt blocks the module; None while nothing is unsent, or nobody says since
    when."""
    if facts.oldest_unsent is None:
        return None
    return max(0, int((facts.oldest_unsent + OFFLINE_LIMIT - now).total_seconds()))


def unknown_of(facts: ModuleFacts, factory_id: str) -> tuple[str, ...]:
    """Names of the fields that the dialect leaves open."""
    open_since = facts.unsent != 0 and facts.oldest_unsent is None
    missing = {
        "factory_id": not factory_id,
        "locked": facts.locked is None,
        "unsent": facts.unsent is None,
        "oldest_unsent": open_since,
        "seconds_left": open_since,
    }
    return tuple(name for name, is_missing in missing.items() if is_missing)


def opened_of(shift: dict[str, Any] | None) -> datetime | None:
    """When the open shift was opened; None when none is open."""
    if shift is None or shift.get("CloseTime"):
        return None
    return parse_json_time(str(shift["OpenTime"]))


def day_is_over(opened: datetime, now: datetime, close_at: str) -> bool:
    """Whether a shift is to be closed by itself: the first `close_at` (HH:MM) after its opening has come.

    Only on that very day: a shift that yesterday forgot is for a person to close (UZ-SHF-08).
    """
    if not close_at:
        return False
    hour, minute = close_at.split(":")
    end = datetime.combine(opened.date(), time(int(hour), int(minute)))
    if end <= opened:
        end += timedelta(days=1)
    return end <= now < end + timedelta(hours=12) and now.date() == end.date()
