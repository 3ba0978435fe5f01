"""Lab time as a case of the judge has it: what a case has moved is put back after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.controls import LabTime
from reference.runtime.clock import LabClock

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Asked:
    """A part's control API, as far as lab time goes."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock

    def set_clock(self, *, rate: float) -> None:
        self._clock.set_rate(rate)

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)


def test_time_that_stands_goes_on_by_what_the_case_adds_alone_and_by_itself_after_it() -> None:
    own = LabClock.private(START, rate=1000)
    control: Any = Asked(own)
    time = LabTime(own, lambda: control, shared=True)
    time.stand()
    began = time.now()
    time.advance(timedelta(minutes=9, seconds=59))
    assert time.now() - began == timedelta(minutes=9, seconds=59)
    time.put_back()
    assert own.rate == 1000
