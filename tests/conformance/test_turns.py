from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from conformance.cases import Case, Registry
from conformance.turns import SLOW, TASTED, Turn, Turns
from tests.waiting import eventually

LONG = 60.0


@pytest.fixture
def case(registry: Registry) -> Callable[..., Case]:
    """A new case that is nothing but itself."""

    def make(*tags: str) -> Case:
        registry.case(
            f"uz.operator.only.case-{len(registry)}",
            target="operator",
            clauses=["OF-13"],
            description="Something is done.",
            expectation="Something is seen.",
            tags=tags,
        )(lambda _ctx: None)
        return list(registry)[-1]

    return make


class Line:
    """Targets in threads of their own, each with cases that end when the test says so."""

    def __init__(self, turns: Turns, pool: ThreadPoolExecutor) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self._pool = pool
        self._go_on = threading.Semaphore(0)

    def join(self, name: str, cases: list[Case]) -> None:
        before = len(self.begun)
        waiting = len(self.turns._waiting)
        self._pool.submit(self._run, name, cases)
        eventually(lambda: len(self.begun) > before or len(self.turns._waiting) > waiting, LONG)

    def end_one(self) -> None:
        """End one case that runs and wait until the next has begun."""
        before = len(self.begun)
        self._go_on.release()
        eventually(lambda: len(self.begun) > before, LONG)

    def end_all(self) -> None:
        self._go_on.release(1000)

    def _run(self, name: str, cases: list[Case]) -> None:
        with Turn(self.turns, cases) as turn:
            for case in cases:
                turn.begin()
                self.begun.append(name)
                self._go_on.acquire()
                turn.end(case)


@contextmanager
def lined_up(places: int) -> Iterator[Line]:
    """A line that is let go at the end, whatever happens."""
    with ThreadPoolExecutor() as pool:
        line = Line(Turns(places), pool)
        try:
            yield line
        finally:
            line.end_all()


def test_the_one_with_the_most_left_goes_first_once_all_are_known(case: Callable[..., Case]) -> None:
    with lined_up(1) as line:
        line.join("short", [case() for _ in range(TASTED)])
        line.join("long", [case() for _ in range(TASTED + 40)])
        line.join("middle", [case() for _ in range(TASTED + 2)])
        for _ in range(3 * TASTED - 1):
            line.end_one()
        # Nobody is passed over before he is known; who has more to do comes before who has less.
        assert line.begun == ["short", *["long"] * TASTED, *["middle"] * TASTED, *["short"] * (TASTED - 1)]
    assert sorted(line.begun) == ["long"] * (TASTED + 40) + ["middle"] * (TASTED + 2) + ["short"] * TASTED


def test_no_more_cases_run_than_there_are_places(case: Callable[..., Case]) -> None:
    with lined_up(2) as line:
        for name in "abcd":
            line.join(name, [case(), case()])
        assert line.begun == ["a", "b"]
    assert sorted(line.begun) == list("aabbccdd")


def test_who_stops_early_gives_his_place_back(case: Callable[..., Case]) -> None:
    turns = Turns(1)
    with Turn(turns, [case(), case()]) as stopped:
        stopped.begin()
    with Turn(turns, [case()]) as next_one:
        next_one.begin()
        assert turns._free == 0
    assert turns._free == 1


def test_a_slow_case_counts_for_several(case: Callable[..., Case]) -> None:
    turns = Turns()
    assert Turn(turns, [case("slow")]).rank == (True, SLOW)
    assert Turn(turns, [case(), case()]).rank == (True, 2)


def test_what_cases_took_decides_how_much_is_left(
    case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("conformance.turns.real_elapsed", lambda: now)
    turns, cases = Turns(), [case() for _ in range(TASTED + 4)]
    turn = Turn(turns, cases)
    for done in cases[:TASTED]:
        turn.begin()
        now += 2.5
        turn.end(done)
    assert turn.rank == (False, 4 * 2.5)
