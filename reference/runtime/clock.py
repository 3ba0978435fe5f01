"""The lab clock: the one time that all parts of a lab share, and the only place that reads a real clock.

Lab time is a line over the machine's monotonic clock: it rises by `rate` lab seconds a real second (0
freezes it) and jumps by `advance`, and never goes back. Each part sees it through its own PartClock, which
can be set apart (`set_skew`, in either direction) and can drift. Sleeps and deadlines are lab durations: a
jump ends them at once, in whichever process the sleeper lives.

The line stands in one mapped file (clock_page.py), jumps travel by futex (wakes.py).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reference.runtime.clock_page import (
    MAX_NAME_BYTES,
    MAX_PARTS,
    SECOND_NS,
    SEQUENCE,
    ClockError,
    ClockFileError,
    ClockPage,
    ClockState,
    PartSetting,
    finite,
    moment,
    moment_ns,
)
from reference.runtime.part_clock import Deadline, PartClock, Span
from reference.runtime.wakes import Futex, LabEvent, Wakes

__all__ = [
    "ClockError",
    "ClockFileError",
    "Deadline",
    "LabClock",
    "LabEvent",
    "PartClock",
    "Span",
    "open_clock",
    "real_elapsed",
]

ENVIRONMENT_NAME = "KASSALAB_CLOCK"
MAX_RATE = 1_000_000.0

# Sequence, base real, base lab, rate, reserved: what now_ns needs of the state, see clock_page.py.
_View = tuple[int, int, int, float, int]

_LAST_NS = 7_258_118_400 * SECOND_NS  # 2200-01-01
_NEVER_NS = 2**63 - 1
_RESERVE_NS = 120 * SECOND_NS  # the kernel writes a changed page to disk well within this

# Bound inside partial objects at import: tools that replace time functions by identity do not find them.
_monotonic_ns: Callable[[], int] = functools.partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
_wall_ns: Callable[[], int] = functools.partial(time.clock_gettime_ns, time.CLOCK_REALTIME)


def real_elapsed() -> float:
    """Real seconds since an arbitrary moment: subtract two to time I/O for humans and benchmarks.

    The one permitted stop-watch; nothing that a protocol clause names may be measured with it.
    """
    return _monotonic_ns() / SECOND_NS


def open_clock(path: str | Path | None = None) -> LabClock:
    """The clock a process of the lab works by.

    Attaches to the clock file at `path`, else at $KASSALAB_CLOCK, and creates it at the machine's time when
    there is none yet. Without either the process gets a private clock that runs with the machine's.
    """
    chosen = path or os.environ.get(ENVIRONMENT_NAME)
    if not chosen:
        return LabClock.private()
    with contextlib.suppress(ClockFileError):
        return LabClock.attach(chosen)
    with contextlib.suppress(ClockFileError):  # another process of the lab may have been faster
        return LabClock.create(chosen)
    return LabClock.attach(chosen)


class LabClock:
    """Lab time in this process. All methods may be called from any thread."""

    def __init__(self, page: ClockPage, path: Path | None, futex: Futex | None) -> None:
        self._page = page
        self.words = page.words
        self.real_ns = _monotonic_ns
        self.path = path
        self.wakes = Wakes(page.generation, shared=page.shared, futex=futex)
        self._view: _View = (-1, 0, 0, 0.0, 0)
        self._continue_after_reboot()

    @classmethod
    def create(cls, path: str | Path, start: datetime | None = None, rate: float = 1.0) -> LabClock:
        """A new clock file that starts at `start` (aware; default the machine's time).

        Raises ClockFileError when the file exists already, ClockError for a start or rate that cannot be.
        """
        state = _first_state(start, rate, reserved=0)
        return cls(ClockPage.create(Path(path), state), Path(path), Futex.of_this_machine())

    @classmethod
    def attach(cls, path: str | Path) -> LabClock:
        """The clock of a running or stopped lab; ClockFileError when `path` is not a lab clock."""
        return cls(ClockPage.attach(Path(path)), Path(path), Futex.of_this_machine())

    @classmethod
    def private(cls, start: datetime | None = None, rate: float = 1.0) -> LabClock:
        """A clock of this process alone, without a file."""
        return cls(ClockPage.private(_first_state(start, rate, reserved=_NEVER_NS)), None, None)

    def now_ns(self) -> int:
        """Lab time in ns since 1970-01-01T00:00Z, never less than anybody in the lab saw before."""
        while True:
            sequence, base_real, base_lab, rate, reserved = self._view
            lab = base_lab + int((_monotonic_ns() - base_real) * rate)
            # Checked after the clock was read: a writer that came later reads a later clock.
            if self.words[SEQUENCE] == sequence and lab < reserved:
                return lab
            self.refresh()

    def now(self) -> datetime:
        """Lab time, aware, UTC, in whole microseconds."""
        return moment(self.now_ns())

    def advance(self, seconds: float) -> None:
        """Jump `seconds` (≥ 0) ahead and wake all whose time has come; ClockError for a step back."""
        seconds = finite("advance", seconds)
        if seconds < 0:
            raise ClockError("advance", "must not be negative, lab time only goes forward", seconds)
        step = round(seconds * SECOND_NS)

        def jumped(state: ClockState) -> ClockState:
            moved = _rebased(state)
            if moved.base_lab + step > _LAST_NS:
                raise ClockError("advance", "must not lead beyond the year 2199", seconds)
            return replace(moved, base_lab=moved.base_lab + step)

        self._jump(jumped)

    @property
    def rate(self) -> float:
        """Lab seconds a real second; 0 when time stands still."""
        return self._page.read()[1].rate

    def set_rate(self, rate: float) -> None:
        """Let lab time run `rate` (0 … 1 000 000) times as fast as real time from now on."""
        checked = _rate(rate)
        self._jump(lambda state: replace(_rebased(state), rate=checked))

    @property
    def generation(self) -> int:
        """A number that changes with every jump, change of rate, skew or drift."""
        return self._page.generation.value

    def part(self, name: str) -> PartClock:
        """The clock of the part `name` (1 … 23 bytes), entered into the table of parts when it is new."""
        encoded = name.encode()
        if not 1 <= len(encoded) <= MAX_NAME_BYTES or not name.isprintable():
            raise ClockError("part", f"must have 1 to {MAX_NAME_BYTES} printable bytes", name)
        if name not in self._page.read()[1].parts:

            def entered(state: ClockState) -> ClockState:
                if name not in state.parts and len(state.parts) >= MAX_PARTS:
                    raise ClockError(
                        "part", f"the clock has room for {MAX_PARTS} parts, none is left for", name
                    )
                return replace(state, parts={name: PartSetting()} | state.parts)

            self._page.change(entered, wake=False)
        return PartClock(self, name)

    def parts(self) -> dict[str, tuple[float, float]]:
        """All parts known to the lab: seconds each is apart from lab time now, and its drift in ppm."""
        lab = self.now_ns()
        settings = self._page.read()[1].parts
        return {
            name: (setting.offset_ns(lab) / SECOND_NS, setting.drift_ppm)
            for name, setting in sorted(settings.items())
        }

    def event(self) -> LabEvent:
        """An event for which parts of this clock can wait without polling."""
        return LabEvent()

    def close(self) -> None:
        """Let go of the file. No part clock of this object may be used after."""
        self.wakes.close(self._page.next_generation)
        self._page.close()

    def refresh(self) -> tuple[_View, ClockState]:
        """Read the shared state anew, and draw a new reserve when lab time has reached the old one."""
        sequence, state = self._page.read()
        if state.lab_ns(_monotonic_ns()) >= state.reserved:
            self._page.change(_with_reserve, wake=False)
            sequence, state = self._page.read()
        view = (sequence, state.base_real, state.base_lab, state.rate, state.reserved)
        self._view = view
        return view, state

    def change_part(self, name: str, change: Callable[[PartSetting, int], PartSetting]) -> None:
        """Replace the setting of a part by `change(setting, lab_ns)` and wake all sleepers."""

        def changed(state: ClockState) -> ClockState:
            lab = state.lab_ns(_monotonic_ns())
            return replace(state, parts=state.parts | {name: change(state.parts[name], lab)})

        self._jump(changed)

    def _jump(self, make: Callable[[ClockState], ClockState]) -> None:
        self._page.change(lambda state: _with_reserve(make(state)), wake=True)
        self.wakes.announce()
        self._page.sync()  # a jump reaches further than the reserve on disk

    def _continue_after_reboot(self) -> None:
        boot = _boot_identity()
        _, state = self._page.read()
        if state.boot == boot and _monotonic_ns() >= state.base_real:
            return

        def continued(state: ClockState) -> ClockState:
            real, wall = _monotonic_ns(), _wall_ns()
            if state.boot == boot and real >= state.base_real:
                return state  # another process was faster
            lab = state.base_lab
            if state.rate:
                away = max(0, wall - state.base_wall)
                lab = max(lab + int(away * state.rate), state.reserved)
            return replace(state, boot=boot, base_real=real, base_wall=wall, base_lab=lab)

        self._jump(continued)


def _first_state(start: datetime | None, rate: float, reserved: int) -> ClockState:
    wall = _wall_ns()
    lab = wall
    if start is not None:
        if start.tzinfo is None:
            raise ClockError("start", "must say its time zone", start.isoformat())
        lab = moment_ns(start)
        if not 0 <= lab <= _LAST_NS:
            raise ClockError("start", "must lie between the years 1970 and 2199", start.isoformat())
    return ClockState(_boot_identity(), _monotonic_ns(), lab, wall, _rate(rate), reserved, {})


def _rebased(state: ClockState) -> ClockState:
    real = _monotonic_ns()
    return replace(state, base_real=real, base_wall=_wall_ns(), base_lab=state.lab_ns(real))


def _with_reserve(state: ClockState) -> ClockState:
    ahead = int(_RESERVE_NS * max(state.rate, 1.0))
    return replace(state, reserved=max(state.reserved, state.lab_ns(_monotonic_ns()) + ahead))


def _boot_identity() -> bytes:
    with contextlib.suppress(OSError):
        text = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        return hashlib.sha256(text).digest()[:16]
    return bytes(16)


def _rate(rate: float) -> float:
    rate = finite("rate", rate)
    if not 0 <= rate <= MAX_RATE:
        raise ClockError("rate", f"must lie between 0 and {MAX_RATE:.0f}", rate)
    return rate
