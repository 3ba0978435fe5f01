"""One part process of a lab: started, heard until it is ready, and ended by its own pid."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from conformance.lab_nursery import ForkedPart, WarmNursery

TAIL_BYTES = 4_000
TAIL_LINES = 20
PORT_ADVICE = "Another program listens there. `kassalab up --free-ports` takes ports that are free."


class LabError(Exception):
    """The lab could not do what was asked; the text says which part, why, and shows the end of its log."""


class PartProcess:
    """`python -m module words…` as a process of its own, with its stderr going to the file `log`.

    With a `nursery` it is forked there, which saves its imports. The process's stdin is a pipe held open
    here: a part ends when it closes, so none outlives a killed lab.
    """

    def __init__(
        self,
        name: str,
        module: str,
        words: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        nursery: WarmNursery | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._child: subprocess.Popen[bytes] | ForkedPart
        with log.open("ab") as stderr:
            if nursery is not None:
                self._child = nursery.start(module, words, environ, stderr)
            else:
                self._child = _started(module, words, environ, stderr)
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name=f"{name}-stdout", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of the part."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the part runs still."""
        return self._child.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Whether the part is over, or will be in so many real seconds: its connections go before its pid."""
        try:
            self._child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ready(self, seconds: float) -> dict[str, str]:
        """Wait at most `seconds` real seconds for the ready line; gives its addresses, or raises LabError."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise LabError(self.story(f"said nothing for {seconds:g} s")) from None
        if line is None:
            self._child.wait()
            raise LabError(self.story("ended before it was ready"))
        try:
            message = json.loads(line)
            addresses = message["addresses"] if message["ready"] is True else None
        except (ValueError, KeyError, TypeError):
            addresses = None
        if not isinstance(addresses, dict):
            raise LabError(self.story(f"said {line[:200]!r} in place of its ready line"))
        return {str(key): str(value) for key, value in addresses.items()}

    def end(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL when it still runs after `seconds` real seconds."""
        if self.alive:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._release()

    def kill(self) -> None:
        """SIGKILL: what a power cut of the host is to the part."""
        self._child.kill()
        self._release()

    def story(self, what: str) -> str:
        """What happened to the part, with its exit status, its last word and the end of its log."""
        status = self._child.poll()
        exit_text = "" if status is None else f" (exit status {_status_text(status)})"
        tail = log_tail(self.log)
        word = tail.splitlines()[-1]
        if status is None or word.startswith(("{", "(")):
            return f"{self.name} {what}{exit_text}; end of {self.log}:\n{tail}"
        advice = f"{PORT_ADVICE}\n" if "in use" in word else ""
        return f"{self.name} {what}{exit_text}: {word}\n{advice}end of {self.log}:\n{tail}"

    def _release(self) -> None:
        self._child.wait()
        self._reader.join()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        stream: IO[bytes] | None = self._child.stdout
        for line in stream or ():
            self._lines.put(line)
        self._lines.put(None)


def _started(
    module: str, words: Sequence[str], environ: Mapping[str, str], stderr: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=dict(environ),
        # A session of its own: Ctrl-C at the terminal reaches the lab alone, which stops parts in order.
        start_new_session=True,
    )


def log_tail(log: Path) -> str:
    """The last lines of a log file."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-TAIL_LINES:]) or "(empty log)"


def _status_text(status: int) -> str:
    if status < 0:
        return f"{status}, {signal.Signals(-status).name}"
    return str(status)
