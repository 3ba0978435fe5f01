"""The page of memory in which all processes of a lab keep one clock: layout, torn-read safety, who may
write.

Readers do not lock. A writer makes the sequence odd, fills the copy of the state that nobody reads, turns
`active` over to it and makes the sequence even again; a reader that finds the same even sequence before and
after has read one whole state. A writer that dies half way leaves the active copy whole, so the next one
only has to make the sequence even. Writers of one lab take turns by flock on the file.

This module knows no time: what stands in the state is given to it (see clock.py).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

MAX_PARTS = 64
MAX_NAME_BYTES = 23
SECOND_NS = 1_000_000_000
SEQUENCE = 2  # its index in `words`

_MAGIC = b"KASCLOCK"
_VERSION = 1
_HEADER = struct.Struct("=8sIIQQ")  # magic, version, generation, sequence, active copy
_STATE = struct.Struct("=16sqqqdqQ")  # boot, base real, base lab, base wall, rate, reserved, number of parts
_PART = struct.Struct("=24sqdq")  # name, skew, drift, since

_GENERATION_OFFSET = 12
_ACTIVE = 3
_COPY_OFFSET = (64, 64 + 4096)
_SIZE = 64 + 2 * 4096
_SPINS = 200
_FAR = 10**12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ClockError(ValueError):
    """A clock was asked for what it cannot do. `field` names the value, `rule` says what it must be."""

    def __init__(self, field: str, rule: str, found: object = None) -> None:
        self.field = field
        self.rule = rule
        shown = "" if found is None else f", not {found!r}"
        super().__init__(f"{field}: {rule}{shown}")


class ClockFileError(ClockError):
    """The clock file is missing, in use for another purpose, or of another version."""

    def __init__(self, path: Path, rule: str) -> None:
        super().__init__(f"clock file {path}", rule)


@dataclass(frozen=True, slots=True)
class PartSetting:
    """How far one part is from lab time: `skew_ns` at lab time `since_ns`, growing by `drift_ppm`."""

    skew_ns: int = 0
    drift_ppm: float = 0.0
    since_ns: int = 0

    def offset_ns(self, lab_ns: int) -> int:
        """Nanoseconds to add to the lab time `lab_ns` to get what this part's clock shows."""
        if not self.drift_ppm:
            return self.skew_ns
        return self.skew_ns + int((lab_ns - self.since_ns) * self.drift_ppm / 1_000_000)


@dataclass(frozen=True, slots=True)
class ClockState:
    """Lab time as a line: `base_lab` at monotonic `base_real` (both ns), rising by `rate`.

    `boot` says which start of the machine `base_real` counts from and `base_wall` is its wall clock then.
    No lab time at or after `reserved` has been shown to anybody yet.
    """

    boot: bytes
    base_real: int
    base_lab: int
    base_wall: int
    rate: float
    reserved: int
    parts: dict[str, PartSetting]

    def lab_ns(self, real_ns: int) -> int:
        """Lab time in ns at the monotonic time `real_ns`."""
        return self.base_lab + int((real_ns - self.base_real) * self.rate)

    def encode(self) -> bytes:
        """The bytes of one copy of the state."""
        head = _STATE.pack(
            self.boot,
            self.base_real,
            self.base_lab,
            self.base_wall,
            self.rate,
            self.reserved,
            len(self.parts),
        )
        rows = (
            _PART.pack(name.encode(), part.skew_ns, part.drift_ppm, part.since_ns)
            for name, part in self.parts.items()
        )
        return head + b"".join(rows)

    @classmethod
    def decode(cls, memory: mmap.mmap, offset: int) -> ClockState:
        """The state whose copy starts at `offset`."""
        boot, real, lab, wall, rate, reserved, count = _STATE.unpack_from(memory, offset)
        parts: dict[str, PartSetting] = {}
        for row in range(min(count, MAX_PARTS)):
            name, skew, drift, since = _PART.unpack_from(memory, offset + _STATE.size + row * _PART.size)
            parts[name.rstrip(b"\0").decode(errors="replace")] = PartSetting(skew, drift, since)
        return cls(boot, real, lab, wall, rate, reserved, parts)


