"""Lab time as one part of the lab sees it, and how a part waits.

Every wait here is a loop: register to be woken, work out how long it takes if nobody touches the clock, block
for that long, look again. The clock itself is clock.py; this module reads time through the LabClock it is
given.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from reference.runtime.clock_page import SECOND_NS, SEQUENCE, ClockError, PartSetting, finite, moment
from reference.runtime.wakes import LabEvent, Waker

if TYPE_CHECKING:
    from reference.runtime.clock import LabClock

MAX_SKEW_SECONDS = 100 * 366 * 86_400.0
MAX_DRIFT_PPM = 500_000.0

_PLAIN_EVENT_SLICE = 0.005
_LONGEST_WAIT = 3600.0


class PartClock:
    """Lab time as one part sees it: `skew` seconds apart and drifting. Its durations are lab durations.

    A sleep or deadline ends when that many seconds have passed on the lab's clock or on the part's own,
    whichever comes first: a part set ahead wakes at once, a part set back does not oversleep.

    `sleep`, `wait` and `asleep` take seconds from now, or a Deadline that was made earlier: a jump of the
    clock between working out how long something is to take and beginning to wait is not slept through.
    """

    def __init__(self, lab: LabClock, name: str) -> None:
        self.lab = lab
        self.name = name
        self._real_ns = lab.real_ns
        self._words = lab.words
        self._view = (-1, 0, 0, 0.0, 0, 0, 0.0, 0)

    def now_ns(self) -> int:
        """The part's time in ns since 1970-01-01T00:00Z. It goes back only when the skew is set back."""
        return self.both_ns()[1]

    def both_ns(self) -> tuple[int, int]:
        """Lab time and this part's time at the same moment, in nanoseconds."""
        while True:
            sequence, base_real, base_lab, rate, reserved, skew, drift, since = self._view
            lab = base_lab + int((self._real_ns() - base_real) * rate)
            if self._words[SEQUENCE] == sequence and lab < reserved:
                if drift:
                    return lab, lab + skew + int((lab - since) * drift / 1_000_000)
                return lab, lab + skew
            self._refresh()

    def now(self) -> datetime:
        """The part's time, aware, UTC, in whole microseconds."""
        return moment(self.now_ns())

    @property
    def skew(self) -> float:
        """How many seconds this part is ahead of lab time now (negative: behind), drift included."""
        lab, part = self.both_ns()
        return (part - lab) / SECOND_NS

    def set_skew(self, seconds: float) -> None:
        """Set this part `seconds` ahead of lab time (negative: behind), as if somebody had set its clock."""
        seconds = finite("skew", seconds)
        if abs(seconds) > MAX_SKEW_SECONDS:
            raise ClockError("skew", f"must be within ±{MAX_SKEW_SECONDS:.0f} s", seconds)
        skew = round(seconds * SECOND_NS)
        self.lab.change_part(self.name, lambda setting, lab: PartSetting(skew, setting.drift_ppm, lab))

    @property
    def drift(self) -> float:
        """Parts per million by which this part's clock runs fast (negative: slow)."""
        self._refresh()
        return self._view[6]

    def set_drift(self, ppm: float) -> None:
        """Let this part gain `ppm` microseconds a lab second from now on. What it gained so far stays."""
        ppm = finite("drift", ppm)
        if abs(ppm) > MAX_DRIFT_PPM:
            raise ClockError("drift", f"must be within ±{MAX_DRIFT_PPM:.0f} ppm", ppm)
        self.lab.change_part(self.name, lambda setting, lab: PartSetting(setting.offset_ns(lab), ppm, lab))

    def deadline(self, seconds: float, by: Deadline | None = None) -> Deadline:
        """The moment `seconds` from now, or `by` where that comes first."""
        return Deadline(self, seconds, by)

    def sleep(self, span: Span) -> None:
        """Block this thread until `span` is over. Stands still with a frozen clock."""
        deadline = self._end_of(span)
        waker = threading.Event()
        with self.lab.wakes.listening(waker.set):
            _wait_until(deadline, waker, lambda: False)

    def wait(self, event: threading.Event, span: Span) -> bool:
        """Block until `event` is set (True) or `span` is over (then whether it is set).

        Promises to see a set event at once, and a jump at once for a LabEvent, within 5 ms for a plain
        Event.
        """
        deadline = self._end_of(span)
        if isinstance(event, LabEvent):
            waker = threading.Event()
            with self.lab.wakes.listening(waker.set), event.listening(waker.set):
                _wait_until(deadline, waker, event.is_set)
            return event.is_set()
        while not event.is_set():
            delay = deadline.real_delay()
            if delay <= 0:
                break
            event.wait(min(delay, _PLAIN_EVENT_SLICE))
        return event.is_set()

    async def asleep(self, span: Span) -> None:
        """Let other tasks of this event loop run until `span` is over."""
        deadline = self._end_of(span)
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        with self.lab.wakes.listening(_loop_waker(loop, woken)):
            while (delay := deadline.real_delay()) > 0:
                timer = loop.call_later(min(delay, _LONGEST_WAIT), woken.set)
                try:
                    await woken.wait()
                finally:
                    timer.cancel()
                woken.clear()
        await asyncio.sleep(0)

    @property
    def pace(self) -> tuple[float, float]:
        """The lab's rate and this part's drift in ppm, as of the last time read."""
        view = self._view
        return view[3], view[6]

    def _end_of(self, span: Span) -> Deadline:
        return span if isinstance(span, Deadline) else self.deadline(span)

    def _refresh(self) -> None:
        view, state = self.lab.refresh()
        part = state.parts[self.name]
        self._view = (*view, part.skew_ns, part.drift_ppm, part.since_ns)


class Deadline:
    """A moment on a part's clock, a number of seconds after it was made, or `by` where that comes first."""

    __slots__ = ("_clock", "_lab_at", "_part_at")

    def __init__(self, clock: PartClock, seconds: float, by: Deadline | None = None) -> None:
        lab, part = clock.both_ns()
        span = round(finite("seconds", seconds) * SECOND_NS)
        self._clock = clock
        self._lab_at: int = lab + span if by is None else min(lab + span, by._lab_at)
        self._part_at: int = part + span if by is None else min(part + span, by._part_at)

    @property
    def passed(self) -> bool:
        """Whether the moment has come."""
        lab, part = self._clock.both_ns()
        return lab >= self._lab_at or part >= self._part_at

    @property
    def remaining(self) -> float:
        """Seconds of the part's time until then, 0.0 when it has passed."""
        lab, part = self._clock.both_ns()
        return max(0, min(self._lab_at - lab, self._part_at - part)) / SECOND_NS

    def real_delay(self) -> float:
        """Real seconds until then if nobody touches the clock: 0.0 when passed, infinite when frozen."""
        lab, part = self._clock.both_ns()
        rate, drift = self._clock.pace
        left = min(self._lab_at - lab, (self._part_at - part) / (1 + drift / 1_000_000))
        if left <= 0:
            return 0.0
        return max(left / rate / SECOND_NS, 1e-6) if rate else math.inf


Span: TypeAlias = float | Deadline
"""How long to wait: lab seconds from now, or until a moment."""


def _wait_until(deadline: Deadline, waker: threading.Event, done: Callable[[], bool]) -> None:
    while not done():
        delay = deadline.real_delay()
        if delay <= 0:
            return
        waker.wait(min(delay, _LONGEST_WAIT))
        waker.clear()


def _loop_waker(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> Waker:
    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed between the jump and this call
            loop.call_soon_threadsafe(woken.set)

    return wake
