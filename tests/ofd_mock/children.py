"""The operator as a child process, the way users and labs start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ofd_mock.till import Line

PATIENCE = 60.0


class Child:
    """One process; `ready` is the line it printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "ofd_mock", "--port", "0", "--http-port", "0", "--seed", "1"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(
                f"the operator did not start: {self.process.communicate(timeout=PATIENCE)[1]}"
            )
        self.ready: dict[str, Any] = json.loads(line)

    @property
    def port(self) -> int:
        return int(self.ready["addresses"]["operator"].rpartition(":")[2])

    @property
    def base(self) -> str:
        return str(self.ready["addresses"]["http"])

    def line(self) -> Line:
        return Line(self.port)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def end(self) -> str:
        """Ask it to end; gives what it wrote to stderr."""
        self.process.terminate()
        assert self.process.stderr is not None
        log = self.process.stderr.read()
        self.process.wait(PATIENCE)
        return log


@contextmanager
def operator(folder: Path, *options: str) -> Iterator[Child]:
    child = Child(folder, *options)
    try:
        yield child
    finally:
        child.kill()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def workers(pid: int) -> list[int]:
    """Child processes of a process that run verification."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            command = Path(f"/proc/{child}/cmdline").read_text()
            if "spawn_main" in command:
                found.append(int(child))
    return found
