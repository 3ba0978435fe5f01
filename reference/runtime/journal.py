"""A durable journal: records appended, committed with one write and one fdatasync, recovered after any cut.

The file is a header (magic, format version) and records: length, checksum over length and payload (the CRC-32
of zlib, which the standard library computes at memory speed), payload. What `commit` returned for is on disk.
Recovery ends at the first record that is not whole and cuts the file there. A failure to write or sync ends
the journal's life in this process: nobody knows any more what the disk holds, so nothing may be acknowledged
after it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from reference.runtime.faults import FaultPoints
from reference.runtime.journal_disk import (
    Disk,
    JournalError,
    TornWriteError,
    journal_actions,
    journal_points,
    open_alone,
    sync_folder,
)

__all__ = [
    "MAX_PAYLOAD",
    "GroupCommit",
    "Journal",
    "JournalError",
    "TornWriteError",
    "journal_actions",
    "journal_points",
]

MAX_PAYLOAD = 16 * 1024 * 1024

_MAGIC = b"KASJRNL\0"
_VERSION = 1
_HEADER = _MAGIC + struct.pack("<II", _VERSION, 0)
_NUMBER = struct.Struct("<I")
_RECORD = struct.Struct("<II")  # length of the payload, checksum
_CHUNK = 1024 * 1024


class Journal:
    """One journal file, owned by this object alone: other openers are refused. Safe to use from any thread.

    `recover` must have run to its end before anything is appended to a file that existed.
    """

    def __init__(
        self,
        path: str | Path,
        faults: FaultPoints | None = None,
        point: str = "journal.write",
        reserve: int = 0,
    ) -> None:
        """Open or create the file; JournalError when it is something else or in use.

        `point` is the fault point of its writes, see journal_points. `reserve` bytes of zeros are kept behind
        the last record: a commit that fits in there changes no file size, and costs a third less to sync.
        """
        self.path = Path(path)
        self.dropped = 0  # bytes that recovery cut off
        self.syncs = 0  # commits that forced the disk
        self._disk = Disk(faults, point, self.path.name)
        self._lock = threading.Lock()
        self._committing = threading.Lock()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._appended = 0
        self._committed = 0
        self._broken: str | None = None
        self._end: int | None = None  # unknown until recovered
        self._reserve = reserve
        self._reserved = 0  # where the zeros end
        self._fd = open_alone(self.path)
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Bytes the file has once all that was appended is committed."""
        return (self._end or 0) + self._pending_bytes

    @property
    def committed(self) -> int:
        """The number, as `append` gave it, up to which records are on disk."""
        return self._committed

    def recover(self) -> Iterator[bytes]:
        """The payloads of all whole records, oldest first. What stands behind the last of them is cut off.

        `dropped` says how many bytes that were. Called again, it reads what is committed and cuts nothing.
        """
        self._check()
        size = os.fstat(self._fd).st_size if self._end is None else self._end
        position = len(_HEADER)
        with os.fdopen(os.dup(self._fd), "rb", buffering=_CHUNK) as file:
            file.seek(position)
            while (payload := _read_record(file, size - position)) is not None:
                position += _RECORD.size + len(payload)
                yield payload
        if self._end is not None:
            if position != size:
                raise JournalError(f"{self.path}: the committed record at byte {position} is damaged")
            return
        self.dropped = self._cut(position, size)
        self._end = position

    def append(self, payload: bytes) -> int:
        """Take a record of at most 16 MiB for the next commit; gives its number among those appended."""
        record = _record(payload)
        with self._lock:
            self._check()
            if self._end is None:
                raise JournalError(f"{self.path}: must be recovered before anything is appended")
            self._pending += record
            self._pending_bytes += _RECORD.size + len(payload)
            self._appended += 1
            return self._appended

    def commit(self) -> None:
        """Return when all that was appended before is on disk; JournalError when that cannot be said."""
        with self._committing:
            self._commit()

    def rewrite(self, records: Iterable[bytes]) -> None:
        """Replace all records by `records`, which must stand for everything appended so far.

        After a crash at any moment the old records are there or the new ones, whole. A failure before the new
        file takes the old one's place leaves the old one in force and the journal usable.
        """
        with self._committing:
            self._commit()
            fresh = self.path.with_name(self.path.name + ".new")
            fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                end = self._fill(fd, records)
                self._disk.rename(fresh, self.path)
            except BaseException as error:
                os.close(fd)
                self._give_up_rewrite(fresh, error)
                raise
            self._fd, old = fd, self._fd
            self._end = end
            self._reserved = 0
            os.close(old)
            with self._ending("the new file's name may not be durable"):
                self._disk.sync_folder(self.path.parent)

    def close(self) -> None:
        """Let go of the file. What was appended and not committed is lost."""
        with self._committing, self._lock:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1
            self._broken = self._broken or f"{self.path}: is closed"

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self) -> None:
        self.path.with_name(self.path.name + ".new").unlink(
            missing_ok=True
        )  # of a rewrite that did not finish
        head = os.pread(self._fd, len(_HEADER), 0)
        if head == _HEADER:
            return
        if head.startswith(_MAGIC) and len(head) == len(_HEADER):
            version = _NUMBER.unpack_from(head, len(_MAGIC))[0]
            raise JournalError(f"{self.path}: has format {version}, only {_VERSION} is known")
        if not _HEADER.startswith(head):
            raise JournalError(f"{self.path}: is not a journal")
        os.pwrite(self._fd, _HEADER, 0)  # it is new, or was cut while it was new
        os.fsync(self._fd)
        sync_folder(self.path.parent)
        self._end = len(_HEADER)

    def _cut(self, position: int, size: int) -> int:
        """End the file at `position`; gives how many bytes went that were no reserve."""
        lost = 0 if self._reserve else size - position
        for start in range(position, size, _CHUNK):
            chunk = os.pread(self._fd, min(_CHUNK, size - start), start).rstrip(b"\0")
            lost = max(lost, start + len(chunk) - position if chunk else 0)
        if size > position:
            os.ftruncate(self._fd, position)
            os.fsync(self._fd)
        return lost

    def _commit(self) -> None:
        with self._lock:
            self._check()
            if not self._pending:
                return
            data = b"".join(self._pending)
            self._pending = []
            self._pending_bytes = 0
            upto = self._appended
        assert self._end is not None
        end = self._end + len(data)
        with self._ending("records may not be durable"):
            if self._reserve and end > self._reserved:
                os.pwrite(self._fd, bytes(self._reserve), end)
                self._reserved = end + self._reserve
            self._disk.write(self._fd, data, self._end, "commit")
            self._disk.sync(self._fd, "commit")
        self.syncs += 1
        self._end = end
        self._committed = upto

    def _fill(self, fd: int, records: Iterable[bytes]) -> int:
        end = 0
        batch = bytearray(_HEADER)
        for payload in records:
            batch += b"".join(_record(payload))
            if len(batch) >= _CHUNK:
                self._disk.write(fd, bytes(batch), end, "rewrite")
                end += len(batch)
                batch.clear()
        self._disk.write(fd, bytes(batch), end, "rewrite")
        self._disk.sync(fd, "rewrite")
        return end + len(batch)

    def _give_up_rewrite(self, fresh: Path, error: BaseException) -> None:
        if isinstance(error, TornWriteError):
            self._broken = str(error)  # the power is gone: what stands on the disk stays as it is
            return
        fresh.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise JournalError(f"{self.path}: is not rewritten: {error}") from error

    def _check(self) -> None:
        if self._broken is not None:
            raise JournalError(self._broken)

    @contextlib.contextmanager
    def _ending(self, doubt: str) -> Iterator[None]:
        """Let nothing pass after a failure inside."""
        try:
            yield
        except BaseException as error:
            self._broken = f"{self.path}: {doubt}: {error}"
            if isinstance(error, OSError):
                raise JournalError(self._broken) from error
            raise


