"""The lab clock in one process: lab time, parts, deadlines, sleepers, the file."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import math
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import freezegun
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference.runtime.clock as clock_module
from reference.runtime.clock import (
    ClockError,
    ClockFileError,
    Deadline,
    LabClock,
    LabEvent,
    open_clock,
    real_elapsed,
)
from reference.runtime.clock_page import ClockPage, ClockState
from reference.runtime.part_clock import _loop_waker
from tests.waiting import PATIENCE, eventually, quick_once

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9
PROMPT = 0.25
"""Seconds in which a woken sleeper must be back on a busy machine; the usual figure is a millisecond."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lab.clock"


@contextlib.contextmanager
def second(path: Path) -> Iterator[LabClock]:
    clock = LabClock.attach(path)
    try:
        yield clock
    finally:
        clock.close()


class Running:
    """A thread whose end and result can be waited for."""

    def __init__(self, target) -> None:
        self.done = threading.Event()
        self.result: object = None
        self._target = target
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.result = self._target()
        self.done.set()


def asleep_in(clock: LabClock, count: int = 1) -> None:
    """Wait until `count` sleepers have registered with `clock`."""
    eventually(lambda: len(clock.wakes._wakers) == count)


# Lab time


def test_frozen_clock_shows_its_start_to_the_nanosecond():
    clock = LabClock.private(START, rate=0)
    assert clock.now_ns() == START_NS
    assert clock.now() == START
    assert clock.now().tzinfo is UTC


def test_clock_starts_at_the_machines_time_by_default():
    before = datetime.now(UTC)
    shown = LabClock.private().now()
    assert before - timedelta(seconds=1) < shown < before + timedelta(seconds=60)


def test_advance_is_exact_when_frozen():
    clock = LabClock.private(START, rate=0)
    clock.advance(86_400.000_001)
    assert clock.now_ns() == START_NS + 86_400_000_001_000
    clock.advance(0)
    assert clock.now_ns() == START_NS + 86_400_000_001_000


@pytest.mark.parametrize("seconds", [-1, -1e-6])
def test_advance_refuses_to_go_back(seconds: float):
    clock = LabClock.private(START, rate=0)
    with pytest.raises(ClockError, match="must not be negative, lab time only goes forward") as refused:
        clock.advance(seconds)
    assert refused.value.field == "advance"
    assert clock.now_ns() == START_NS


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, True, "5", None])
def test_numbers_must_be_finite_numbers(value):
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    for field, act in (
        ("advance", clock.advance),
        ("rate", clock.set_rate),
        ("skew", part.set_skew),
        ("drift", part.set_drift),
        ("seconds", part.deadline),
    ):
        with pytest.raises(ClockError) as refused:
            act(value)
        assert refused.value.field == field


def test_limits_are_named():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    with pytest.raises(ClockError, match=r"rate: must lie between 0 and 1000000, not -1\.0"):
        clock.set_rate(-1)
    with pytest.raises(ClockError, match="year 2199"):
        clock.advance(200 * 366 * 86_400)
    with pytest.raises(ClockError, match="skew: must be within"):
        part.set_skew(101 * 366 * 86_400)
    with pytest.raises(ClockError, match="drift: must be within"):
        part.set_drift(-600_000)
    with pytest.raises(ClockError, match="start: must say its time zone"):
        LabClock.private(START.replace(tzinfo=None))
    with pytest.raises(ClockError, match="between the years 1970 and 2199"):
        LabClock.private(datetime(1875, 1, 1, tzinfo=UTC))
    assert clock.now_ns() == START_NS


def test_rate_scales_real_time():
    clock = LabClock.private(START, rate=1000)
    begins = (real_elapsed(), clock.now_ns(), real_elapsed())
    eventually(lambda: clock.now_ns() - begins[1] > 20 * 10**9)
    ends = (real_elapsed(), clock.now_ns(), real_elapsed())
    # However long the machine takes between two readings, lab time lies between what stood around them.
    passed = (ends[1] - begins[1]) / 10**9
    assert (ends[0] - begins[2]) * 1000 * 0.95 <= passed <= (ends[2] - begins[0]) * 1000 * 1.05
    clock.set_rate(0)
    frozen = clock.now_ns()
    assert clock.rate == 0
    assert clock.now_ns() == frozen
    clock.set_rate(0.5)
    assert clock.rate == 0.5
    assert clock.now_ns() >= frozen


