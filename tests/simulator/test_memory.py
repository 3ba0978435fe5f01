"""The pool of blocks (uz-fiscal §6), step by step and against a model that knows only the guide's words."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reference.protocol.uz.apdu import StatusWord
from simulator.memory import MemoryPool, ZBlock
from simulator.view import drawn
from tests.simulator.card import Card

SW = StatusWord


def allocation(card: Card) -> tuple[int, int, int, int]:
    memory = card.memory()
    return (
        memory.zreports_allocated,
        memory.receipts_allocated,
        memory.zreports_count,
        memory.receipts_count,
    )


def test_the_guides_example_of_14_blocks():
    card = Card(blocks=14)
    assert (card.picture(), allocation(card)) == (". . . . . . . . . . . . . .", (0, 0, 0, 0))
    card.open()
    assert (card.picture(), allocation(card)) == ("Z1 . . . . . . . . . . . . .", (1, 0, 1, 0))
    card.sell()
    assert (card.picture(), allocation(card)) == ("Z1 . . . . . . . . . . . . R1", (1, 1, 1, 1))
    for _ in range(7):
        card.sell()
    eight = "R8 R7 R6 R5 R4 R3 R2 R1"
    assert (card.picture(), allocation(card)) == (f"Z1 . . . . . {eight}", (1, 8, 1, 8))
    card.close()
    card.ack_z(card.now)
    card.open()
    assert (card.picture(), allocation(card)) == (f"Z1 Z2 . . . . {eight}", (2, 8, 2, 8))
    for number in (8, 7, 6):
        card.ack(number)
    assert (card.picture(), allocation(card)) == ("Z1 Z2 . . . . r r r R5 R4 R3 R2 R1", (2, 8, 2, 5))
    card.sell()
    card.sell()
    assert (card.picture(), allocation(card)) == ("Z1 Z2 . . . . r R10 R9 R5 R4 R3 R2 R1", (2, 8, 2, 7))
    card.ack_all()
    assert (card.picture(), allocation(card)) == ("Z1 Z2 . . . . r r r r r r r r", (2, 8, 2, 0))
    card.close()
    card.ack_z(card.now)
    card.open()
    assert (card.picture(), allocation(card)) == ("Z1 Z2 Z3 . . . r r r r r r r r", (3, 8, 3, 0))
    finish_the_example(card)


def finish_the_example(card: Card) -> None:
    """Steps 9 to 12, whose pattern of blocks the guide shows without the way to it."""
    card.sell()
    card.close()
    card.open()
    assert allocation(card)[0] == 4
    while card.memory().receipts_count < 10:
        card.sell()
    numbers = [int(block[1:]) for block in card.picture().split() if block.startswith("R")]
    # What stays held stands where the guide shows it: at 1, 2 from the end, then 5 … 7.
    pattern = ["Z1", "Z2", "Z3", "Z4", "r", "r", "R", "R", "R", "r", "r", "R", "R", "r"]
    for kind, number in zip(pattern[4:], numbers, strict=True):
        if kind == "r":
            card.ack(number)
    assert [block[0] if block[0] != "Z" else block for block in card.picture().split()] == pattern
    assert allocation(card) == (4, 10, 4, 5)
    card.sell()
    card.ack(card.memory().receipt_seq)
    card.close()
    card.open(expected=SW.NOT_ENOUGH_MEMORY)  # step 9
    card.ack_all()
    assert (card.picture(), allocation(card)) == ("Z1 Z2 Z3 Z4 r r r r r r r r r r", (4, 10, 4, 0))
    card.open()
    assert (card.picture(), allocation(card)) == ("Z1 Z2 Z3 Z4 Z5 r r r r r r r r r", (5, 9, 5, 0))
    for _ in range(8):
        card.sell()
        card.ack_all()
        card.close()
        card.open()
    expected = " ".join(f"Z{number}" for number in range(1, 14)) + " r"
    assert (card.picture(), allocation(card)) == (expected, (13, 1, 13, 0))
    card.sell()
    card.close()
    card.open(expected=SW.NOT_ENOUGH_MEMORY)
    card.ack_all()
    card.open(expected=SW.ZREPORTS_MEMORY_FULL)  # step 12


def test_a_full_store_refuses_and_takes_again_after_acknowledgements():
    card = Card(blocks=4)
    card.open()
    for _ in range(3):
        card.sell()
    card.sell(expected=SW.RECEIPTS_MEMORY_FULL)
    assert card.memory().receipt_seq == 3
    card.ack(2)
    assert card.sell().receipt_seq == 4
    assert card.picture() == "Z1 R3 R4 R1"
    card.sell(expected=SW.RECEIPTS_MEMORY_FULL)


def test_smallest_memory():
    card = Card(blocks=2)
    card.open()
    card.sell()
    card.close()
    card.open(expected=SW.NOT_ENOUGH_MEMORY)
    card.ack_all()
    card.open(expected=SW.ZREPORTS_MEMORY_FULL)
    assert card.memory().zreports_capacity == 1


def test_the_free_block_nearest_the_end_is_taken_first():
    card = Card(blocks=10)
    card.open()
    for _ in range(6):
        card.sell()
    for number in (5, 1, 3):
        card.ack(number)
    assert [card.sell() and card.file().index for _ in range(4)] == [0, 2, 4, 6]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (["Z1", ".", ".", "r", "R1"], "Z1 . . r R1"),
        (
            [f"Z{n}" for n in range(1, 4)] + ["."] * 70 + ["r"] * 2 + ["R8", "R2", "r", "R1"],
            "Z1…Z3 .×70 r×2 R8…R2 r R1",
        ),
    ],
)
def test_drawing(blocks, expected):
    assert drawn(blocks) == expected


class PoolModel(RuleBasedStateMachine):
    """Blocks as a list of words, rules read off the guide; the pool must always look the same."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = 9
        self.pool = MemoryPool(self.blocks)
        self.drawn = ["."] * self.blocks
        self.number = 0
        self.places: dict[int, int] = {}

    def _fresh(self) -> list[int]:
        return [at for at, block in enumerate(self.drawn) if block == "."]

    @rule()
    def open_z(self) -> None:
        fresh = self._fresh()
        free = [at for at, block in enumerate(self.drawn) if block == "r"]
        held = any(block.startswith("R") for block in self.drawn)
        if fresh:
            expected, at = ZBlock.FRESH, fresh[0]
        elif held:
            expected, at = ZBlock.UNSENT, None
        elif len(free) >= 2:
            expected, at = ZBlock.BORROWED, free[0]
        else:
            expected, at = ZBlock.EXHAUSTED, None
        assert self.pool.z_block() is expected
        if at is not None:
            self.drawn[at] = f"Z{sum(block.startswith('Z') for block in self.drawn) + 1}"
            assert self.pool.take_z() == at

    @rule()
    def register(self) -> None:
        free = [at for at, block in enumerate(self.drawn) if block == "r"]
        fresh = self._fresh()
        at = max(free) if free else max(fresh) if fresh else None
        place = self.pool.receipt_block()
        assert place == (None if at is None else self.blocks - 1 - at)
        if at is not None and place is not None:
            self.number += 1
            self.pool.place(place, self.number)
            self.drawn[at] = f"R{self.number}"
            self.places[self.number] = place

    @precondition(lambda self: self.places)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.places)))
        self.pool.release(self.places.pop(number))
        self.drawn[self.drawn.index(f"R{number}")] = "r"

    @rule()
    def read_back(self) -> None:
        """As after a restart: the same blocks, filled in the order of the numbers."""
        pool = MemoryPool(self.blocks)
        pool.reserve(self.pool.receipts_allocated)
        for _ in range(self.pool.zreports_allocated):
            pool.zreports_allocated += 1
        for number, place in sorted(self.places.items()):
            pool.place(place, number)
        self.pool = pool

    @invariant()
    def looks_as_drawn(self) -> None:
        assert self.pool.picture() == self.drawn
        assert self.pool.unacknowledged == len(self.places)
        assert self.pool.fresh == self.drawn.count(".")


PoolModel.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestPoolModel = PoolModel.TestCase
