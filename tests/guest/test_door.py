"""The door's way to a card, with no PC/SC behind it: which card it shows while readers come and go."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import pytest

from tools.guest.door import LOOK_MILLISECONDS, PATIENCE_MILLISECONDS, Card, Pcsc, PcscError

GONE = "SCardReconnect: Reader is unavailable. (80100017)"


class OneCard(Card):
    """A card that has its power, and that answers to reset or is no longer there."""

    def __init__(self, pcsc: Pcsc, there: bool) -> None:
        super().__init__(pcsc, ctypes.c_long(), 0)
        self.there = there
        self.closed = False

    def power_cycle(self) -> None:
        if not self.there:
            raise PcscError(GONE)

    def close(self) -> None:
        self.closed = True
        if not self.there:
            raise PcscError(GONE)


class Readers(Pcsc):
    """PC/SC that connects to these cards, one after the other, and to the last of them for ever."""

    def __init__(self, there: Sequence[bool]) -> None:
        self.left = list(there)
        self.cards: list[OneCard] = []
        self.waited = 0
        self.begun = 0

    def reader(self) -> str:
        return "one"

    def connect(self, reader: str) -> Card:
        assert reader == "one"
        self.cards.append(OneCard(self, self.left.pop(0) if len(self.left) > 1 else self.left[0]))
        return self.cards[-1]

    def wait_for_readers(self, milliseconds: int) -> None:
        self.waited += milliseconds

    def begin_anew(self) -> None:
        self.begun += 1


def test_a_card_that_pcscd_remembers_of_a_reader_pulled_out_is_not_shown() -> None:
    readers = Readers([False, False, True])
    assert readers.card() is readers.cards[2]
    assert [card.closed for card in readers.cards] == [True, True, False]
    assert readers.waited == 2 * LOOK_MILLISECONDS
    assert readers.begun == 2, "the context of a service that was begun anew is of no use"


def test_a_card_that_never_comes_is_given_up_with_the_words_of_pcsc() -> None:
    readers = Readers([False])
    with pytest.raises(PcscError, match="Reader is unavailable"):
        readers.card()
    assert readers.waited == PATIENCE_MILLISECONDS
