"""Part processes forked from a warm nursery (nursery.py), with what the lab uses of `subprocess.Popen`."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from conformance.nursery import LARGEST_ORDER

END_SECONDS = 10.0


def nurseries_work() -> bool:
    """Whether this system forks, hands descriptors over and has pidfds: Linux does."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")


class ForkedPart:
    """A process that the nursery has forked; `returncode` as with subprocess."""

    def __init__(
        self, words: Sequence[str], pid: int, watch: int, status: int, pipes: tuple[int, int]
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = os.fdopen(pipes[0], "wb")
        self.stdout: IO[bytes] | None = os.fdopen(pipes[1], "rb")
        self._words = list(words)
        self._watch = watch
        self._status = status
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Exit status, None while it runs."""
        return self._waited(0)

    def wait(self, timeout: float | None = None) -> int:
        """Exit status when it has ended; subprocess.TimeoutExpired after real seconds."""
        found = self._waited(timeout)
        if found is None:
            raise subprocess.TimeoutExpired(self._words, timeout or 0.0)
        return found

    def send_signal(self, number: int) -> None:
        """Send a signal to this very process, unless it has ended."""
        with self._lock:
            if self.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._watch, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close its pipes and wait for its end, as subprocess does."""
        for stream in (self.stdin, self.stdout):
            if stream is not None:
                stream.close()
        self.wait()

    def _waited(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            look = select.poll()
            look.register(self._status, select.POLLIN)
            if not look.poll(None if seconds is None else seconds * 1000):
                return None
        with self._lock:
            if self.returncode is None:
                told = os.read(self._status, 64)
                if not told:  # the nursery is gone, and what it forked is to go, too
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(self._watch, signal.SIGKILL)
                self.returncode = int(told) if told else -signal.SIGKILL
                os.close(self._status)
                os.close(self._watch)
        return self.returncode


class WarmNursery:
    """A nursery as a child of this process; use as a context manager. Orders may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self, module: str, words: Sequence[str], environ: Mapping[str, str], log: IO[bytes]
    ) -> ForkedPart:
        """Fork `python -m module words…`, its stderr going to `log`. OSError when the nursery has died."""
        order = {"module": module, "words": list(words), "environ": dict(environ), "folder": str(Path.cwd())}
        stdin, to_part = os.pipe()
        from_part, stdout = os.pipe()
        told, status = os.pipe()
        theirs = [stdin, stdout, log.fileno(), status]
        try:
            with self._lock:
                pid, watch = self._ask(order, theirs)
        except BaseException:
            for fd in (to_part, from_part, told):
                os.close(fd)
            raise
        finally:
            for fd in (stdin, stdout, status):
                os.close(fd)
        return ForkedPart([module, *words], pid, watch, told, (to_part, from_part))

    def _ask(self, order: Mapping[str, object], fds: Sequence[int]) -> tuple[int, int]:
        orders = self._running()
        socket.send_fds(orders, [json.dumps(order).encode()], fds)
        data, watches, _, _ = socket.recv_fds(orders, LARGEST_ORDER, 1)
        if not data:
            raise OSError("the nursery of the lab's parts has died")
        (watch,) = watches
        os.set_inheritable(watch, False)
        return int(json.loads(data)["pid"]), watch

    def _running(self) -> socket.socket:
        if self._orders is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "conformance.nursery", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    env=dict(os.environ, PYTHONUNBUFFERED="1"),
                    start_new_session=True,
                )
            self._orders = ours
        return self._orders

    def close(self) -> None:
        """End the nursery; parts still running end as their stdin closes."""
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
