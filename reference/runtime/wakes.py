"""How a jump of the lab clock reaches every sleeper of every process.

Each clock page has a generation word. Whoever moves the clock raises it and calls the kernel's futex wake
on it; in every process that has sleepers one thread waits on that word and then calls the wakers its
sleepers registered. A sleeper registers first and reads the clock after, so no jump is missed. Where there
is no futex the thread looks at the word every 10 ms.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator

Waker = Callable[[], object]

POLL_SECONDS = 0.010
_SAFETY_SECONDS = 5
_FUTEX_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98}
_FUTEX_WAIT = 0
_FUTEX_WAKE = 1
_EVERYBODY = 2**31 - 1


class Futex:
    """The kernel's wait and wake on one word of shared memory."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._call = ctypes.CDLL(None, use_errno=True).syscall

    @classmethod
    def of_this_machine(cls) -> Futex | None:
        """The futex call, or None where it is not known."""
        number = _FUTEX_NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
        if number is None or sys.maxsize < 2**32:
            return None
        futex = cls(number)
        try:
            futex.wake(ctypes.c_uint32())
        except OSError:  # a sandbox may forbid it
            return None
        return futex

    def wait(self, word: ctypes.c_uint32, seen: int, seconds: int) -> None:
        """Block until the word is woken, is not `seen` any more, or `seconds` have passed."""
        limit = (ctypes.c_long * 2)(seconds, 0)
        self._invoke(word, _FUTEX_WAIT, seen, limit)

    def wake(self, word: ctypes.c_uint32) -> None:
        """Wake all who wait for the word, in every process."""
        self._invoke(word, _FUTEX_WAKE, _EVERYBODY, None)

    def _invoke(self, word: ctypes.c_uint32, operation: int, value: int, limit: object) -> None:
        answer = self._call(
            ctypes.c_long(self._number),
            ctypes.byref(word),
            ctypes.c_int(operation),
            ctypes.c_uint32(value),
            limit,
            None,
            ctypes.c_int(0),
        )
        if answer < 0:
            code = ctypes.get_errno()
            if code not in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
                raise OSError(code, os.strerror(code))


class Wakes:
    """The wakers of this process, and the thread that calls them when another process moves the clock."""

    def __init__(self, word: ctypes.c_uint32, *, shared: bool, futex: Futex | None = None) -> None:
        self._word: ctypes.c_uint32 | None = word
        self._shared = shared
        self._futex = futex
        self._lock = threading.Lock()
        self._wakers: dict[int, Waker] = {}
        self._numbers = 0
        self._watcher: threading.Thread | None = None
        self._closing = threading.Event()

    @contextlib.contextmanager
    def listening(self, waker: Waker) -> Iterator[None]:
        """Have `waker` called on every jump. It must not block, and may be called when nothing happened."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._wakers[number] = waker
            if self._shared and self._watcher is None and not self._closing.is_set():
                self._start_watcher()
        try:
            yield
        finally:
            with self._lock:
                del self._wakers[number]

    def announce(self) -> None:
        """Tell all sleepers, in every process, that the clock moved. Raise the generation first."""
        if self._shared and self._futex is not None and self._word is not None:
            self._futex.wake(self._word)
        self.wake_here()

    def wake_here(self) -> None:
        """Call the wakers of this process."""
        with self._lock:
            wakers = list(self._wakers.values())
        for waker in wakers:
            waker()

    def close(self, raise_generation: Callable[[], None]) -> None:
        """End the watcher; `raise_generation` must change the word, so that the watcher cannot miss it."""
        self._closing.set()
        watcher = self._watcher
        if watcher is not None:
            raise_generation()
            self.announce()
            watcher.join()
        self._word = None

    def _start_watcher(self) -> None:
        assert self._word is not None
        # The word is read here, before the sleeper reads the clock: a jump in between is seen as a change.
        arguments = (self._word, self._word.value)
        self._watcher = threading.Thread(
            target=self._watch, args=arguments, name="lab-clock-watcher", daemon=True
        )
        self._watcher.start()

    def _watch(self, word: ctypes.c_uint32, seen: int) -> None:
        while not self._closing.is_set():
            if self._futex is not None:
                self._futex.wait(word, seen, _SAFETY_SECONDS)
                seen = word.value
                self.wake_here()
            elif word.value != seen:
                seen = word.value
                self.wake_here()
            else:
                self._closing.wait(POLL_SECONDS)


class LabEvent(threading.Event):
    """A threading.Event for which a part can wait on its clock without looking at it again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: dict[int, Waker] = {}
        self._numbers = 0
        self._listeners_lock = threading.Lock()

    def set(self) -> None:
        """Set the flag and wake all who wait for it."""
        super().set()
        with self._listeners_lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener()

    @contextlib.contextmanager
    def listening(self, waker: Waker) -> Iterator[None]:
        """Have `waker` called when the event is set."""
        with self._listeners_lock:
            self._numbers += 1
            number = self._numbers
            self._listeners[number] = waker
        try:
            yield
        finally:
            with self._listeners_lock:
                del self._listeners[number]
