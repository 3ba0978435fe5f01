"""What a report shows above its cases: every target's counts, and the lab clock's way through the run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from conformance.events import CaseRecord
from conformance.outcomes import Outcome

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 22
TICKS = 5
LEAST = timedelta(minutes=10)
"""Less lab time than this is not worth a drawing."""
HOURS_SHOWN = 48
"""Up to so many hours of lab time the chart counts in hours, above in days."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place in the drawing and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """The clock of one target: `points` as SVG wants them, `span` the lab time that passed."""

    name: str
    points: str
    span: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lab time over real seconds, ready to be drawn."""

    lines: tuple[Way, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    unit: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT


def target_counts(cases: Iterable[CaseRecord]) -> list[tuple[str, Counter[Outcome]]]:
    """Outcomes of every target, by name."""
    counts: dict[str, Counter[Outcome]] = {}
    for each in cases:
        if each.verdict is not None:
            counts.setdefault(each.target, Counter())[each.verdict.outcome] += 1
    return sorted(counts.items())


def clock_chart(cases: Iterable[CaseRecord]) -> Chart | None:
    """The lab clock of each target; None where it did not go LEAST forward, or no case says when it began."""
    ways: dict[str, list[tuple[float, datetime]]] = {}
    spent: dict[str, float] = {}
    for each in cases:
        if each.verdict is None or not each.lab_time:
            continue
        begun = spent.get(each.target, 0.0)
        ways.setdefault(each.target, []).append((begun, datetime.fromisoformat(each.lab_time)))
        spent[each.target] = begun + each.verdict.seconds
    if not ways:
        return None
    start = min(times[0][1] for times in ways.values())
    last = max(max(time for _, time in times) for times in ways.values())
    if last - start < LEAST:
        return None
    return _drawn(ways, start, last - start, max(*spent.values(), 0.001))


def _drawn(
    ways: dict[str, list[tuple[float, datetime]]], start: datetime, span: timedelta, seconds: float
) -> Chart:
    in_hours = span <= timedelta(hours=HOURS_SHOWN)
    unit = timedelta(hours=1) if in_hours else timedelta(days=1)
    high = span / unit

    def place(second: float, units: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * second / seconds
        return across, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * units / high

    lines = tuple(
        Way(name, _stairs([place(second, (time - start) / unit) for second, time in times]), _span(times))
        for name, times in sorted(ways.items())
    )
    rows = tuple(Tick(round(place(0, value)[1], 1), _number(value)) for value in _steps(high))
    columns = tuple(Tick(round(place(value, 0)[0], 1), _number(value)) for value in _steps(seconds))
    return Chart(lines, rows, columns, "hours" if in_hours else "days")


def _stairs(places: Sequence[tuple[float, float]]) -> str:
    """The polyline: a case begins where the one before it has left the clock."""
    points: list[str] = []
    height = places[0][1]
    for across, up in places:
        points += [f"{across:.1f},{height:.1f}", f"{across:.1f},{up:.1f}"]
        height = up
    return " ".join(dict.fromkeys(points))


def _span(times: Sequence[tuple[float, datetime]]) -> str:
    passed = times[-1][1] - times[0][1]
    hours, minutes = divmod(int(passed.total_seconds()) // 60, 60)
    return f"{hours // 24} d {hours % 24:02} h {minutes:02} min"


def _steps(high: float) -> list[float]:
    """Round numbers from 0 to `high`, about TICKS of them."""
    power = 10.0 ** math.floor(math.log10(high / TICKS))
    step = next(power * round_one for round_one in (1, 2, 5, 10) if power * round_one * TICKS >= high)
    return [step * number for number in range(int(high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:g}"
