"""Money in whole tiyn, taxes rounded half up, and the calendar of kz-ofd §2.4, §2.5 and §14.2.

Everything here computes in integers; a sign never travels (kz-ofd RG-04). Dates on the wire carry no zone:
they are local time, Asia/Almaty, and here naive `datetime` of whole seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from reference.protocol.kz.errors import RangeError

ALMATY: Final = ZoneInfo("Asia/Almaty")
"""The zone of registers' clocks, from the time-zone database: UTC+6 until 01.03.2024, UTC+5 since."""
TIYN: Final = 100
"""Tiyn in a tenge."""
MAX_BILLS: Final = 2**63 - 1
MAX_COINS: Final = 99
MAX_TIYN: Final = MAX_BILLS * TIYN + MAX_COINS
"""The largest sum a Money holds, in tiyn (kz-ofd RG-04)."""
WHOLE_PERCENT: Final = 1000
"""Percents are written in thousandths: 12000 = 12 % (kz-ofd RG-06)."""
_HUNDRED_PERCENT: Final = 100 * WHOLE_PERCENT


def to_tiyn(money: Any) -> int:
    """Return a Money message's sum in tiyn; an absent bills or coins counts as 0."""
    return int(money.bills) * TIYN + int(money.coins)


def set_money(money: Any, tiyn: int) -> None:
    """Write a sum into a Money message, both fields even when 0 (kz-ofd PA-4). Raises RangeError."""
    if not 0 <= tiyn <= MAX_TIYN:
        raise RangeError(f"{tiyn} tiyn is not in 0…{MAX_TIYN}", field="Money", clause="RG-04")
    money.bills, money.coins = divmod(tiyn, TIYN)


def money_text(tiyn: int) -> str:
    """Return `1234.05` for 123405 tiyn, with a minus where it must be."""
    tenge, rest = divmod(abs(tiyn), TIYN)
    return f"{'-' if tiyn < 0 else ''}{tenge}.{rest:02d}"


def percent_tax(base: int, percent: int, *, inside: bool) -> int:
    """Return the tax in a base, both in tiyn, half up; `percent` in thousandths (kz-ofd §14.2, T21).

    Inside: base × p / (100000 + p); on top: base × p / 100000.
    """
    whole = _HUNDRED_PERCENT + percent if inside else _HUNDRED_PERCENT
    return (2 * base * percent + whole) // (2 * whole)


def line_sum(price: int, quantity: int) -> int:
    """Return price × quantity in tiyn, half up; `quantity` in thousandths (kz-ofd T14)."""
    return (price * quantity + 500) // 1000


def to_almaty(moment: datetime) -> datetime:
    """Return the local time of an aware moment, naive and in whole seconds."""
    return moment.astimezone(ALMATY).replace(microsecond=0, tzinfo=None)


def from_almaty(local: datetime) -> datetime:
    """Return the aware moment of a naive local time; of an hour that came twice, the first."""
    return local.replace(tzinfo=ALMATY)


def set_time(message: Any, time: datetime) -> None:
    """Write a naive local time into a DateTime message, seconds always."""
    date, clock = message.date, message.time
    date.year, date.month, date.day = time.year, time.month, time.day
    clock.hour, clock.minute, clock.second = time.hour, time.minute, time.second


def read_time(message: Any) -> tuple[datetime | None, str]:
    """Return a DateTime message's local time and "", or None and the figures that are no date (kz-ofd T08).

    An absent second is 0 (kz-ofd §2.5), and so are hour and minute, which some encoders drop at midnight.
    """
    date, clock = message.date, message.time
    year, month, day, hour, minute = date.year, date.month, date.day, clock.hour, clock.minute
    second = clock.second
    if message.HasField("date") and message.HasField("time"):
        try:
            return datetime(year, month, day, hour, minute, second), ""
        except (ValueError, OverflowError):
            pass
    return None, f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def time_figures(message: Any) -> tuple[int, int, int, int, int, int]:
    """Return a DateTime message's six figures as they came, garbage included; absent is 0 (kz-ofd SV-02)."""
    date, clock = message.date, message.time
    return date.year, date.month, date.day, clock.hour, clock.minute, clock.second