def test_generation_moves_with_every_jump():
    clock = LabClock.private(START, rate=0)
    seen = [clock.generation]
    clock.advance(1)
    seen.append(clock.generation)
    clock.set_rate(2)
    seen.append(clock.generation)
    clock.part("drive").set_skew(1)
    seen.append(clock.generation)
    clock.part("drive").set_drift(1)
    seen.append(clock.generation)
    assert seen == sorted(set(seen))


@given(st.lists(st.tuples(st.sampled_from(["advance", "rate", "look"]), st.floats(0, 1e6)), max_size=12))
def test_lab_time_never_goes_back(steps: list[tuple[str, float]]):
    clock = LabClock.private(START)
    seen = clock.now_ns()
    for what, value in steps:
        if what == "advance":
            clock.advance(value)
            assert clock.now_ns() >= seen + round(value * 1e9)
        elif what == "rate":
            clock.set_rate(min(value, 1000))
        now = clock.now_ns()
        assert now >= seen
        seen = now


def test_many_threads_never_see_time_go_back():
    clock = LabClock.private(START)
    stop = threading.Event()
    newest = [0]
    lock = threading.Lock()
    bad: list[tuple[int, int]] = []

    def look() -> None:
        while not stop.is_set():
            with lock:
                before = newest[0]
            now = clock.now_ns()
            if now < before:
                bad.append((before, now))
            with lock:
                newest[0] = max(newest[0], now)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(300):
        clock.set_rate(100_000 if turn % 2 else 0.001)
        clock.advance(0.001)
    stop.set()
    for thread in threads:
        thread.join()
    assert bad == []


# Parts


def test_skew_sets_one_part_apart():
    clock = LabClock.private(START, rate=0)
    ahead, behind = clock.part("drive"), clock.part("module")
    ahead.set_skew(3600)
    behind.set_skew(-0.25)
    assert clock.now_ns() == START_NS
    assert ahead.now() == START + timedelta(hours=1)
    assert behind.now_ns() == START_NS - 250_000_000
    assert (ahead.skew, behind.skew) == (3600.0, -0.25)
    ahead.set_skew(0)
    assert ahead.now() == START
    assert clock.parts() == {"drive": (0.0, 0.0), "module": (-0.25, 0.0)}


def test_drift_accrues_from_when_it_is_set_and_what_it_gained_stays():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    clock.advance(1000)
    part.set_drift(100)
    assert part.skew == 0.0
    clock.advance(86_400)
    assert part.skew == pytest.approx(8.64)
    before = part.now_ns()
    part.set_drift(-50)
    assert part.now_ns() == before
    clock.advance(86_400)
    assert part.skew == pytest.approx(8.64 - 4.32)
    assert part.drift == -50
    before = part.now_ns()
    part.set_drift(0)
    assert part.now_ns() == before
    clock.advance(86_400)
    assert part.skew == pytest.approx(4.32)


def test_setting_the_skew_takes_the_place_of_what_drift_gained():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    part.set_drift(1000)
    clock.advance(1000)
    part.set_skew(-5)
    assert part.skew == -5.0
    clock.advance(1000)
    assert part.skew == pytest.approx(-4.0)
    assert part.drift == 1000


def test_two_objects_of_one_part_agree():
    clock = LabClock.private(START, rate=0)
    one, other = clock.part("drive"), clock.part("drive")
    one.set_skew(7)
    one.set_drift(3)
    assert (other.skew, other.drift) == (7.0, 3.0)
    assert list(clock.parts()) == ["drive"]


@pytest.mark.parametrize("name", ["", "x" * 24, "я" * 12, "a\nb", "a\0b"])
def test_part_names_are_checked(name: str):
    with pytest.raises(ClockError, match="part: must have 1 to 23 printable bytes"):
        LabClock.private(START).part(name)


def test_table_holds_64_parts():
    clock = LabClock.private(START, rate=0)
    for number in range(64):
        clock.part(f"модуль-{number}").set_skew(number)
    with pytest.raises(ClockError, match="room for 64 parts"):
        clock.part("one more")
    clock.part("модуль-63").set_skew(-1)
    assert len(clock.parts()) == 64
    assert clock.parts()["модуль-62"] == (62.0, 0.0)


# Deadlines and sleepers


