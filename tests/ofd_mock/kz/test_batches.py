"""How the operator takes what the intake tells: who has come, and how much is settled at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.kz import records
from ofd_mock.kz.records import Record
from ofd_mock.kz.wire import KzServer
from reference.protocol.kz.frames import HEADER_SIZE
from tests.ofd_mock.kz.bench import PATIENCE, running
from tests.waiting import eventually

FIRST = 5001
"""Above all numbers that the real intake of a test gives."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KzServer]:
    with running(tmp_path) as bench:
        made = bench.process.server
        eventually(lambda: made.intake._ready)
        yield made


def in_loop(server: KzServer, work: Callable[[], None]) -> None:
    """Do something in the server's loop, and wait until it has done all that follows from it."""

    async def done() -> None:
        work()
        for _ in range(5):
            await asyncio.sleep(0)
        while server._gathered:
            await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(done(), server._loop).result(PATIENCE)


def frames(first: int, count: int) -> list[Record]:
    """A frame of `count` connections each, from registers that nobody knows."""
    return [
        (records.FRAME, number, (203, HEADER_SIZE, number, 0, 1), b"")
        for number in range(first, first + count)
    ]


def batches(server: KzServer, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The registers of every batch that is settled from now on."""
    found: list[list[int]] = []
    settle = server.operator.settle_here

    def noted(batch: list[Any]) -> Any:
        found.append([frame.header.id for frame in batch])
        return settle(batch)

    monkeypatch.setattr(server.operator, "settle_here", noted)
    return found


def answered(told: Sequence[Record]) -> list[int]:
    return [record[1] for record in told if record[0] == records.ANSWER]


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (32, [32]), (33, [16, 17]), (100, [50, 25, 25])])
def test_much_is_settled_by_halves(
    server: KzServer, monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    found = batches(server, monkeypatch)
    told: list[Record] = []
    monkeypatch.setattr(server, "tell", told.append)
    in_loop(server, lambda: server._take(frames(FIRST, count)))
    numbers = list(range(FIRST, FIRST + count))
    assert [len(batch) for batch in found] == sizes
    assert list(chain.from_iterable(found)) == answered(told) == numbers


def test_what_came_meanwhile_is_settled_with_the_other_half(
    server: KzServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = batches(server, monkeypatch)
    later = frames(FIRST + 100, 10)

    def receive() -> bool:
        if later:
            more, later[:] = list(later), []
            server._take(more)
            return True
        return False

    monkeypatch.setattr(server.intake, "receive", receive)
    in_loop(server, lambda: server._take(frames(FIRST, 100)))
    assert [len(batch) for batch in found] == [50, 30, 30]
    assert list(chain.from_iterable(found)) == list(range(FIRST, FIRST + 110))


@pytest.mark.parametrize(
    "first",
    [(records.CAME, FIRST), (records.ALIVE, FIRST), frames(FIRST, 1)[0]],
    ids=["came", "alive", "frame"],
)
def test_any_first_record_tells_of_a_connection(server: KzServer, first: Record) -> None:
    in_loop(server, lambda: server._take([first]))
    assert list(server._connections) == [FIRST]
    in_loop(server, lambda: server._take([(records.GONE, FIRST)]))
    assert not server._connections
    # What was under way when it went brings it not back.
    in_loop(server, lambda: server._take([*frames(FIRST, 1), (records.ALIVE, FIRST)]))
    assert not server._connections


def test_who_came_and_went_unseen_is_forgotten(server: KzServer) -> None:
    broken = (records.BROKEN, FIRST + 1, "FR-03", "no frame")
    in_loop(server, lambda: server._take([(records.GONE, FIRST), broken]))
    assert not server._connections


def test_who_is_idle_for_a_moment_stops_nobody_elses_time(server: KzServer) -> None:
    def come_and_go() -> None:
        server._take(frames(FIRST, 1))
        assert len(server._idle) == 1
        server._take([(records.GONE, FIRST)])

    in_loop(server, come_and_go)
    in_loop(server, lambda: server._take([(records.CAME, FIRST + 1)]))
    assert server._watch is not None
    assert not server._watch.done()
    assert len(server._idle) == 1
