"""An event loop without a thread of its own: it turns in the thread that waits for something.

Whoever asks first turns the loop; others who come meanwhile hand their work in and sleep. When the first has
what it waited for, the next one turns. A question that is answered at once costs no switch of threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")
_FOLLOWING: Final = 10
"""Turns of the loop after which a chain of tasks that wake each other has come to its end."""
_QUIET: Final = 64
"""Pieces of work done at once after which the loop gets a turn for what it put off."""


class Waiter:
    """One who waits: `finish` may be called from the loop's work, at any time, once or more."""

    __slots__ = ("_loop", "error", "finished", "signal")

    def __init__(self, loop: OwnLoop) -> None:
        self._loop = loop
        self.finished = False
        self.error: BaseException | None = None
        self.signal: threading.Event | None = None

    def finish(self) -> None:
        """What was waited for is there."""
        self.finished = True
        if self.signal is not None:
            self.signal.set()
        self._loop.pause()


class OwnLoop:
    """A loop that threads take turns in turning."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._guard = threading.Lock()
        self._turning = False
        self._running = False
        self._sleepers: deque[Waiter] = deque()
        self._handed_in: deque[tuple[Callable[[Waiter], None], Waiter]] = deque()
        self._done_at_once = 0

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run one coroutine to its end; for setting things up, before other threads come."""
        return self._loop.run_until_complete(work)

    def do(self, work: Callable[[Waiter], None], seconds: float | None = None) -> bool:
        """Do `work` in the loop's order and wait until it calls `finish`; False when that takes too long.

        What `work` raises is raised here, in whichever thread it ran.
        """
        waiter = Waiter(self)
        with self._guard:
            first = not self._turning
            self._turning = True
            if not first:
                waiter.signal = threading.Event()
                self._sleepers.append(waiter)
                self._handed_in.append((work, waiter))
        if first:
            try:
                self._work_off()
                _perform(work, waiter)
                self._settle(waiter, seconds)
            finally:
                self._pass_on()
        else:
            self._sleep(waiter, seconds)
        if waiter.error is not None:
            raise waiter.error
        return waiter.finished

    def settle(self) -> None:
        """Let everything happen that is due by now, and what follows from it."""
        for _ in range(_FOLLOWING):
            self.do(self._one_turn)

    def _one_turn(self, waiter: Waiter) -> None:
        self._loop.call_soon(waiter.finish)

    def pause(self) -> None:
        """Let the thread that turns the loop look whether it has what it waits for."""
        if self._running:
            self._loop.stop()

    def close(self) -> None:
        """End the loop and all that was put off."""
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._turn(0)
        self._loop.close()

    def _settle(self, waiter: Waiter, seconds: float | None) -> None:
        if waiter.finished:
            self._done_at_once += 1
            if self._done_at_once >= _QUIET:
                self._done_at_once = 0
                self._turn(0)
            return
        loop = self._loop
        end = None if seconds is None else loop.time() + seconds
        while not waiter.finished:
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return
            self._turn(left)

    def _turn(self, seconds: float | None) -> None:
        """Run the loop until `pause` or for so long."""
        loop = self._loop
        timer = None if seconds is None else loop.call_later(seconds, loop.stop)
        self._running = True
        loop.run_forever()
        self._running = False
        if timer is not None:
            timer.cancel()

    def _work_off(self) -> None:
        """What others have handed in, in their order."""
        while self._handed_in:
            _perform(*self._handed_in.popleft())

    def _sleep(self, waiter: Waiter, seconds: float | None) -> None:
        assert waiter.signal is not None
        self._loop.call_soon_threadsafe(self._work_off)
        waiter.signal.wait(seconds)
        with self._guard:
            if waiter in self._sleepers:
                self._sleepers.remove(waiter)
                return
        # Taken off the list by the one before: it is this thread's turn, whether its work is done or not.
        try:
            self._settle(waiter, seconds)
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if not self._sleepers:
                self._turning = False
                return
            heir = self._sleepers.popleft()
            assert heir.signal is not None
            heir.signal.set()


def _perform(work: Callable[[Waiter], None], waiter: Waiter) -> None:
    try:
        work(waiter)
    except BaseException as error:  # noqa: BLE001 - it belongs to the thread that handed the work in
        waiter.error = error
        waiter.finish()
