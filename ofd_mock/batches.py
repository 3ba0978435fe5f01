"""The database thread: requests that wait share one transaction, and the event loop need not wait for a disk.

Requests and other jobs come in by a queue. The thread takes whatever has gathered while it was busy with
the last commit, settles the requests in one transaction, and only then hands out their settlements. An event
loop that has gathered a batch itself, and would only wait, settles it in its own thread (`settle_here`).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, Generic, TypeVar

import structlog

MOST_REQUESTS: Final = 512
"""Requests of one transaction: more would only make the first ones wait longer."""

_Result = TypeVar("_Result")
_Submission = TypeVar("_Submission")
_Settlement = TypeVar("_Settlement")
_Entry = tuple[_Submission, asyncio.AbstractEventLoop, Callable[[_Settlement | Exception], None]]
_log = structlog.get_logger("operator.writer")


class WriterStoppedError(RuntimeError):
    """The operator is shutting down; nothing more is stored."""


class BatchWriter(Generic[_Submission, _Settlement]):
    """Owns a ledger's writing side. `settle` settles a batch in one transaction; it runs in the thread.

    What it gives for a request may be an exception, if that one alone is refused.
    """

    def __init__(self, settle: Callable[[list[_Submission]], Sequence[_Settlement | Exception]]) -> None:
        self._settle_batch = settle
        self._queue: queue.SimpleQueue[_Entry[_Submission, _Settlement] | Callable[[], None] | None] = (
            queue.SimpleQueue()
        )
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        self._claimed = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def submit(self, submission: _Submission) -> asyncio.Future[_Settlement]:
        """Have a request settled; to be called in an event loop, whose future is done after the commit.

        It fails with SQLAlchemyError when the database refused the whole batch.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Settlement] = loop.create_future()
        self.hand(submission, loop, partial(_fulfil, done))
        return done

    def hand(
        self,
        submission: _Submission,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[_Settlement | Exception], None],
    ) -> None:
        """Have a request settled, and `done` called in the loop with what `submit` would give or raise.

        To be called in that loop; `done` must not raise.
        """
        if self._stopped.is_set():
            loop.call_soon(done, WriterStoppedError("the operator is shutting down"))
        else:
            self._queue.put((submission, loop, done))

    def settle_here(
        self,
        batch: list[_Submission],
        settle: Callable[[list[_Submission]], Sequence[_Settlement | Exception]] | None = None,
    ) -> Sequence[_Settlement | Exception] | None:
        """Settle a batch in the calling thread; gives what `submit` would give or raise for each.

        `settle` does it instead of what the thread does it with. None, and nothing is settled, while the
        ledger's own thread has something to do.
        """
        if self._claimed or not self._turn.acquire(blocking=False):
            return None
        try:
            return None if self._stopped.is_set() else self._settled(batch, settle or self._settle_batch)
        finally:
            self._turn.release()

    def run(self, job: Callable[[], _Result]) -> _Result:
        """Do something to the ledger between two batches, and wait for it; what it raises is raised here."""
        done: Future[_Result] = Future()

        def work() -> None:
            try:
                done.set_result(job())
            except Exception as error:  # noqa: BLE001 - handed to the caller, whatever it is
                done.set_exception(error)

        if self._stopped.is_set():
            raise WriterStoppedError("the operator is shutting down")
        self._queue.put(work)
        return done.result()

    def stop(self) -> None:
        """Finish what has been submitted and end the thread."""
        self._stopped.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch: list[_Entry[_Submission, _Settlement]] = []
            entry = self._queue.get()
            while isinstance(entry, tuple):
                batch.append(entry)
                if len(batch) == MOST_REQUESTS or self._queue.empty():
                    entry = _NOTHING
                    break
                entry = self._queue.get()
            self._claimed = True
            with self._turn:
                if batch:
                    settled = self._settled([one[0] for one in batch], self._settle_batch)
                    _deliver([(loop, done, one) for (_, loop, done), one in zip(batch, settled, strict=True)])
                if entry is not None:
                    entry()
                self._claimed = False
            if entry is None:
                return

    def _settled(
        self,
        batch: list[_Submission],
        settle: Callable[[list[_Submission]], Sequence[_Settlement | Exception]],
    ) -> Sequence[_Settlement | Exception]:
        try:
            return settle(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread must live on for the others
            _log.error("the ledger could not be written", requests=len(batch), exc_info=error)
            return [error] * len(batch)


def _deliver(answers: Sequence[tuple[asyncio.AbstractEventLoop, Callable[[Any], None], Any]]) -> None:
    """Hand all answers to their event loops, waking each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Callable[[Any], None], Any]]] = {}
    for loop, done, answer in answers:
        by_loop.setdefault(loop, []).append((done, answer))
    for loop, own in by_loop.items():
        with contextlib.suppress(RuntimeError):  # a loop that was closed meanwhile waits for nothing
            loop.call_soon_threadsafe(_finish, own)


def _finish(answers: list[tuple[Callable[[Any], None], Any]]) -> None:
    for done, answer in answers:
        done(answer)


def _fulfil(waiting: asyncio.Future[Any], answer: Any) -> None:
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def _nothing() -> None:
    """What stands in the queue's place when a batch was cut off."""


_NOTHING: Callable[[], None] = _nothing
