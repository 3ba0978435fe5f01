"""Processes that a benchmark measures: started with free ports, ended by their own id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class BenchError(Exception):
    """A benchmark cannot be carried out; the text says what did not start or answer."""


@contextmanager
def child(module: str, arguments: Sequence[str], log: Path) -> Iterator[dict[str, str]]:
    """Run `python -m module` until the block ends; gives the addresses of its ready line.

    Its stderr goes to `log`. `BenchError` if it ends before it is ready.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise BenchError(f"{module} did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        yield json.loads(line)["addresses"]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def host_port(address: str) -> tuple[str, int]:
    """`127.0.0.1:4387` as a socket address."""
    host, _, port = address.rpartition(":")
    return host, int(port)
