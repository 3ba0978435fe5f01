"""What a benchmark prints: one row per figure, each beside the floor that was measured in the same run."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reference.runtime.clock import real_elapsed


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    `value` and `floor` share `unit`; `floor` is what the bare mechanism below (a disk sync, an echo server)
    reached in the same run, or None where the goal is absolute; `goal` says in words what must hold and
    `holds` whether it did.
    """

    name: str
    value: float
    unit: str
    floor: float | None
    goal: str
    holds: bool


def at_most_times(name: str, value: float, unit: str, floor: float, factor: float) -> Figure:
    """A cost that may be at most `factor` times its floor."""
    return Figure(name, value, unit, floor, f"≤ {factor:g} × floor", value <= factor * floor)


def at_least(name: str, value: float, unit: str, goal: float, floor: float | None = None) -> Figure:
    """A rate that must reach the absolute `goal`; `floor` is shown for scale only."""
    return Figure(name, value, unit, floor, f"≥ {goal:,.0f} {unit}", value >= goal)


def at_least_or_share(
    name: str, value: float, unit: str, *, goal: float, floor: float, share: float
) -> Figure:
    """A rate that must reach the absolute `goal`, or `share` of what the bare mechanism reached."""
    words = f"≥ {goal:,.0f} {unit} or ≥ {share:g} × floor"
    return Figure(name, value, unit, floor, words, value >= goal or value >= share * floor)


def at_least_share(name: str, value: float, unit: str, *, floor: float, share: float) -> Figure:
    """A rate that must reach `share` of what the bare mechanism reached in the same run."""
    return Figure(name, value, unit, floor, f"≥ {share:g} × floor", value >= share * floor)


def shown(name: str, value: float, unit: str, floor: float | None = None) -> Figure:
    """A figure without a goal, for scale."""
    return Figure(name, value, unit, floor, "shown for scale", True)


def flat(name: str, values: Sequence[float], unit: str, tolerance: float) -> Figure:
    """A cost that must not change with size.

    `values` are the medians at growing sizes. The figure's value is the one farthest from the first, its
    floor the first; it holds while every ratio stays within ± `tolerance`.
    """
    first = values[0]
    worst = max(values, key=lambda one: abs(one / first - 1))
    return Figure(
        name, worst, unit, first, f"within ±{tolerance:.0%} of floor", abs(worst / first - 1) <= tolerance
    )


def timed(work: Callable[[], object], rounds: int = 5) -> float:
    """Median real seconds of `work()` over `rounds` calls, after one call that is not counted."""
    work()
    taken = []
    for _ in range(rounds):
        start = real_elapsed()
        work()
        taken.append(real_elapsed() - start)
    return statistics.median(taken)


def write_json(path: Path, figures: Iterable[Figure]) -> None:
    """Write the figures as `{"rows": [{"name", "value", "unit", "floor", "goal", "holds"}]}`."""
    rows = [asdict(figure) for figure in figures]
    path.write_text(json.dumps({"rows": rows}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