def test_deadline_counts_down_in_lab_seconds():
    clock = LabClock.private(START, rate=0)
    deadline = clock.part("drive").deadline(10)
    assert (deadline.passed, deadline.remaining) == (False, 10.0)
    assert deadline.real_delay() == math.inf
    clock.advance(4)
    assert (deadline.passed, deadline.remaining) == (False, 6.0)
    clock.advance(6)
    assert (deadline.passed, deadline.remaining, deadline.real_delay()) == (True, 0.0, 0.0)
    assert clock.part("drive").deadline(0).passed
    assert clock.part("drive").deadline(-5).passed


def test_deadline_comes_with_a_part_set_ahead_and_does_not_go_with_a_part_set_back():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    deadline = part.deadline(10)
    part.set_skew(-3600)
    assert deadline.remaining == 10.0
    clock.advance(10)
    assert deadline.passed
    deadline = part.deadline(10)
    part.set_skew(0)
    assert deadline.passed


def test_real_delay_follows_rate_and_drift():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    deadline = part.deadline(1_000_000)
    clock.set_rate(1000)
    assert deadline.real_delay() == pytest.approx(1000, rel=0.01)
    part.set_drift(500_000)
    assert deadline.real_delay() == pytest.approx(1000 / 1.5, rel=0.01)


@pytest.mark.parametrize("seconds", [0, -1])
def test_sleep_that_is_over_returns_at_once(seconds: float):
    part = LabClock.private(START, rate=0).part("drive")
    part.sleep(seconds)
    assert not part.wait(threading.Event(), seconds)
    assert not part.wait(LabEvent(), seconds)
    asyncio.run(part.asleep(seconds))


def test_sleep_takes_its_lab_time():
    clock = LabClock.private(START, rate=1000)
    part = clock.part("drive")
    before, real = clock.now_ns(), real_elapsed()
    part.sleep(30)
    assert clock.now_ns() - before >= 30 * 10**9
    assert real_elapsed() - real >= 0.03


@pytest.mark.parametrize("kind", ["private", "shared"])
@pytest.mark.parametrize(
    "jump",
    [
        lambda clock: clock.advance(3600),
        lambda clock: clock.part("drive").set_skew(3600),
        lambda clock: clock.set_rate(1_000_000),
    ],
    ids=["advance", "skew", "rate"],
)
def test_jump_wakes_a_sleeping_thread(kind: str, jump, path: Path):
    def spent() -> float:
        path.unlink(missing_ok=True)
        clock = LabClock.private(START, rate=0) if kind == "private" else LabClock.create(path, START, rate=0)
        sleeper = Running(lambda: clock.part("drive").sleep(3600))
        asleep_in(clock)
        before = real_elapsed()
        jump(clock)
        assert sleeper.done.wait(PATIENCE)
        took = real_elapsed() - before
        clock.close()
        return took

    quick_once(spent, PROMPT, tries=60, in_a_row=5)


def test_jump_that_does_not_reach_the_deadline_leaves_the_sleeper_asleep():
    clock = LabClock.private(START, rate=0)
    sleeper = Running(lambda: clock.part("drive").sleep(10))
    asleep_in(clock)
    clock.advance(9.999)
    assert not sleeper.done.wait(0.05)
    clock.advance(0.001)
    assert sleeper.done.wait(PATIENCE)


def test_sleeper_that_slept_by_a_slow_rate_follows_a_fast_one():
    clock = LabClock.private(START, rate=0.000_001)
    sleeper = Running(lambda: clock.part("drive").sleep(1))
    asleep_in(clock)
    clock.set_rate(1000)
    assert sleeper.done.wait(PATIENCE)


@pytest.mark.parametrize("make", [threading.Event, LabEvent])
def test_wait_ends_with_the_event(make):
    clock = LabClock.private(START, rate=0)

    def spent() -> float:
        event = make()
        waiter = Running(lambda: clock.part("drive").wait(event, 3600))
        before = real_elapsed()
        event.set()
        assert waiter.done.wait(PATIENCE)
        assert waiter.result is True
        took = real_elapsed() - before
        assert clock.part("drive").wait(event, 0)
        return took

    quick_once(spent, PROMPT, tries=60, in_a_row=5)


