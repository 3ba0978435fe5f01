"""Whose turn it is: one sync a module at a time, and no request while the drive is being reset."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from reference.drive.errors import SyncRunningError

PATIENCE: Final = 60.0
"""Real seconds a Sync call waits for the background sender to finish with the module."""


class SyncTurns:
    """A second Sync call of the same module is refused; the background sender is waited for (uz-fiscal
    §4.6)."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._called: set[str] = set()
        self._in_background: set[str] = set()

    @contextmanager
    def called(self, factory_id: str) -> Iterator[None]:
        """The turn of a Sync call; SyncRunningError when another call has it."""
        with self._free:
            waited = self._free.wait_for(lambda: factory_id not in self._in_background, PATIENCE)
            if not waited or factory_id in self._called:
                raise SyncRunningError
            self._called.add(factory_id)
        try:
            yield
        finally:
            self._leave(self._called, factory_id)

    @contextmanager
    def background(self, factory_id: str) -> Iterator[None]:
        """The turn of the background sender, which waits for whoever has it."""
        with self._free:
            self._free.wait_for(lambda: factory_id not in self._called | self._in_background)
            self._in_background.add(factory_id)
        try:
            yield
        finally:
            self._leave(self._in_background, factory_id)

    def _leave(self, holders: set[str], factory_id: str) -> None:
        with self._free:
            holders.discard(factory_id)
            self._free.notify_all()


class Gate:
    """Many may pass at once; `alone` waits until all have left and keeps others out meanwhile."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside; waits while somebody is alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._closed = True
            self._condition.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._condition:
                self._closed = False
                self._condition.notify_all()
