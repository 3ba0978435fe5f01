"""A Kazakh operator under load: its process, its registers, and the client processes that play them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx

from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import LabClock
from tools.bench.children import BenchError
from tools.bench.kz_load import Setting

CLIENTS: Final = 2
"""Client processes: one core is the server's, so that one of them would be enough and two never too few."""
LANES: Final = 64
"""Registers that are at work at the same time."""
_PATIENCE: Final = 60.0
_OPTIONS: Final = ("--port", "0", "--http-port", "0", "--seed", "1", "--shift-limit-hours", "1000000")


@dataclass(frozen=True, slots=True)
class Run:
    """What the clients did together: tickets answered, real seconds, why any of them ended early."""

    answered: int
    seconds: float
    failed: tuple[str, ...]
    told: tuple[tuple[int, str], ...] = field(repr=False)

    @property
    def rate(self) -> float:
        """Tickets a second. BenchError if a client ended early."""
        if self.failed:
            raise BenchError(self.failed[0])
        return self.answered / self.seconds


class OperatorChild:
    """`python -m ofd_mock --country kz` on the ledger in `folder`."""

    def __init__(self, folder: Path, log: Path) -> None:
        command = [sys.executable, "-m", "ofd_mock", "--country", "kz", *_OPTIONS, "--dir", str(folder)]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"the operator did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        self._addresses: dict[str, str] = json.loads(line)["addresses"]

    @property
    def address(self) -> str:
        """Of the register port."""
        return self._addresses["operator-kz"]

    def provision(self, count: int) -> list[tuple[int, int]]:
        """Make registers; gives their IDs and tokens."""
        answer = httpx.post(
            f"{self._addresses['http']}/control/do/provision", json={"count": count}, timeout=_PATIENCE
        )
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"provisioning was answered {answer.status_code}: {answer.text[:300]}")
        return [(one["id"], one["token"]) for one in answer.json()["devices"]]

    def peak_memory(self) -> int:
        """The most bytes that ever were resident, those of its intake included."""
        pids = [str(self.process.pid)]
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            pids += (task / "children").read_text(encoding="ascii").split()
        kilobytes = 0
        for pid in pids:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            [most] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
            kilobytes += int(most)
        return kilobytes * 1024

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        """Ask it to end."""
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(_PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def operator(folder: Path) -> Iterator[OperatorChild]:
    """An operator until the block ends."""
    child = OperatorChild(folder, folder.with_suffix(".log"))
    try:
        yield child
    finally:
        child.stop()


class Fleet:
    """Client processes that share the registers among them."""

    def __init__(
        self, registers: Sequence[tuple[int, int]], *, lanes: int = LANES, told: bool = False, sold: int = 0
    ) -> None:
        time = to_almaty(LabClock.private().now()).isoformat()
        self._open = ExitStack()
        self._clients = []
        for number in range(CLIENTS):
            client = self._open.enter_context(_client())
            _tell(client, asdict(Setting(registers[number::CLIENTS], lanes // CLIENTS, time, told, sold)))
            self._clients.append(client)
        for client in self._clients:
            _hear(client)

    def begin(self, address: str, *, kept: bool = False, rounds: int = 1) -> None:
        """Let every register sell `rounds` tickets, on one connection or (`kept` False) on one each."""
        for client in self._clients:
            _tell(client, {"address": address, "kept": kept, "rounds": rounds})

    def end(self) -> Run:
        """Wait for what was begun."""
        heard = [_hear(client) for client in self._clients]
        return Run(
            sum(one["answered"] for one in heard),
            max(one["end"] for one in heard) - min(one["start"] for one in heard),
            tuple(one["failed"] for one in heard if one["failed"]),
            tuple((device, sign) for one in heard for device, sign in one["told"]),
        )

    def run(self, address: str, *, kept: bool = False, rounds: int = 1) -> Run:
        """Begin and wait."""
        self.begin(address, kept=kept, rounds=rounds)
        return self.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()


Client = subprocess.Popen[str]


@contextmanager
def _client() -> Iterator[Client]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.kz_load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _tell(client: Client, message: Any) -> None:
    assert client.stdin is not None
    client.stdin.write(json.dumps(message) + "\n")
    client.stdin.flush()


def _hear(client: Client) -> Any:
    assert client.stdout is not None
    line = client.stdout.readline()
    if not line:
        raise BenchError("a client process ended")
    return json.loads(line)