@pytest.mark.parametrize("make", [threading.Event, LabEvent])
def test_wait_ends_with_a_jump(make, path: Path, monkeypatch: pytest.MonkeyPatch):
    clock = LabClock.create(path, START, rate=0)
    event, part, taken = make(), clock.part("drive"), threading.Event()
    take = part.deadline

    def noted(seconds: float) -> Deadline:
        made = take(seconds)
        taken.set()
        return made

    monkeypatch.setattr(part, "deadline", noted)

    def spent() -> float:
        taken.clear()
        waiter = Running(lambda: part.wait(event, 3600))
        assert taken.wait(PATIENCE)
        before = real_elapsed()
        clock.advance(3600)
        assert waiter.done.wait(PATIENCE)
        assert waiter.result is False
        return real_elapsed() - before

    quick_once(spent, PROMPT, tries=60, in_a_row=5)
    clock.close()


@pytest.mark.parametrize("make", [threading.Event, LabEvent])
def test_wait_for_a_moment_fixed_earlier_ends_though_the_clock_jumped_before_it_began(make):
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    deadline = part.deadline(3600)
    assert deadline.remaining == 3600
    clock.advance(3600)  # between the look at the rest and the wait
    waiter = Running(lambda: part.wait(make(), deadline))
    assert waiter.done.wait(PATIENCE)
    assert waiter.result is False


def test_sleep_until_a_moment_fixed_earlier_ends_though_the_clock_jumped_before_it_began():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    deadline = part.deadline(3600)
    clock.advance(3600)
    assert Running(lambda: part.sleep(deadline)).done.wait(PATIENCE)
    asyncio.run(asyncio.wait_for(part.asleep(deadline), PATIENCE))


def test_the_earlier_of_two_moments_is_kept_through_a_jump():
    clock = LabClock.private(START, rate=0)
    part = clock.part("drive")
    whole = part.deadline(5)
    clock.advance(4)
    assert part.deadline(3, by=whole).remaining == 1
    assert part.deadline(0.5, by=whole).remaining == 0.5
    clock.advance(1)
    assert part.deadline(3, by=whole).passed
    part.set_skew(-60)
    assert part.deadline(3, by=whole).passed


def test_lab_event_is_an_event_and_needs_no_polling():
    clock = LabClock.private(START, rate=0)
    event = clock.event()
    assert isinstance(event, threading.Event)
    waiter = Running(lambda: clock.part("drive").wait(event, 3600))
    asleep_in(clock)
    eventually(lambda: event._listeners)
    event.set()
    assert waiter.done.wait(PATIENCE)
    assert event._listeners == {}
    event.clear()
    assert not clock.part("drive").wait(event, 0)


@pytest.mark.parametrize("kind", ["private", "shared"])
def test_jump_wakes_sleeping_tasks(kind: str, path: Path):
    clock = LabClock.private(START, rate=0) if kind == "private" else LabClock.create(path, START, rate=0)
    part = clock.part("drive")

    async def spent() -> float:
        tasks = [asyncio.create_task(part.asleep(60 + number)) for number in range(20)]
        await asyncio.sleep(0)
        assert len(clock.wakes._wakers) == 20
        threading.Thread(target=clock.advance, args=(60.5,)).start()
        before = real_elapsed()
        await tasks[0]
        took = real_elapsed() - before
        assert not any(task.done() for task in tasks[1:])
        clock.advance(60)
        await asyncio.gather(*tasks)
        return took

    quick_once(lambda: asyncio.run(spent()), PROMPT, tries=60, in_a_row=5)
    assert clock.wakes._wakers == {}
    clock.close()


def test_asleep_takes_its_lab_time_and_can_be_cancelled():
    clock = LabClock.private(START, rate=1000)
    part = clock.part("drive")

    async def main() -> None:
        before = clock.now_ns()
        await part.asleep(30)
        assert clock.now_ns() - before >= 30 * 10**9
        task = asyncio.create_task(part.asleep(10**9))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert clock.wakes._wakers == {}


def test_jump_passes_over_a_loop_that_is_closed():
    clock = LabClock.private(START, rate=0)
    loop = asyncio.new_event_loop()
    loop.close()
    with clock.wakes.listening(_loop_waker(loop, asyncio.Event())):
        clock.advance(1)
    assert clock.now_ns() == START_NS + 10**9


# The file


def test_attached_clock_shows_the_same_time(path: Path):
    clock = LabClock.create(path, START, rate=0)
    other = LabClock.attach(path)
    other.part("drive").set_skew(5)
    other.advance(60)
    assert clock.now() == START + timedelta(seconds=60)
    assert clock.parts() == {"drive": (5.0, 0.0)}
    assert clock.part("drive").now() == START + timedelta(seconds=65)
    assert clock.generation == other.generation
    assert clock.path == path
    clock.close()
    other.close()