class GroupCommit:
    """Makes records of many threads durable together: all that come while the disk is busy share a commit."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._waiting = threading.Condition()
        self._busy = False

    def append_and_wait(self, payload: bytes) -> int:
        """Append and return the record's number when it is on disk.

        JournalError reaches every thread whose record is not known to be there.
        """
        number = self.journal.append(payload)
        while self.journal.committed < number:
            with self._waiting:
                if self._busy:
                    # Not a lock to queue for: all that a commit served must leave before the next one starts,
                    # to be back with their next records while it runs.
                    self._waiting.wait()
                    continue
                if self.journal.committed >= number:
                    break
                self._busy = True
            try:
                self.journal.commit()
            finally:
                with self._waiting:
                    self._busy = False
                    self._waiting.notify_all()
        return number


def _record(payload: bytes) -> tuple[bytes, bytes, bytes]:
    if len(payload) > MAX_PAYLOAD:
        raise JournalError(f"a record has at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    length = _NUMBER.pack(len(payload))
    return length, _NUMBER.pack(zlib.crc32(payload, zlib.crc32(length))), payload


def _read_record(file: BinaryIO, left: int) -> bytes | None:
    if left < _RECORD.size:
        return None
    head = file.read(_RECORD.size)
    length, checksum = _RECORD.unpack(head)
    if length > min(MAX_PAYLOAD, left - _RECORD.size):
        return None
    payload = file.read(length)
    whole = zlib.crc32(payload, zlib.crc32(head[: _NUMBER.size])) == checksum
    return payload if whole else None
