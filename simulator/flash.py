"""The flash of a rack of modules: one append-only file of checksummed records (UZ-DEV-03, uz-fiscal EM-08).

Records name the module by its index, so that all modules of a process share one write and one sync. The
file grows with every change and is rewritten as a plain list of states when most of it is history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal
from simulator.changes import Change, decode_change, encode_change
from simulator.keeping import pieces
from simulator.state import State

FILE_NAME: Final = "flash.journal"
WRITE_POINT: Final = "flash.write"

COMPACT_FROM: Final = 4 * 1024 * 1024
"""Bytes below which a file is left alone, however much of it is history."""
_GARBAGE_FACTOR: Final = 3
_Z_BYTES: Final = 350
_RECEIPT_BYTES: Final = 420
_STATE_BYTES: Final = 1024


class Store(Protocol):
    """Where a rack keeps its changes."""

    def read(self) -> Iterator[tuple[int, Change]]:
        """All changes kept so far with their module's index, oldest first; to be run to its end."""

    def append(self, module: int, change: Change) -> None:
        """Take a change for the next commit."""

    def commit(self) -> None:
        """Return when all that was appended is safe; JournalError when that cannot be said."""

    def compact(self, states: Callable[[], Mapping[int, State]], *, now: bool = False) -> None:
        """Replace the history by the states of all modules, if it is worth it or must be `now`."""

    def reopen(self) -> None:
        """Begin again with what really is on the disk, after a failure or a loss of power."""

    def close(self) -> None:
        """Let go of the file."""


class Flash:
    """A journal file in a folder of its own, or of its rack."""

    def __init__(self, folder: Path, faults: FaultPoints | None = None, reserve: int = 0) -> None:
        """Open or create the file; JournalError when another process has it.

        `reserve` bytes stand ready behind the last record, see Journal.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._reserve = reserve
        self.path = folder / FILE_NAME
        self._faults = faults
        self._journal = self._open()
        self._next_look = COMPACT_FROM

    def read(self) -> Iterator[tuple[int, Change]]:
        """All whole records; what a cut left half written is gone."""
        for payload in self._journal.recover():
            yield decode_change(payload)

    def append(self, module: int, change: Change) -> None:
        """Encode and queue the change."""
        self._journal.append(encode_change(module, change))

    def commit(self) -> None:
        """One write and one fdatasync for all that is queued."""
        self._journal.commit()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._journal.size

    def compact(self, states: Callable[[], Mapping[int, State]], *, now: bool = False) -> None:
        """Rewrite the file once history is the greater part of it."""
        if not now:
            if self._journal.size < self._next_look:
                return
            needed = sum(_needed(state) for state in states().values())
            if self._journal.size < _GARBAGE_FACTOR * needed:
                self._next_look = _GARBAGE_FACTOR * needed
                return
        self._journal.rewrite(_records(states()))
        self._next_look = max(COMPACT_FROM, _GARBAGE_FACTOR * self._journal.size)

    def reopen(self) -> None:
        """Let go of the file and open it anew; `read` then gives what is on the disk."""
        self._journal.close()
        self._journal = self._open()

    def close(self) -> None:
        """Let go of the file; what was not committed is lost."""
        self._journal.close()

    def _open(self) -> Journal:
        return Journal(self.path, self._faults, WRITE_POINT, self._reserve)


def _needed(state: State) -> int:
    return _STATE_BYTES + _Z_BYTES * len(state.zreports) + _RECEIPT_BYTES * len(state.receipts)


def _records(states: Mapping[int, State]) -> Iterable[bytes]:
    for index, state in states.items():
        for change in pieces(state):
            yield encode_change(index, change)


class NoFlash:
    """Nothing outlives the process, as with the vendor's emulator (`--volatile`)."""

    def read(self) -> Iterator[tuple[int, Change]]:
        """Nothing."""
        return iter(())

    def append(self, module: int, change: Change) -> None:
        """Forget the change."""

    def commit(self) -> None:
        """Nothing to wait for."""

    def compact(self, states: Callable[[], Mapping[int, State]], *, now: bool = False) -> None:
        """Nothing to rewrite."""

    def reopen(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""
