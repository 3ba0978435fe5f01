"""What a café lives through in a month: who comes when, eats what, pays how. The same seed, the same month.

Nothing here knows prices: they are the point of sale's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from reference.runtime.chance import generator

FIRST_DAY: Final = date(2026, 9, 1)
DAYS: Final = 30
RECEIPTS: Final = 4_965
"""Of sales; with the refunds that come on top they are over five thousand."""
MOST_UNSENT: Final = 1_000
"""Receipts of a day that a module surely holds until the network is back; a usual one has 1120 blocks."""
SLOT: Final = 60
"""Minutes: orders of one slot are typed in one after the other."""
OPENS: Final = 8 * 60
LAST_GUESTS: Final = 21 * 60
_HOURS: Final[Mapping[int, int]] = {
    8: 5, 9: 6, 10: 5, 11: 8, 12: 17, 13: 19, 14: 11, 15: 6, 16: 5, 17: 8, 18: 13, 19: 16, 20: 12, 21: 6,
}  # fmt: skip
"""How many of a hundred and some guests come in each hour."""
_WEEKDAYS: Final = (0.9, 0.9, 0.95, 1.0, 1.2, 1.25, 1.1)
_PAYMENTS: Final[Mapping[tuple[str, ...], int]] = {
    ("cash",): 38,
    ("card",): 34,
    ("click",): 9,
    ("payme",): 9,
    ("uzum",): 3,
    ("cash", "card"): 5,
    ("cash", "payme"): 2,
}


class Trouble(StrEnum):
    """What happens to the café on a day."""

    NONE = "none"
    DRIVE_DOWN = "drive down"
    NETWORK_DOWN = "network down"
    FORGOTTEN = "shift forgotten"


class Fate(StrEnum):
    """What becomes of an order."""

    PAID = "paid"
    CANCELLED = "cancelled"
    PARTLY_BACK = "partly back"
    ALL_BACK = "all back"


@dataclass(frozen=True, slots=True)
class Visit:
    """An order: its minutes of the day, dishes by number with amounts in thousandths, and how it ends.

    `table` None is the counter; `discount` in percent; `back` is the minute of a refund; `shares` how much of
    a hundred the first payment takes.
    """

    comes: int
    pays: int
    back: int
    table: int | None
    waiter: int
    dishes: tuple[tuple[int, int], ...]
    payments: tuple[str, ...]
    share: int
    discount: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its visits and its trouble."""

    on: date
    visits: tuple[Visit, ...]
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Tastes:
    """What guests can choose from: how many tables and waiters, how often each dish is wanted, and which are
    sold by weight."""

    tables: int
    waiters: int
    wanted: tuple[int, ...]
    by_weight: frozenset[int]


def plan_month(
    seed: int,
    tastes: Tastes,
    days: int = DAYS,
    receipts: int = RECEIPTS,
    first: date = FIRST_DAY,
    till: int = 1,
) -> tuple[Day, ...]:
    """A month of `receipts` sales over `days` days at a till, counted from 1. Troubles befall the first.

    On a day of more sales than a module holds unsent the network stays: without it no more could be sold.
    """
    rng = generator(seed, "shop month" if till == 1 else f"shop month, till {till}")
    dates = [first + timedelta(days=number) for number in range(days)]
    shares = [_WEEKDAYS[each.weekday()] for each in dates]
    troubles = _troubles(days) if till == 1 else {}
    made, left = [], receipts
    for number, on in enumerate(dates):
        count = round(left * shares[number] / sum(shares[number:]))
        left -= count
        visits = _visits(rng, count, tastes)
        trouble = troubles.get(number, Trouble.NONE)
        full = trouble is Trouble.NETWORK_DOWN and count > MOST_UNSENT
        made.append(Day(on, visits, Trouble.NONE if full else trouble))
    return tuple(made)


def _troubles(days: int) -> dict[int, Trouble]:
    """A forgotten shift needs a day after it; what is short has what there is room for."""
    wanted = (Trouble.DRIVE_DOWN, Trouble.FORGOTTEN, Trouble.NETWORK_DOWN)
    return {days * (place + 1) // (len(wanted) + 1): each for place, each in enumerate(wanted)}


def _visits(rng: Random, paid: int, tastes: Tastes) -> tuple[Visit, ...]:
    """`paid` orders that are paid and some that are given up, in the order in which people come."""
    found = [_visit(rng, tastes, _fate(rng)) for _ in range(paid)]
    found += [_visit(rng, tastes, Fate.CANCELLED) for _ in range(max(1, paid // 40))]
    return tuple(sorted(found, key=lambda each: each.comes))


def _visit(rng: Random, tastes: Tastes, fate: Fate) -> Visit:
    [hour] = rng.choices(list(_HOURS), list(_HOURS.values()))
    comes = min(60 * hour + SLOT * rng.randrange(60 // SLOT), LAST_GUESTS)
    table = rng.randrange(tastes.tables) if rng.random() < 0.7 else None
    pays = comes if table is None else min(comes + SLOT * rng.randint(1, 2), LAST_GUESTS + SLOT)
    wanted = rng.choices(range(len(tastes.wanted)), tastes.wanted, k=rng.choice((1, 2, 2, 3, 4)))
    dishes = tuple((dish, _amount(rng, by_weight=dish in tastes.by_weight)) for dish in dict.fromkeys(wanted))
    [payments] = rng.choices(list(_PAYMENTS), list(_PAYMENTS.values()))
    return Visit(
        comes=comes,
        pays=pays,
        back=min(pays + SLOT, LAST_GUESTS + 2 * SLOT),
        table=table,
        waiter=rng.randrange(tastes.waiters),
        dishes=dishes,
        payments=payments,
        share=rng.randrange(10, 91),
        discount=rng.choice((5, 10, 15)) if rng.random() < 0.06 else 0,
        fate=fate,
    )


def _fate(rng: Random) -> Fate:
    roll = rng.random()
    return Fate.ALL_BACK if roll < 0.004 else Fate.PARTLY_BACK if roll < 0.012 else Fate.PAID


def _amount(rng: Random, *, by_weight: bool) -> int:
    return 5 * rng.randint(30, 400) if by_weight else 1_000 * rng.choice((1, 1, 1, 1, 2, 2, 3))
