"""Charts as numbers that templates draw as SVG; nothing is drawn by scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HOURS: Final = 24
HEIGHT: Final = 100
"""Of a chart with columns, in its own units; the page stretches it."""
_TICKS: Final = 4
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Column:
    """One hour: how many orders, and where its column begins (from above) and how tall it is."""

    hour: int
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class HourChart:
    """Orders by hour of the day; `ticks` are the numbers at the lines, from the top down."""

    columns: tuple[Column, ...]
    ticks: tuple[int, ...]
    busiest: int
    empty: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a ring: percent of the whole for people, `begin` and `length` (of 100) for the drawing."""

    name: str
    value: int
    percent: int
    begin: float
    length: float


def hour_chart(hours: Sequence[int]) -> HourChart:
    """Columns of 24 hours under lines at round numbers."""
    top = _round_top(max(hours, default=0))
    columns = tuple(
        Column(
            hour,
            count,
            round(HEIGHT - HEIGHT * max(0, count) / top, 2),
            round(HEIGHT * max(0, count) / top, 2),
        )
        for hour, count in enumerate(hours)
    )
    ticks = tuple(top * place // _TICKS for place in range(_TICKS, -1, -1))
    busiest = max(range(len(hours)), key=lambda hour: hours[hour], default=0)
    return HourChart(columns, ticks, busiest, not any(hours))


def slices(parts: Sequence[tuple[str, int]], most: int, rest: str) -> tuple[Slice, ...]:
    """Parts of a ring, the largest first; what is above `most` is one part named `rest`.

    What is not above zero (only refunds in the period) has no part.
    """
    known = sorted((pair for pair in parts if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))
    if len(known) > most:
        known = [*known[: most - 1], (rest, sum(value for _, value in known[most - 1 :]))]
    whole = sum(value for _, value in known)
    made, begin = [], 0.0
    for (name, value), percent in zip(known, _percents([value for _, value in known]), strict=True):
        length = 100 * value / whole
        made.append(Slice(name, value, percent, round(begin, 3), round(length, 3)))
        begin += length
    return tuple(made)


def share(value: int, most: int) -> int:
    """How long the bar of a value is, in percent of the longest; 0 for what is not above zero."""
    return round(100 * value / most) if value > 0 and most > 0 else 0


def _percents(values: Sequence[int]) -> list[int]:
    """Whole percents that make 100 together: the largest remainders are rounded up."""
    whole = sum(values)
    percents = [100 * value // whole for value in values]
    by_rest = sorted(range(len(values)), key=lambda place: -(100 * values[place] % whole))
    for place in by_rest[: 100 - sum(percents)]:
        percents[place] += 1
    return percents


def _round_top(most: int) -> int:
    """The least multiple of four lines at a round step that holds `most`."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * _TICKS >= most:
                return step * power * _TICKS
        power *= 10
