"""Where files are verified: in a thread of this process, or in worker processes that use further cores.

Verification is almost all GOST arithmetic and holds the interpreter: a thread manages about a thousand
receipts a second, each worker as many again. Files that wait while others are in work go on together,
because a hand-over costs as much as a file. Workers are told the settings and make the rules themselves,
since rules cannot travel; they end when the process that started them is gone, however it went.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import structlog

from ofd_mock.uz.receipt_checks import module_of
from ofd_mock.uz.registry import Enrolment
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import Intent
from ofd_mock.uz.verification import Verifier, verify_all
from reference.protocol.uz.message import File

RulesOf = Callable[[OperatorSettings], Rules]

_FILES_AT_ONCE: Final = 64
_FEW_FILES: Final = 2
_FEW_BYTES: Final = 4096
_log = structlog.get_logger("operator.checking")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files of one module, with what the registry knows of it."""

    terminal: str
    generation_1: bool
    enrolment: Enrolment | None
    files: tuple[File, ...]


def is_quick(bundle: Bundle) -> bool:
    """Whether verifying takes little longer than handing over to a thread and back: an everyday receipt."""
    return len(bundle.files) <= _FEW_FILES and sum(len(file.body) for file in bundle.files) <= _FEW_BYTES


def verify_bundles(work: Sequence[tuple[Verifier, Bundle]]) -> list[list[Intent]]:
    """For each file of each bundle, what it brings or why it is not taken."""
    return verify_all(
        [
            (verifier, module_of(bundle.terminal, bundle.generation_1, bundle.enrolment), bundle.files)
            for verifier, bundle in work
        ]
    )


@dataclass(frozen=True, slots=True)
class _Task:
    rules: Rules
    settings: OperatorSettings
    bundle: Bundle
    done: asyncio.Future[list[Intent]]


class Checking(ABC):
    """Verifies files without holding up the event loop that calls it; one object serves one loop."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._waiting: deque[_Task] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def verify(self, rules: Rules, settings: OperatorSettings, bundle: Bundle) -> Sequence[Intent]:
        """One intent per file, in the same order."""
        loop = asyncio.get_running_loop()
        tasks = [
            _Task(rules, settings, replace(bundle, files=files), loop.create_future())
            for files in _portions(bundle.files)
        ]
        self._waiting.extend(tasks)
        self._feed(loop)
        return [intent for task in tasks for intent in await task.done]

    @abstractmethod
    async def start(self) -> None:
        """Come back when everything that verifies is ready to."""

    @abstractmethod
    def close(self) -> None:
        """Let threads and processes go."""

    @abstractmethod
    async def _run(self, tasks: list[_Task]) -> list[list[Intent]]:
        """The intents of all these tasks, from one hand-over."""

    def _feed(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._free and self._waiting:
            tasks = [self._waiting.popleft()]
            room = _FILES_AT_ONCE - len(tasks[0].bundle.files)
            while self._waiting and len(self._waiting[0].bundle.files) <= room:
                tasks.append(self._waiting.popleft())
                room -= len(tasks[-1].bundle.files)
            self._free -= 1
            work = loop.create_task(self._finish(loop, tasks))
            self._running.add(work)
            work.add_done_callback(self._running.discard)

    async def _finish(self, loop: asyncio.AbstractEventLoop, tasks: list[_Task]) -> None:
        try:
            for task, intents in zip(tasks, await self._run(tasks), strict=True):
                if not task.done.done():
                    task.done.set_result(intents)
        except Exception as error:  # noqa: BLE001 - handed to those who wait, whatever it is
            for task in tasks:
                if not task.done.done():
                    task.done.set_exception(error)
        finally:
            self._free += 1
            self._feed(loop)


def _portions(files: tuple[File, ...]) -> list[tuple[File, ...]]:
    """The files in portions of at most what goes into one hand-over."""
    return [files[at : at + _FILES_AT_ONCE] for at in range(0, len(files), _FILES_AT_ONCE)]


class ThreadChecking(Checking):
    """One thread of this process."""

    def __init__(self) -> None:
        super().__init__(slots=1)
        self._executor = ThreadPoolExecutor(1, "verify")

    async def start(self) -> None:
        """A thread is ready at once."""

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown()

    async def _run(self, tasks: list[_Task]) -> list[list[Intent]]:
        work = [(task.rules.verifier, task.bundle) for task in tasks]
        return await asyncio.get_running_loop().run_in_executor(self._executor, verify_bundles, work)


class ProcessChecking(Checking):
    """`count` worker processes; `rules_of` must be importable by name."""

    def __init__(self, rules_of: RulesOf, count: int) -> None:
        # Two portions a worker: one in work, one ready to be taken up.
        super().__init__(slots=2 * count)
        self._rules_of = rules_of
        self._count = count
        self._loading: list[Future[None]] = []
        self._pool: Executor = self._hire()

    async def start(self) -> None:
        """Wait for the workers to have loaded their code."""
        await asyncio.gather(*map(asyncio.wrap_future, self._loading))

    def close(self) -> None:
        """End the workers."""
        self._pool.shutdown(cancel_futures=True)

    def _hire(self) -> ProcessPoolExecutor:
        # Spawned, not forked: this process has threads, and a forked child would hold its sockets open.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self._count, context, initializer=follow_parent)
        # The pool starts a worker only when all others are busy: give each its first work at once.
        self._loading = [pool.submit(load, self._rules_of) for _ in range(self._count)]
        return pool

    async def _run(self, tasks: list[_Task]) -> list[list[Intent]]:
        """The intents of all tasks; a worker that was killed is replaced, its work done again."""
        work = [(task.settings.model_dump_json(), task.bundle) for task in tasks]
        loop, pool = asyncio.get_running_loop(), self._pool
        try:
            return await loop.run_in_executor(pool, verify_elsewhere, self._rules_of, work)
        except BrokenExecutor:
            if self._pool is pool:
                _log.warning("a verifying process has died; starting new ones")
                pool.shutdown(wait=False, cancel_futures=True)
                self._pool = self._hire()
            return await loop.run_in_executor(self._pool, verify_elsewhere, self._rules_of, work)


def verify_elsewhere(rules_of: RulesOf, work: list[tuple[str, Bundle]]) -> list[list[Intent]]:
    """`verify_bundles` inside a worker, under rules made from the settings' JSON."""
    return verify_bundles([(_verifier(rules_of, settings), bundle) for settings, bundle in work])


def load(rules_of: RulesOf) -> None:
    """Make rules once, so that a worker's first real work is not its slowest."""
    _verifier(rules_of, "{}")


@functools.lru_cache(maxsize=4)
def _verifier(rules_of: RulesOf, settings: str) -> Verifier:
    return rules_of(OperatorSettings.model_validate_json(settings)).verifier


def follow_parent() -> None:
    """Make this worker end with its parent, even one that was killed; Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def checking_for(rules_of: RulesOf, verifiers: int) -> Checking:
    """Worker processes, or the one thread when `verifiers` is 0."""
    return ProcessChecking(rules_of, verifiers) if verifiers else ThreadChecking()
