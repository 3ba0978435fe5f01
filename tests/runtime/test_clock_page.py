"""The mapped clock page: torn reads, changes that fail, writers that hold readers off."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.runtime.clock_page import (
    MAX_PARTS,
    SEQUENCE,
    ClockError,
    ClockPage,
    ClockState,
    PartSetting,
    moment,
    moment_ns,
)
from tests.waiting import PATIENCE

NANOSECONDS = st.integers(-(2**63), 2**63 - 1)
SETTINGS = st.builds(PartSetting, NANOSECONDS, st.floats(-500_000, 500_000), NANOSECONDS)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x4FF), min_size=1, max_size=11)
STATES = st.builds(
    ClockState,
    st.binary(min_size=16, max_size=16),
    NANOSECONDS,
    NANOSECONDS,
    NANOSECONDS,
    st.floats(0, 1e6),
    NANOSECONDS,
    st.dictionaries(NAMES, SETTINGS, max_size=MAX_PARTS),
)


def numbered(number: int) -> ClockState:
    """A state in which every field says the same number, so that a torn one shows."""
    parts = {f"part{row}": PartSetting(number, float(number), number) for row in range(MAX_PARTS)}
    return ClockState(number.to_bytes(16), number, number, number, float(number), number, parts)


@given(STATES)
def test_state_is_read_as_it_was_written(state: ClockState):
    page = ClockPage.private(numbered(0))
    page.change(lambda _: state, wake=False)
    assert page.read()[1] == state
    page.close()


def test_readers_never_see_a_torn_state(tmp_path: Path):
    page = ClockPage.create(tmp_path / "clock", numbered(0))
    reader = ClockPage.attach(tmp_path / "clock")
    stop = threading.Event()
    torn: list[ClockState] = []
    seen = set()

    def look() -> None:
        while not stop.is_set():
            state = reader.read()[1]
            seen.add(state.base_real)
            if state != numbered(state.base_real):
                torn.append(state)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1, 400):
        page.change(lambda _, number=number: numbered(number), wake=False)
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []
    assert len(seen) > 1
    page.close()
    reader.close()


def test_change_that_fails_changes_nothing():
    page = ClockPage.private(numbered(1))
    before = page.read(), page.generation.value

    def fail(_: ClockState) -> ClockState:
        raise ClockError("rate", "must be something else")

    with pytest.raises(ClockError, match="rate: must be something else"):
        page.change(fail, wake=True)
    assert (page.read(), page.generation.value) == before


def test_generation_moves_only_when_asked():
    page = ClockPage.private(numbered(1))
    page.change(lambda state: state, wake=False)
    assert page.generation.value == 0
    page.change(lambda state: state, wake=True)
    page.next_generation()
    assert page.generation.value == 2
    assert page.words[SEQUENCE] == 4


def test_reader_waits_for_a_writer_at_work(tmp_path: Path):
    page = ClockPage.create(tmp_path / "clock", numbered(1))
    other = ClockPage.attach(tmp_path / "clock")
    inside, go_on = threading.Event(), threading.Event()

    def slow(_: ClockState) -> ClockState:
        inside.set()
        assert go_on.wait(PATIENCE)
        return numbered(2)

    writer = threading.Thread(target=lambda: page.change(slow, wake=False))
    writer.start()
    assert inside.wait(PATIENCE)
    found: list[ClockState] = []
    reader = threading.Thread(target=lambda: found.append(other.read()[1]))
    reader.start()
    reader.join(0.05)
    assert found == []
    go_on.set()
    reader.join(PATIENCE)
    writer.join(PATIENCE)
    assert found == [numbered(2)]
    page.close()
    other.close()


def test_reader_that_finds_no_pause_takes_its_turn():
    page = ClockPage.private(numbered(1))
    words = page.words

    class Restless:
        """Words whose sequence is another at every look."""

        def __init__(self) -> None:
            self.looks = 0

        def __getitem__(self, index: int) -> int:
            self.looks += 2
            return self.looks if index == SEQUENCE else words[index]

    page.words = Restless()  # type: ignore[assignment]
    assert page.read()[1] == numbered(1)


@given(st.integers(0, 7_000_000_000 * 10**6))
def test_moments_are_nanoseconds_since_1970(microseconds: int):
    assert moment_ns(moment(microseconds * 1000)) == microseconds * 1000
