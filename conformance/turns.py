"""Whose case runs next when many targets share one machine.

All targets of a run could be judged at once, but then the one with the most to do ends long after the others,
alone on a machine with several cores. So only some cases run at a time, and a place goes to the target that
will be longest at work. How long that is comes from the run itself: from what its cases took so far.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from conformance.cases import Case
from reference.runtime.clock import real_elapsed

PLACES_PER_CORE: Final = 2
"""More than one: while a part works the judge waits, and some cases wait for a real second to pass."""
TASTED: Final = 3
"""So many cases of every target come first, so that what they take is known a little."""
SLOW: Final = 5
"""A case tagged `slow` is taken for so many others."""


def effort(case: Case) -> int:
    """What a case is likely to take, in ordinary cases."""
    return SLOW if "slow" in case.tags else 1


class Turns:
    """`places` cases at a time, by default a few for each core."""

    def __init__(self, places: int | None = None) -> None:
        self._lock = threading.Lock()
        self._free = PLACES_PER_CORE * (os.cpu_count() or 1) if places is None else places
        self._waiting: list[Turn] = []

    def enter(self, turn: Turn) -> None:
        """Wait until there is a place for `turn`."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn.called.clear()
            self._waiting.append(turn)
        turn.called.wait()

    def keeps(self, turn: Turn) -> bool:
        """Whether `turn` may go on at its place; else the place is another's now."""
        with self._lock:
            if not self._waiting or max(each.rank for each in self._waiting) <= turn.rank:
                return True
            self._hand_on()
            return False

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            if self._waiting:
                self._hand_on()
            else:
                self._free += 1

    def _hand_on(self) -> None:
        chosen = max(self._waiting, key=lambda turn: turn.rank)
        self._waiting.remove(chosen)
        chosen.called.set()


class Turn:
    """One target in the line, from its first case to its last: use as a context manager around all of them.

    `begin` and `end` enclose each case.
    """

    def __init__(self, turns: Turns, cases: Sequence[Case]) -> None:
        self.called = threading.Event()
        self._turns = turns
        self._has_place = False
        self._left = sum(map(effort, cases))
        self._ended = 0
        self._count = 0
        self._seconds = 0.0
        self._begun = 0.0

    @property
    def rank(self) -> tuple[bool, float]:
        """The greatest goes first: who is not known yet, then who is likely to be at work the longest."""
        unknown = self._count < TASTED
        return unknown, self._left * (1.0 if unknown else self._seconds / self._ended)

    def begin(self) -> None:
        """Wait for the next case's turn."""
        if not self._has_place:
            self._turns.enter(self)
            self._has_place = True
        self._begun = real_elapsed()

    def end(self, case: Case) -> None:
        """The case is over; the place goes to another target that needs it more."""
        self._seconds += real_elapsed() - self._begun
        self._left -= effort(case)
        self._ended += effort(case)
        self._count += 1
        self._has_place = self._turns.keeps(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_place:
            self._has_place = False
            self._turns.leave()
