"""Lab time for tills side by side: it stands still while one of them works, and skips nobody's moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reference.runtime.clock import LabClock
from tests.waiting import eventually
from tools.demo import DemoError
from tools.demo_shop import _played
from tools.shop_month.pace import BrokenOffError, Pace

BEGINS = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture
def clock(tmp_path: Path) -> LabClock:
    return LabClock.create(tmp_path / "clock", start=BEGINS, rate=0)


def after(minutes: int) -> datetime:
    return BEGINS + timedelta(minutes=minutes)


def test_time_goes_to_every_moment_in_turn(clock: LabClock) -> None:
    """One waits for odd minutes, the other for even ones, each a different number of times."""
    pace, seen = Pace(clock, 2), list[tuple[int, datetime]]()

    def player(name: int, minutes: range) -> None:
        for minute in minutes:
            pace.until(after(minute))
            seen.append((minute, pace.now()))
        pace.leave()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(player, 1, range(1, 100, 2)), threads.submit(player, 2, range(2, 40, 2))]:
            done.result(60)
    assert sorted(minute for minute, _ in seen) == sorted([*range(1, 100, 2), *range(2, 40, 2)])
    assert all(now == after(minute) for minute, now in seen)


def test_time_stands_still_while_somebody_works(clock: LabClock) -> None:
    pace = Pace(clock, 2)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pace.until, after(30))
        eventually(lambda: pace._wanted)
        assert (waiting.done(), pace.now()) == (False, BEGINS)
        pace.until(after(10))
        assert (waiting.done(), pace.now()) == (False, after(10))
        pace.leave()
        waiting.result(60)
    assert pace.now() == after(30)


def test_a_moment_that_is_past_is_not_waited_for(clock: LabClock) -> None:
    pace = Pace(clock, 2)
    pace.until(BEGINS)
    assert pace.now() == BEGINS


class _Scripted:
    """Plays by waiting for a minute, or meets a trouble."""

    def __init__(self, pace: Pace, trouble: Exception | None) -> None:
        self.pace = pace
        self.trouble = trouble

    def play(self) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.pace.until(after(1))


@pytest.mark.parametrize("place", [0, 1])
def test_what_one_meets_ends_all_and_is_what_is_told(clock: LabClock, place: int) -> None:
    pace = Pace(clock, 2)
    plays = [_Scripted(pace, DemoError("no paper") if number == place else None) for number in range(2)]
    with pytest.raises(DemoError, match="no paper") as caught:
        _played(plays)
    assert not isinstance(caught.value, BrokenOffError)
