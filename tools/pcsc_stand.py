"""A pcscd of our own for tests and benchmarks: its own readers, its own log, ended by whoever started it.

PC/SC has one daemon a machine, at one socket. So stands take turns by a file lock, and none is put up where a
daemon runs that is not ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from reference.runtime.clock import real_elapsed

SOCKET: Final = Path("/run/pcscd/pcscd.comm")
DRIVERS: Final = Path("/usr/lib/pcsc/drivers/serial")
VPCD: Final = DRIVERS / "libifdvpcd.so"
TWIN: Final = DRIVERS / "libccidtwin.so"
LOCK: Final = Path(tempfile.gettempdir()) / "kassalab-pcscd.lock"
PORTS: Final = range(21_000, 31_000, 2)
"""Below the ports that systems give to whoever dials out; a vpcd driver waits at two in a row."""
PATIENCE: Final = 20.0
"""Real seconds for the daemon to come or go."""
TURN: Final = 240.0
"""Real seconds to wait for the stand before ours to be taken down."""

_PAUSE: Final = 0.05


class StandError(RuntimeError):
    """There can be no stand here and now; the text says why."""


@dataclass(frozen=True, slots=True)
class ReaderEntry:
    """One reader, or pair of readers, in pcscd's configuration (reader.conf(5))."""

    name: str
    device: str
    library: Path
    channel: int = 0

    @classmethod
    def vpcd(cls, port: int, name: str = "Kassalab PCD") -> ReaderEntry:
        """Two virtual readers; a card for the first dials `port`, one for the second the next port."""
        return cls(name, f"/dev/null:{port}", VPCD, port)

    @classmethod
    def twin(cls, tty: Path, name: str = "Kassalab Twin") -> ReaderEntry:
        """A GemPC Twin at a serial port."""
        return cls(name, f"{tty}:GemPCTwin", TWIN)

    @property
    def text(self) -> str:
        """The entry as pcscd reads it."""
        return (
            f'FRIENDLYNAME "{self.name}"\nDEVICENAME   {self.device}\n'
            f"LIBPATH      {self.library}\nCHANNELID    {self.channel}\n"
        )


def obstacle(*libraries: Path) -> str | None:
    """Why no pcscd with these drivers can be started here; None when it can."""
    if os.geteuid() != 0:
        return "pcscd is started by root only"
    if shutil.which("pcscd") is None:
        return "pcscd is not installed"
    for library in libraries:
        if not library.exists():
            return f"the driver {library} is not installed"
    return None


def answers() -> bool:
    """Whether a pcscd serves this machine now."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        return probe.connect_ex(str(SOCKET)) == 0


def free_port() -> int:
    """A TCP port that is free together with the next one; StandError when there is none."""
    start: int = PORTS[os.getpid() % len(PORTS)]
    ports: tuple[int, ...] = (*range(start, PORTS.stop, 2), *range(PORTS.start, start, 2))
    for port in ports:
        if _is_free(port) and _is_free(port + 1):
            return port
    raise StandError(f"no two free ports in a row from {PORTS.start} to {PORTS.stop}")


class PcscStand:
    """The running daemon. `restart` takes it away for a moment, as an update of the machine would."""

    def __init__(self, folder: Path, readers: Sequence[ReaderEntry]) -> None:
        self.folder = folder
        self.log = folder / "pcscd.log"
        self._configuration = folder / "reader.conf.d"
        self._configuration.mkdir(parents=True)
        text = "\n".join(reader.text for reader in readers)
        (self._configuration / "kassalab").write_text(text, encoding="ascii")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The daemon's process, None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the daemon and wait until it serves; StandError when it does not, or another one does."""
        if answers():
            raise StandError("another pcscd runs on this machine")
        command = ["pcscd", "--foreground", "--info", "--config", str(self._configuration)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(self._serves, "pcscd does not begin to serve")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the daemon, if it runs, and wait until it has gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """End it and start it again with the same readers."""
        self.stop()
        self.start()

    def _serves(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise StandError(f"pcscd ended at once: {self.log.read_text(errors='replace')[-500:]}")
        return answers()


@contextlib.contextmanager
def pcsc_stand(folder: Path, readers: Sequence[ReaderEntry]) -> Iterator[PcscStand]:
    """A pcscd with these readers for the length of a block; waits its turn, StandError when it cannot be."""
    hindered = obstacle(*(reader.library for reader in readers))
    if hindered is not None:
        raise StandError(hindered)
    with LOCK.open("a") as lock:
        _wait(lambda: _locked(lock), f"another stand holds {LOCK}", TURN)
        stand = PcscStand(folder, readers)
        stand.start()
        try:
            yield stand
        finally:
            stand.stop()


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _wait(check: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    pause = threading.Event()
    end = real_elapsed() + seconds
    while not check():
        if real_elapsed() >= end:
            raise StandError(f"{what} within {seconds:g} s")
        pause.wait(_PAUSE)