def test_closing_ends_the_watcher(path: Path):
    def spent() -> float:
        path.unlink(missing_ok=True)
        clock = LabClock.create(path, START, rate=0)
        clock.part("drive").sleep(0)
        watcher = clock.wakes._watcher
        assert watcher is not None
        assert watcher.is_alive()
        before = real_elapsed()
        clock.close()
        assert not watcher.is_alive()
        return real_elapsed() - before

    quick_once(spent, 1)


def test_closing_does_not_pull_memory_from_under_a_reader(path: Path):
    clock = LabClock.create(path, START, rate=0)
    held = ctypes.byref(clock._page.generation)
    clock.close()
    assert held is not None
    with second(path) as again:
        assert again.now() == START


def test_clock_is_not_created_twice(path: Path):
    LabClock.create(path, START).close()
    with pytest.raises(ClockFileError, match="exists already"):
        LabClock.create(path)
    assert list(path.parent.iterdir()) == [path]


def test_missing_clock_is_not_attached(path: Path):
    with pytest.raises(ClockFileError, match="does not exist"):
        LabClock.attach(path)


@pytest.mark.parametrize(
    "content", [b"", b"short", bytes(8256), b"KASCLOCK" + struct.pack("=I", 9) + bytes(8244)]
)
def test_other_files_are_not_taken_for_a_clock(path: Path, content: bytes):
    path.write_bytes(content)
    with pytest.raises(ClockFileError, match="is not a lab clock of version 1"):
        LabClock.attach(path)
    with pytest.raises(ClockFileError, match="is not a lab clock of version 1"):
        open_clock(path)
    assert path.read_bytes() == content


def test_open_clock_creates_then_attaches(path: Path, monkeypatch: pytest.MonkeyPatch):
    first = open_clock(path)
    first.advance(1000)
    monkeypatch.setenv("KASSALAB_CLOCK", str(path))
    later = open_clock(None)
    assert later.path == path
    assert abs(later.now_ns() - first.now_ns()) < 10**9
    monkeypatch.delenv("KASSALAB_CLOCK")
    alone = open_clock()
    assert alone.path is None
    assert alone.rate == 1
    assert alone.now_ns() < first.now_ns()
    first.close()
    later.close()


def test_open_clock_attaches_to_what_another_process_made_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    create = LabClock.create

    def beaten(where: str | Path) -> LabClock:
        create(where, START, rate=0).close()
        return create(where)

    monkeypatch.setattr(LabClock, "create", beaten)
    clock = open_clock(path)
    assert clock.now() == START
    clock.close()


def test_stopped_lab_goes_on_where_real_time_is(path: Path):
    first = LabClock.create(path, START)
    first.advance(100)
    seen = first.now_ns()
    first.close()
    again = LabClock.attach(path)
    assert seen < again.now_ns() < seen + 60 * 10**9
    again.close()


def test_reboot_does_not_turn_lab_time_back(path: Path, monkeypatch: pytest.MonkeyPatch):
    first = LabClock.create(path, START)
    first.part("drive").set_skew(-7)
    first.advance(100)
    seen = first.now_ns()
    first.close()
    boot(monkeypatch, b"after", uptime_ns=5 * 10**9)
    again = LabClock.attach(path)
    assert seen <= again.now_ns() <= seen + 180 * 10**9
    assert again.parts() == {"drive": (-7.0, 0.0)}
    generation = again.generation
    later = again.now_ns()
    LabClock.attach(path).close()
    assert again.generation == generation
    assert again.now_ns() >= later
    again.close()


def test_reboot_is_made_good_by_one_of_those_who_notice(path: Path, monkeypatch: pytest.MonkeyPatch):
    LabClock.create(path, START).close()
    boot(monkeypatch, b"after", uptime_ns=0)
    read = ClockPage.read

    def overtaken(page: ClockPage) -> tuple[int, ClockState]:
        found = read(page)
        monkeypatch.setattr(ClockPage, "read", read)
        LabClock.attach(path).close()
        return found

    monkeypatch.setattr(ClockPage, "read", overtaken)
    slower = LabClock.attach(path)
    assert slower.refresh()[1].boot == b"after".ljust(16, b"\0")
    assert START <= slower.now() < START + timedelta(minutes=5)
    slower.close()


