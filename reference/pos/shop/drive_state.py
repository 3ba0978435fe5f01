"""What the cashier always sees of the fiscal service (UZ-USB-01, UZ-SVC-03, UZ-OFF-06, UZ-SHF-08).

Whether it is there, the shift, unsent receipts, and how long until they block the module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from reference.pos.drive_client import DriveClient
from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.protocol.uz.values import parse_json_time

OFFLINE_LIMIT: Final = timedelta(days=2)
"""Unsent for longer, and the module takes no more receipts (uz-fiscal FM-T-05)."""


@dataclass(frozen=True, slots=True)
class DriveState:
    """One look at the service. `trouble` is empty when all is well; times are Tashkent's.

    `seconds_left` until unsent receipts block the module: None while nothing is unsent.
    """

    reachable: bool
    trouble: str
    factory_id: str = ""
    terminal: str = ""
    locked: bool = False
    shift_opened: str | None = None
    shift_is_yesterdays: bool = False
    unsent: int = 0
    oldest_unsent: str | None = None
    seconds_left: int | None = None


def look_at(drive: DriveClient, now: datetime) -> DriveState:
    """Ask the service; `now` is the PC's Tashkent time. Never raises for a service in trouble."""
    try:
        info, memory, shift = drive.info(), drive.memory(), drive.shift()
    except DriveUnreachableError as error:
        return DriveState(False, str(error))
    except DriveRefusedError as error:
        return DriveState(True, error.reason)
    opened = opened_of(shift)
    unsent, oldest = int(memory.get("ReceiptsCount", 0)), memory.get("FirstUnacknowledgedReceiptTime")
    first = parse_json_time(str(oldest)) if oldest and unsent else None
    left = None if first is None else max(0, int((first + OFFLINE_LIMIT - now).total_seconds()))
    locked = bool(info.get("Locked"))
    return DriveState(
        reachable=True,
        trouble="locked" if locked else "blocked" if left == 0 else "",
        factory_id=drive.factory_id,
        terminal=str(info.get("TerminalID", "")),
        locked=locked,
        shift_opened=None if opened is None else opened.isoformat(sep=" "),
        shift_is_yesterdays=opened is not None and opened.date() < now.date(),
        unsent=unsent,
        oldest_unsent=None if first is None else first.isoformat(sep=" "),
        seconds_left=left,
    )


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
