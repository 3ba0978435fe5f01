"""Tariffs and what they cost on which lab day (KZ-TRF-01…04; kz-ofd §15.6).

Money is whole tenge in tiyn. A daily tariff charges each day that it runs; a monthly one charges the month
on its first day, and by days when it begins later. Nothing is charged while a register is suspended or
without a tariff.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

TIYN: Final = 100


@dataclass(frozen=True, slots=True)
class Tariff:
    """One tariff; `price` in tiyn a day or a month."""

    id: int
    name: str
    period: Literal["day", "month"]
    price: int


TARIFFS: Final[Mapping[int, Tariff]] = {
    tariff.id: tariff
    for tariff in (
        Tariff(1, "TEST Online ККМ, месяц", "month", 1_500 * TIYN),
        Tariff(2, "TEST Online ККМ, день", "day", 60 * TIYN),
    )
}
"""Names and prices are ours."""


def charge(tariff: Tariff, day: date, begun: date) -> int:
    """What this day costs, in tiyn, of a tariff that runs since `begun`; 0 before it.

    A month begun later costs the days that are left of it, its own included, rounded down to a whole tenge.
    """
    if day < begun:
        return 0
    if tariff.period == "day":
        return tariff.price
    if day.day == 1:
        return tariff.price
    if day != begun:
        return 0
    days = monthrange(day.year, day.month)[1]
    left = days - day.day + 1
    return tariff.price * left // days // TIYN * TIYN


def first_of_next_month(day: date) -> date:
    """When a suspension asked for on this day takes effect (PT-8)."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