class ClockPage:
    """One mapped clock state, shared through a file or private to this process."""

    def __init__(self, memory: mmap.mmap, descriptor: int | None) -> None:
        self._memory = memory
        self._descriptor = descriptor
        self._threads = threading.Lock()
        self.words = memoryview(memory).cast("Q")
        self.generation = ctypes.c_uint32.from_buffer(memory, _GENERATION_OFFSET)

    @classmethod
    def private(cls, state: ClockState) -> ClockPage:
        """A page that only this process sees."""
        memory = mmap.mmap(-1, _SIZE)
        memory[:] = _image(state)
        return cls(memory, None)

    @classmethod
    def create(cls, path: Path, state: ClockState) -> ClockPage:
        """A new clock file. It appears whole or not at all; ClockFileError when `path` exists already."""
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(_image(state))
        try:
            os.link(fresh, path)
        except FileExistsError:
            raise ClockFileError(path, "exists already: attach to it, or remove it first") from None
        finally:
            fresh.unlink()
        return cls.attach(path)

    @classmethod
    def attach(cls, path: Path) -> ClockPage:
        """The clock file at `path`; ClockFileError when there is none or it is something else."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ClockFileError(path, "does not exist: create the clock first") from None
        head = os.pread(descriptor, _HEADER.size, 0)
        if os.fstat(descriptor).st_size != _SIZE or _HEADER.unpack(head)[:2] != (_MAGIC, _VERSION):
            os.close(descriptor)
            raise ClockFileError(path, f"is not a lab clock of version {_VERSION}")
        return cls(mmap.mmap(descriptor, _SIZE), descriptor)

    @property
    def shared(self) -> bool:
        """Whether other processes may see and change this page."""
        return self._descriptor is not None

    def read(self) -> tuple[int, ClockState]:
        """The sequence number and the whole state that stands under it."""
        for _ in range(_SPINS):
            sequence = self.words[SEQUENCE]
            if not sequence & 1:
                state = self._copy(self.words[_ACTIVE])
                if self.words[SEQUENCE] == sequence:
                    return sequence, state
        with self._exclusive():  # a writer was put to sleep, or died
            return self.words[SEQUENCE], self._copy(self.words[_ACTIVE])

    def change(self, make: Callable[[ClockState], ClockState], *, wake: bool) -> ClockState:
        """Replace the state by `make(state)`, alone among all processes; `wake` moves the generation on.

        `make` runs while readers are held off, so a clock it reads is later than any they used with the old
        state. What it raises leaves the state as it was.
        """
        with self._exclusive():
            sequence = self.words[SEQUENCE]
            active = self.words[_ACTIVE] & 1
            self.words[SEQUENCE] = sequence + 1
            published = sequence
            try:
                state = make(self._copy(active))
                image = state.encode()
                offset = _COPY_OFFSET[1 - active]
                self._memory[offset : offset + len(image)] = image
                self.words[_ACTIVE] = 1 - active
                published = sequence + 2
            finally:
                self.words[SEQUENCE] = published
            if wake:
                self.generation.value += 1
            return state

    def next_generation(self) -> None:
        """Make every sleeper look at the clock again although nothing changed."""
        with self._exclusive():
            self.generation.value += 1

    def sync(self) -> None:
        """Return when the state is on disk (nothing to do for a private page)."""
        descriptor = self._descriptor
        if descriptor is not None:
            # What msync does; but mmap's own flush lets no other thread of Python run until the disk is done.
            os.fdatasync(descriptor)

    def close(self) -> None:
        """Let go of the file. The memory goes with the last thread that still looks at it."""
        with self._threads:
            self.words.release()
            del self.generation
            with contextlib.suppress(BufferError):
                self._memory.close()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _copy(self, index: int) -> ClockState:
        return ClockState.decode(self._memory, _COPY_OFFSET[index & 1])

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._threads:
            if self._descriptor is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                if self.words[SEQUENCE] & 1:  # its writer died: the active copy is whole
                    self.words[SEQUENCE] += 1
                yield
            finally:
                if self._descriptor is not None:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def moment(ns: int) -> datetime:
    """The aware UTC datetime, in whole microseconds, of `ns` nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def moment_ns(time: datetime) -> int:
    """Nanoseconds since 1970 of an aware datetime."""
    return (time - _EPOCH) // _MICROSECOND * 1000


def finite(field: str, value: float) -> float:
    """`value` as a float; ClockError naming `field` when it is no number or beyond ±10¹²."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_FAR <= value <= _FAR:
        raise ClockError(field, "must be a finite number", value)
    return float(value)


def _image(state: ClockState) -> bytes:
    image = bytearray(_SIZE)
    _HEADER.pack_into(image, 0, _MAGIC, _VERSION, 0, 0, 0)
    encoded = state.encode()
    image[_COPY_OFFSET[0] : _COPY_OFFSET[0] + len(encoded)] = encoded
    return bytes(image)
