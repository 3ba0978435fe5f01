"""How the register waits: for lab time, for a kick, for the end; and how one sees that it is at rest."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from reference.runtime.clock import PartClock
from reference.runtime.part_clock import Deadline
from reference.runtime.wakes import LabEvent


class Waiting:
    """Shared by the keys' threads and the sender, which calls `rest` and no other thread does."""

    def __init__(self, clock: PartClock) -> None:
        self._clock = clock
        self._kick = LabEvent()
        self._ended = LabEvent()
        self._hurried = LabEvent()
        self._changed = threading.Condition()
        self._sender: int | None = None
        self._resting = False
        self._until: Deadline | None = None

    @property
    def stopped(self) -> bool:
        """Whether everything is to end."""
        return self._ended.is_set()

    def stop(self) -> None:
        """Let every wait end now and all later ones at once."""
        self._ended.set()
        self._hurried.set()
        self._kick.set()
        with self._changed:
            self._changed.notify_all()

    def kick(self) -> None:
        """Let the sender look again at what there is to do."""
        self._kick.set()

    @contextlib.contextmanager
    def hurry(self) -> Iterator[None]:
        """Let the sender's pauses end at once: a person waits for the wire, though the clock stands."""
        self._hurried.set()
        try:
            yield
        finally:
            if not self.stopped:
                self._hurried.clear()

    def pause(self, until: Deadline) -> bool:
        """Return at a moment of lab time; False: earlier, as it was stopped, or the sender hurried."""
        if threading.get_ident() != self._sender:
            self._clock.wait(self._ended, until)
            return not self.stopped
        with self._at_rest(until):
            self._clock.wait(self._hurried, until)
        return not self._hurried.is_set()

    def rest(self, until: Deadline | None) -> None:
        """Let the sender wait for a kick, or for a moment of lab time too."""
        self._sender = threading.get_ident()
        with self._at_rest(until):
            if until is None:
                self._kick.wait()
            else:
                self._clock.wait(self._kick, until)
        self._kick.clear()

    def begin(self) -> None:
        """The calling thread is the sender."""
        self._sender = threading.get_ident()

    def until_rest(self, real_seconds: float) -> bool:
        """Return when the sender has nothing to do at this lab time; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(self._is_at_rest, timeout=real_seconds)

    def _is_at_rest(self) -> bool:
        if self.stopped:
            return True
        due = self._until is not None and self._until.passed
        return self._resting and not due and not self._kick.is_set()

    @contextlib.contextmanager
    def _at_rest(self, until: Deadline | None) -> Iterator[None]:
        with self._changed:
            self._resting, self._until = True, until
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._resting = False
