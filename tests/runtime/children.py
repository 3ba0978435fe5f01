"""Child processes of the runtime tests: a script that talks in lines over its standard streams."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHILD_PATIENCE = 60.0


@contextmanager
def child(script: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Python running `script` with `arguments`, killed and reaped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=CHILD_PATIENCE)


def say(process: subprocess.Popen[str], line: str) -> None:
    """Send the child one line."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line the child prints, without its end."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the child ended with status {process.wait(CHILD_PATIENCE)}"
    return line.rstrip("\n")


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `script` to its end."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=CHILD_PATIENCE,
        check=False,
    )
