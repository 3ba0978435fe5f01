"""How long a peer may stay silent: counted in lab time, guarded by the operating system's.

A time-out that a clause names passes by the lab clock: a jump of lab time ends the wait at once. Two guards
in real time keep that usable: a peer always gets GRACE to answer, so that a fast lab clock does not turn
every exchange into a time-out, and nobody waits longer than GUARD times the named span, so that a stopped lab
clock does not hang a part.
"""

from __future__ import annotations

import socket
from typing import Final

from reference.runtime.clock import Deadline, PartClock

SLICE: Final = 0.05
"""Real seconds between two looks at the lab clock."""
GRACE: Final = 0.5
"""Real seconds every peer gets, however fast lab time runs."""
GUARD: Final = 4.0
"""How many times the named span may pass in real time when lab time stands still."""


class PatienceSpent(TimeoutError):  # noqa: N818 - it states a fact, no fault of ours
    """The peer stayed silent for the whole span."""


class Patience:
    """One span of waiting, `seconds` long by `clock` (by the operating system when there is none).

    By the clock it also ends at `by`, where that comes first.
    """

    def __init__(self, clock: PartClock | None, seconds: float, by: Deadline | None = None) -> None:
        self.seconds = seconds
        self._deadline = None if clock is None else clock.deadline(seconds, by)
        self._slices = 0

    def wait(self) -> None:
        """Account for one SLICE of silence; raises PatienceSpent when the span is over."""
        self._slices += 1
        waited = self._slices * SLICE
        if self._deadline is None:
            over = waited >= self.seconds
        else:
            over = (waited >= GRACE and self._deadline.passed) or waited >= GUARD * self.seconds
        if over:
            raise PatienceSpent(f"no answer for {self.seconds:g} s")


def receive(connection: socket.socket, size: int, patience: Patience) -> bytes:
    """At least one and at most `size` bytes, or none when the peer has closed.

    Raises PatienceSpent, or OSError when the connection broke.
    """
    _set_slice(connection)
    while True:
        try:
            return connection.recv(size)
        except TimeoutError:
            patience.wait()


def send(connection: socket.socket, data: bytes, patience: Patience) -> None:
    """Send all of `data`; raises PatienceSpent, or OSError when the connection broke."""
    _set_slice(connection)
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[connection.send(rest) :]
        except TimeoutError:
            patience.wait()


def _set_slice(connection: socket.socket) -> None:
    """Setting it is a call of the system each time; a connection mostly has it from the exchange before."""
    if connection.gettimeout() != SLICE:
        connection.settimeout(SLICE)
