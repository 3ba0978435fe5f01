"""How a journal reaches the disk, and the fault points on that way.

Every write, sync and rename of a journal passes here once, so that the lab can fail it there: cut it short as
a loss of power does, fill the disk, make it slow, or end the process.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from reference.runtime.faults import CRASH_STATUS, FaultPoints, FaultRule

_ACTIONS = {
    "write": ("torn", "torn-crash", "reordered", "lost-last", "error", "delay"),
    "sync": ("error", "delay"),
    "rename": ("error", "delay"),
}

_TORN = ("torn", "torn-crash", "reordered", "lost-last")


class JournalError(Exception):
    """The journal cannot promise what was asked: not a journal, in use, or a write or sync failed."""


class TornWriteError(JournalError):
    """The fault `torn` cut a write short, as a loss of power does. The bytes it kept are on disk."""


def journal_points(write_point: str = "journal.write") -> dict[str, str]:
    """The fault points of a journal with their descriptions, for the table given to FaultPoints.

    Beside `write_point` these are `….sync` and `….rename` of the same family. Their context: `file` (its
    name) and `stage` (commit, rewrite, or folder for the folder that holds the file).
    """
    family = _family(write_point)
    return {
        write_point: "records are about to be written; torn, torn-crash: the first value bytes (or half) "
        "are kept, reordered: those behind them, lost-last: none",
        f"{family}.sync": "written records are about to be forced to disk; error: value names it (EIO)",
        f"{family}.rename": "a compacted file is about to take the old one's place",
    }


def journal_actions(write_point: str = "journal.write") -> dict[str, tuple[str, ...]]:
    """The actions that the points of `journal_points` can do, beside crash."""
    family = _family(write_point)
    return {
        write_point: _ACTIONS["write"],
        f"{family}.sync": _ACTIONS["sync"],
        f"{family}.rename": _ACTIONS["rename"],
    }


class Disk:
    """Writes, syncs and renames for the journal file `name`, through the fault points of its part."""

    def __init__(self, faults: FaultPoints | None, write_point: str, name: str) -> None:
        """KeyError when `faults` does not know `write_point`; the other two points are used where known."""
        self._faults = faults
        self._name = name
        family = _family(write_point)
        self._write_point = write_point
        known = {} if faults is None else faults.known
        if faults is not None and write_point not in known:
            raise KeyError(write_point)
        self._sync_point = f"{family}.sync" if f"{family}.sync" in known else None
        self._rename_point = f"{family}.rename" if f"{family}.rename" in known else None

    def write(self, fd: int, data: bytes, at: int, stage: str) -> None:
        """Write all of `data` at offset `at`; OSError when the system cannot."""
        if self._faults is not None:
            rule = self._faults.hit(self._write_point, file=self._name, stage=stage)
            if rule is not None and rule.action in _TORN:
                self._tear(rule, fd, data, at)
            elif rule is not None:
                self._disturb(rule, errno.ENOSPC)
        written = os.pwrite(fd, data, at)
        while written < len(data):
            written += os.pwrite(fd, memoryview(data)[written:], at + written)

    def sync(self, fd: int, stage: str) -> None:
        """Force what was written to `fd` to the disk."""
        self._pass(self._sync_point, stage)
        os.fdatasync(fd)

    def sync_folder(self, folder: Path) -> None:
        """Force the names in `folder` to the disk."""
        self._pass(self._sync_point, "folder")
        sync_folder(folder)

    def rename(self, fresh: Path, final: Path) -> None:
        """Let `fresh` take the place of `final`."""
        self._pass(self._rename_point, "rewrite")
        fresh.replace(final)

    def _pass(self, point: str | None, stage: str) -> None:
        if point is not None and self._faults is not None:
            rule = self._faults.hit(point, file=self._name, stage=stage)
            if rule is not None:
                self._disturb(rule, errno.EIO)

    def _disturb(self, rule: FaultRule, usual: int) -> None:
        if rule.action == "delay":
            assert self._faults is not None
            self._faults.clock.sleep(rule.delay)
        elif rule.action == "error":
            code = getattr(errno, rule.value, usual)
            raise OSError(code, f"{os.strerror(code)} (fault {rule.id} at {rule.point})")
        else:
            raise JournalError(f"{self._name}: fault {rule.id}: {rule.point} has no action {rule.action!r}")

    def _tear(self, rule: FaultRule, fd: int, data: bytes, at: int) -> None:
        """Leave on the disk what a loss of power may leave of a write that was not forced to it."""
        first = int(rule.value) if rule.value.isdecimal() else len(data) // 2
        kept = {"lost-last": range(0), "reordered": range(first, len(data))}.get(rule.action, range(first))
        os.pwrite(fd, data[kept.start : kept.stop], at + kept.start)
        os.fdatasync(fd)
        if rule.action == "torn-crash":
            os._exit(CRASH_STATUS)
        shown = f"{len(data[kept.start : kept.stop])} of {len(data)} bytes written"
        raise TornWriteError(f"{self._name}: {shown} (fault {rule.id} at {rule.point})")


def open_alone(path: Path) -> int:
    """A descriptor of the file, created if need be; JournalError when another opener has it."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(fd).st_ino == path.stat().st_ino:
                return fd  # else a compaction put another file in its place meanwhile
        except BlockingIOError:
            os.close(fd)
            raise JournalError(f"{path}: is in use by another journal") from None
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Force the names in `folder` to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _family(write_point: str) -> str:
    return write_point.rpartition(".")[0] or write_point
