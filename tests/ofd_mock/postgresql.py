"""A PostgreSQL server of the tests' own; needs a server and a driver installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def program(name: str) -> str | None:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or (str(newest[0]) if newest else None)


class Cluster:
    """A PostgreSQL server in a folder of its own, reached by a socket file."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kassalab-pg-"))
        # PostgreSQL refuses to run as root.
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.prefix:
            shutil.chown(self.folder, "postgres", "postgres")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        initdb, control = program("initdb"), program("pg_ctl")
        assert initdb is not None
        assert control is not None
        self.control = control
        self.run(initdb, "-D", str(self.folder / "data"), "-U", "lab", "-A", "trust", "-E", "UTF8")
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -p {self.port}"
        self.run(
            control,
            "-D",
            str(self.folder / "data"),
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
            "-w",
            "start",
        )

    def run(self, *command: str) -> None:
        done = subprocess.run(
            [*self.prefix, *command], capture_output=True, text=True, timeout=120, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://lab@/postgres?host={self.folder}&port={self.port}"

    def stop(self) -> None:
        self.run(self.control, "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


@contextmanager
def served() -> Iterator[str]:
    """The URL of a server that runs until the block ends; skips the test where there can be none."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: pip install 'psycopg[binary]'")
    if program("initdb") is None or program("pg_ctl") is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    cluster = Cluster()
    try:
        yield cluster.url
    finally:
        cluster.stop()
