"""A PostgreSQL server of a benchmark's own, in a folder that goes with it; none where none is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.children import BenchError

_PATIENCE = 120.0
_SETTINGS = ("listen_addresses=", "shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=30min")


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The SQLAlchemy URL of a server that runs until the block ends; None where there can be none."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    if initdb is None or control is None or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="kassalab-pg-"))
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if prefix:
        shutil.chown(folder, "postgres", "postgres")
    data, options = str(folder / "data"), " ".join(f"-c {one}" for one in _SETTINGS)
    try:
        _run(*prefix, initdb, "-D", data, "-U", "lab", "-A", "trust", "-E", "UTF8", "--locale=C")
        options += f" -c unix_socket_directories={folder}"
        _run(*prefix, control, "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://lab@/postgres?host={folder}"
        finally:
            _run(*prefix, control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> str | None:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or (str(newest[0]) if newest else None)


def _run(*command: str) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise BenchError(f"{command[-1]}: {done.stderr[-500:]}")
