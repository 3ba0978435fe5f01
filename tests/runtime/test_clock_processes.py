"""One lab clock in several processes: the same time, prompt wakes, writers that take turns or die."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reference.runtime.clock import LabClock, real_elapsed
from tests.runtime.children import child, hear, run, say
from tests.waiting import quick_once

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9

SLEEPER = """
import asyncio, sys, threading
from reference.runtime.clock import LabClock, LabEvent, real_elapsed
clock = LabClock.attach(sys.argv[1])
part = clock.part(sys.argv[2])
how = sys.argv[3]
taken = threading.Event()
def noted(seconds, deadline=part.deadline):
    made = deadline(seconds)
    taken.set()
    return made
part.deadline = noted
for line in sys.stdin:
    seconds = float(line)
    if how == "sleep":
        act = lambda: part.sleep(seconds)
    elif how == "wait":
        act = lambda: part.wait(threading.Event(), seconds)
    elif how == "lab-event":
        act = lambda: part.wait(clock.event(), seconds)
    else:
        act = lambda: asyncio.run(part.asleep(seconds))
    taken.clear()
    watch = threading.Thread(target=act)
    watch.start()
    taken.wait()
    print("waiting", flush=True)
    watch.join()
    print(real_elapsed(), clock.now_ns(), flush=True)
"""


@pytest.mark.parametrize("how", ["sleep", "wait", "lab-event", "asleep"])
def test_jump_of_another_process_wakes_at_once(tmp_path: Path, how: str):
    clock = LabClock.create(tmp_path / "clock", START, rate=0)
    took = []
    with child(SLEEPER, clock.path, "drive", how) as sleeper:
        for turn in range(1, 8):
            say(sleeper, "3600")
            assert hear(sleeper) == "waiting"
            clock.advance(3599)
            before = real_elapsed()
            clock.advance(1)
            woken, shown = hear(sleeper).split()
            took.append(float(woken) - before)
            assert int(shown) == START_NS + turn * 3600 * 10**9
    assert min(took) < 0.05, took
    clock.close()


@pytest.mark.parametrize("jump", ["rate", "skew", "drift"])
def test_rate_and_skew_of_another_process_reach_sleepers(tmp_path: Path, jump: str):
    path = tmp_path / "clock"

    def spent() -> float:
        path.unlink(missing_ok=True)
        clock = LabClock.create(path, START, rate=0.000_001)
        with child(SLEEPER, clock.path, "drive", "sleep") as sleeper:
            say(sleeper, "3600")
            assert hear(sleeper) == "waiting"
            before = real_elapsed()
            if jump == "rate":
                clock.set_rate(1_000_000)
            elif jump == "skew":
                clock.part("drive").set_skew(3601)
            else:
                clock.part("drive").set_drift(500_000)
                clock.advance(2400.1)
            took = float(hear(sleeper).split()[0]) - before
        clock.close()
        return took

    quick_once(spent, 1, tries=5)


def test_processes_show_one_time(tmp_path: Path):
    clock = LabClock.create(tmp_path / "clock", START)
    script = """
import sys
from reference.runtime.clock import open_clock
clock = open_clock(sys.argv[1])
part = clock.part(sys.argv[2])
for line in sys.stdin:
    print(clock.now_ns(), part.now_ns(), clock.generation, flush=True)
"""
    with ExitStack() as stack:
        children = [stack.enter_context(child(script, clock.path, name)) for name in ("module", "operator")]
        for turn in range(30):
            clock.set_rate(1000 if turn % 2 else 0.5)
            clock.advance(0.5)
            clock.part("operator").set_skew(turn)
            for number, process in enumerate(children):
                before = clock.now_ns()
                say(process, "")
                lab, part, generation = map(int, hear(process).split())
                assert before <= lab <= clock.now_ns()
                assert 0 <= part - lab - number * turn * 10**9 < 60 * 10**9
                assert generation == clock.generation
    assert set(clock.parts()) == {"module", "operator"}
    clock.close()


def test_writers_of_many_processes_lose_nothing(tmp_path: Path):
    clock = LabClock.create(tmp_path / "clock", START, rate=0)
    script = """
import sys
from reference.runtime.clock import LabClock
clock = LabClock.attach(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
seen = 0
for turn in range(200):
    clock.advance(1)
    now = clock.now_ns()
    assert now >= seen + 1_000_000_000, (seen, now)
    seen = now
    clock.part(f"{sys.argv[2]}-{turn % 16}").set_skew(turn)
print("done", flush=True)
"""
    with ExitStack() as stack:
        children = [stack.enter_context(child(script, clock.path, name)) for name in "abc"]
        for process in children:
            assert hear(process) == "ready"
        for process in children:
            say(process, "go")
        for process in children:
            assert hear(process) == "done"
    assert clock.now_ns() == START_NS + 600 * 10**9
    assert len(clock.parts()) == 48
    assert clock.parts()["b-7"] == (199.0, 0.0)
    clock.close()


def test_writer_killed_in_the_middle_leaves_a_whole_clock(tmp_path: Path):
    clock = LabClock.create(tmp_path / "clock", START, rate=0)
    part = clock.part("drive")
    dying = """
import os, sys
from reference.runtime.clock import LabClock
clock = LabClock.attach(sys.argv[1])
def die(state):
    os.kill(os.getpid(), 9)
clock._page.change(die, wake=True)
"""
    assert run(dying, clock.path).returncode == -9
    assert clock.words[2] & 1, "the child must have died inside a change"
    assert clock.now_ns() == START_NS
    assert part.now_ns() == START_NS
    clock.advance(5)
    assert part.now_ns() == START_NS + 5 * 10**9
    clock.close()


def test_parts_started_together_create_one_clock(tmp_path: Path):
    path = tmp_path / "clock"
    script = """
import sys
from reference.runtime.clock import open_clock
sys.stdin.readline()
clock = open_clock(sys.argv[1])
clock.part(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(sorted(clock.parts()), flush=True)
"""
    with ExitStack() as stack:
        children = [stack.enter_context(child(script, path, name)) for name in "abcd"]
        for process in children:
            say(process, "go")
        for process in children:
            assert hear(process) == "ready"
        for process in children:
            say(process, "show")
            assert hear(process) == "['a', 'b', 'c', 'd']"
    assert [entry.name for entry in tmp_path.iterdir()] == ["clock"]


def test_frozen_process_shows_lab_time(tmp_path: Path):
    clock = LabClock.create(tmp_path / "clock", START, rate=0)
    script = """
import sys, freezegun
with freezegun.freeze_time("1875-01-01", real_asyncio=True):
    from reference.runtime.clock import LabClock
    clock = LabClock.attach(sys.argv[1])
    print(clock.now().isoformat(), LabClock.private().now().year > 2000)
"""
    done = run(script, clock.path)
    assert done.stdout == "2026-03-01T09:30:00+00:00 True\n", done.stderr
    clock.close()