def test_reboot_with_a_lost_wall_clock_does_not_turn_lab_time_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = LabClock.create(path, START, rate=100)
    eventually(lambda: first.now() > START + timedelta(seconds=2))
    seen = first.now_ns()
    first.close()
    boot(monkeypatch, b"after", uptime_ns=0, wall_ns=0)
    again = LabClock.attach(path)
    assert again.now_ns() >= seen
    again.close()


def test_reboot_counts_the_time_away(path: Path, monkeypatch: pytest.MonkeyPatch):
    first = LabClock.create(path, START, rate=2)
    first.close()
    boot(monkeypatch, b"after", uptime_ns=0, wall_ns=clock_module._wall_ns() + 86_400 * 10**9)
    again = LabClock.attach(path)
    assert timedelta(days=2) <= again.now() - START < timedelta(days=2, minutes=5)
    again.close()


def test_reboot_leaves_a_frozen_clock_alone(path: Path, monkeypatch: pytest.MonkeyPatch):
    LabClock.create(path, START, rate=0).close()
    boot(monkeypatch, b"after", uptime_ns=0, wall_ns=clock_module._wall_ns() + 86_400 * 10**9)
    again = LabClock.attach(path)
    assert again.now() == START
    again.close()


def test_reboot_is_noticed_without_a_boot_identity(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock_module, "_boot_identity", lambda: bytes(16))
    first = LabClock.create(path, START)
    seen = first.now_ns()
    first.close()
    boot(monkeypatch, bytes(16), uptime_ns=0)
    again = LabClock.attach(path)
    assert again.now_ns() >= seen
    again.close()


def test_boot_identity_is_that_of_this_machine_or_empty(monkeypatch: pytest.MonkeyPatch):
    assert clock_module._boot_identity() == clock_module._boot_identity() != bytes(16)

    def gone(_path: Path) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", gone)
    assert clock_module._boot_identity() == bytes(16)


def test_lab_time_beyond_the_reserve_draws_a_new_one(path: Path):
    clock = LabClock.create(path, START, rate=0)
    first = clock.refresh()[1].reserved
    clock.set_rate(1_000_000)
    eventually(lambda: clock.now_ns() > first)
    seen = clock.now_ns()
    assert clock.refresh()[1].reserved > seen
    clock.close()


def boot(
    monkeypatch: pytest.MonkeyPatch, identity: bytes, uptime_ns: int, wall_ns: int | None = None
) -> None:
    """Let the machine have been started anew: another identity, a monotonic clock that began at 0."""
    monotonic = clock_module._monotonic_ns
    began = monotonic() - uptime_ns
    monkeypatch.setattr(clock_module, "_monotonic_ns", lambda: monotonic() - began)
    monkeypatch.setattr(clock_module, "_boot_identity", lambda: identity.ljust(16, b"\0"))
    if wall_ns is not None:
        monkeypatch.setattr(clock_module, "_wall_ns", lambda: wall_ns)


# Real time


def test_frozen_wall_clocks_do_not_reach_the_lab(path: Path):
    clock = LabClock.create(path)
    part = clock.part("drive")
    before, real = clock.now_ns(), real_elapsed()
    with freezegun.freeze_time("1875-01-01", real_asyncio=True):
        assert datetime.now().year == 1875
        assert before < clock.now_ns() < before + 60 * 10**9
        assert clock.now().year >= 2024
        later = part.now_ns()
        assert before < later
        assert LabClock.private().now().year >= 2024
        part.sleep(0.02)
        assert part.now_ns() - later >= 20_000_000
        assert not part.wait(threading.Event(), 0.01)
        assert not part.wait(LabEvent(), 0.01)
        asyncio.run(part.asleep(0.01))
        clock.advance(86_400)
        with second(path) as other:
            assert other.now_ns() >= before + 86_400 * 10**9
        assert real_elapsed() > real
    assert clock.now_ns() < before + (86_400 + 60) * 10**9
    clock.close()


def test_reading_the_clock_is_cheap():
    clock = LabClock.private()
    part = clock.part("drive")
    for read in (clock.now_ns, part.now_ns):
        quick_once(lambda read=read: _seconds_of_each(read), 2e-6)


def _seconds_of_each(read) -> float:
    rounds = 5000
    before = real_elapsed()
    for _ in range(rounds):
        read()
    return (real_elapsed() - before) / rounds
