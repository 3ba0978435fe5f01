"""Lab time for several who play side by side: it goes on when all of them wait for it."""

from __future__ import annotations

import threading
from datetime import datetime

from reference.runtime.clock import LabClock
from tools.demo import DemoError


class BrokenOffError(DemoError):
    """Somebody who plays beside met something that should not be."""


class Pace:
    """A clock that stands still while any of `players` threads does something.

    Once all of them wait it goes to the earliest moment that one of them waits for. Whoever is done leaves:
    the others need not wait for him.
    """

    def __init__(self, clock: LabClock, players: int = 1) -> None:
        self._clock = clock
        self._players = players
        self._turn = threading.Condition()
        self._wanted: dict[int, datetime] = {}
        self._broken = False

    def now(self) -> datetime:
        """Lab time."""
        return self._clock.now()

    def until(self, moment: datetime) -> None:
        """Wait until lab time is there; at once where it is past it. BrokenOffError: there will be none."""
        me = threading.get_ident()
        with self._turn:
            if not self._broken and moment > self._clock.now():
                self._wanted[me] = moment
                self._go_on()
                self._turn.wait_for(lambda: self._broken or me not in self._wanted)
            if self._broken:
                raise BrokenOffError("the month was broken off")

    def leave(self) -> None:
        """One of the players plays no more."""
        with self._turn:
            self._players -= 1
            self._go_on()

    def break_off(self) -> None:
        """Nobody goes on."""
        with self._turn:
            self._broken = True
            self._turn.notify_all()

    def _go_on(self) -> None:
        if not self._wanted or len(self._wanted) < self._players:
            return
        earliest = min(self._wanted.values())
        ahead = (earliest - self._clock.now()).total_seconds()
        if ahead > 0:
            self._clock.advance(ahead)
        self._wanted = {who: moment for who, moment in self._wanted.items() if moment > earliest}
        self._turn.notify_all()
