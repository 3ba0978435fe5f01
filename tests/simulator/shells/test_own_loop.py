"""A loop that turns in the thread that waits: at once, over time, for several threads, with errors."""

from __future__ import annotations

import threading

import pytest

from simulator.shells.own_loop import OwnLoop
from tests.simulator.served import PATIENCE
from tests.waiting import eventually


@pytest.fixture
def loop():
    one = OwnLoop()
    yield one
    one.close()


def test_what_is_done_at_once_needs_no_turn(loop):
    assert loop.do(lambda waiter: waiter.finish())
    assert not loop.do(lambda _: None, 0.01), "nobody finishes it"


def test_what_was_put_off_comes_in_time(loop):
    done = []

    async def later():
        done.append("later")

    def spawn(waiter):
        loop._loop.create_task(later())
        waiter.finish()

    loop.do(spawn)
    assert done == []
    for _ in range(70):
        loop.do(lambda waiter: waiter.finish())
    assert done == ["later"], "after some work done at once the loop gets a turn"


def test_errors_reach_the_thread_whose_work_raised_them(loop):
    def broken(_waiter):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        loop.do(broken)
    caught, first = [], threading.Thread(target=lambda: loop.do(lambda _: None, 0.5))
    first.start()
    eventually(lambda: loop._turning)

    def second():
        try:
            loop.do(broken)
        except KeyError as error:
            caught.append(error)

    other = threading.Thread(target=second)
    other.start()
    other.join(PATIENCE)
    first.join(PATIENCE)
    assert len(caught) == 1
    assert loop.do(lambda waiter: waiter.finish())


def test_the_next_one_turns_when_the_first_has_what_it_waited_for(loop):
    keep = {}
    results = []

    def wait_for(name, seconds):
        def begin(waiter):
            keep[name] = waiter

        results.append((name, loop.do(begin, seconds)))

    threads = [
        threading.Thread(target=wait_for, args=(name, seconds))
        for name, seconds in (("a", PATIENCE), ("b", PATIENCE), ("c", 0.05))
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: len(keep) == 3)
    eventually(lambda: ("c", False) in results)
    for name in ("a", "b"):
        assert loop.do(lambda waiter, name=name: (keep[name].finish(), waiter.finish()), PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(results) == [("a", True), ("b", True), ("c", False)]


def test_a_coroutine_runs_to_its_end(loop):
    async def answer():
        return 42

    assert loop.run(answer()) == 42
