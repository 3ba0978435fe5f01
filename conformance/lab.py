"""A lab: the parts of a fiscal chain as child processes that share one clock, one seed and one folder.

The judge speaks to them over the wire and the control API alone, as it would to somebody else's product.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from conformance.control_client import ControlClient
from conformance.lab_nursery import WarmNursery
from conformance.lab_parts import UZ_PARTS, PartSpec, Wire
from conformance.lab_process import LabError, PartProcess
from reference.runtime.chance import fresh_seed
from reference.runtime.clock import LabClock

__all__ = ["Lab", "LabError", "read_lab_file"]

LAB_FILE = "lab.json"
READY_SECONDS = 60.0
END_SECONDS = 10.0
DYING_SECONDS = 2.0
"""Real seconds in which a part that broke a connection must be seen to be dead, if it is."""


class Lab:
    """Parts on their bench. Use as a context manager, or start() and stop(); not from several threads.

    `folder` keeps the clock file, each part's state, log/*.log and, while the lab runs, lab.json.
    `free_ports` takes whatever is free instead of the real ports. `options` adds command-line options per
    part name. With a `nursery` the parts are forked there. A stopped lab can be started again in its folder:
    lab time goes on where it was, so `start` only counts for a new one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        parts: Sequence[PartSpec] = UZ_PARTS,
        free_ports: bool = True,
        seed: int | None = None,
        start: datetime | None = None,
        rate: float | None = None,
        modules: int = 1,
        options: Mapping[str, Sequence[str]] | None = None,
        token: str | None = None,
        ready_seconds: float = READY_SECONDS,
        nursery: WarmNursery | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.seed = fresh_seed() if seed is None else seed
        self.clock_path = self.folder / "clock"
        self.addresses: dict[str, dict[str, str]] = {}
        self._parts = {part.name: part for part in parts}
        self._free_ports = free_ports
        self._start = start
        self._rate = rate
        self._modules = modules
        self._options = dict(options or {})
        self._token = token
        self._ready_seconds = ready_seconds
        self._nursery = nursery
        self._processes: dict[str, PartProcess] = {}
        self._clients: dict[str, ControlClient] = {}
        self._claim: IO[bytes] | None = None
        unknown = set(self._options) - set(self._parts)
        if unknown:
            raise LabError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(self._parts)}")

    @property
    def clock(self) -> LabClock:
        """The lab's clock, attached to anew."""
        return LabClock.attach(self.clock_path)

    def start(self) -> Self:
        """Start every part, those side by side that do not name each other; LabError when one fails, with
        those already started stopped again.
        """
        self._claim_folder()
        try:
            self._open_clock()
            for names in self._rounds():
                for name in names:
                    self._spawn(name)
                for name in names:
                    self._await(name)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop every part in reverse order: SIGTERM, then SIGKILL. Safe to call twice."""
        with ExitStack() as ends:
            for process in self._processes.values():
                ends.callback(process.end, END_SECONDS)
            for client in self._clients.values():
                ends.callback(client.close)
        self._processes.clear()
        self._clients.clear()
        if self._claim is not None:
            (self.folder / LAB_FILE).unlink(missing_ok=True)
            self._claim.close()
            self._claim = None

    def control(self, part: str) -> ControlClient:
        """The control client of `part`; it stays the same across restarts."""
        if part not in self._clients:
            self._clients[part] = ControlClient(
                self.control_url(part), token=self._token, explain=lambda: self._obituary(part, DYING_SECONDS)
            )
        return self._clients[part]

    def control_url(self, part: str) -> str:
        """Base address of the control API of `part`."""
        return self.addresses[self._spec(part).name][self._parts[part].control]

    def pid(self, part: str) -> int:
        """Process id of `part`."""
        return self._process(part).pid

    def alive(self, part: str) -> bool:
        """Whether the process of `part` runs."""
        return self._process(part).alive

    def kill(self, part: str) -> None:
        """kill -9 of one part."""
        self._process(part).kill()

    def restart(self, part: str, *, extra: Sequence[str] = ()) -> None:
        """Start `part` again on the same ports and folder, ended first when it runs; `extra` are options."""
        self._process(part).end(END_SECONDS)
        self._launch(part, extra)

    def check(self) -> None:
        """Raise LabError when a part that should run has died."""
        stories = [self._obituary(name) for name, process in self._processes.items() if not process.alive]
        if stories:
            raise LabError("\n".join(stories))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _claim_folder(self) -> None:
        """Hold the folder for this lab; the lock goes with the process, however it ends."""
        if self._claim is not None:
            raise LabError(f"the lab in {self.folder} runs already")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            claim = (self.folder / ".lock").open("ab")
        except OSError as error:
            raise LabError(f"no lab can be kept in {self.folder}: {error.strerror}") from None
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            raise LabError(f"another lab runs in {self.folder}; stop it or give another folder") from None
        self._claim = claim

    def _open_clock(self) -> None:
        if not self.clock_path.exists():
            rate = 1.0 if self._rate is None else self._rate
            LabClock.create(self.clock_path, start=self._start, rate=rate)
            return
        clock = LabClock.attach(self.clock_path)
        if self._start is not None:
            ahead = (self._start - clock.now()).total_seconds()
            if ahead < 0:
                raise LabError(
                    f"the lab in {self.folder} is at {clock.now()} already; time only goes forward"
                )
            clock.advance(ahead)
        if self._rate is not None:
            clock.set_rate(self._rate)

    def _rounds(self) -> list[list[str]]:
        """The parts in rounds: each names parts of earlier rounds only, by wires and places."""
        rounds: list[list[str]] = []
        number: dict[str, int] = {}
        for name, part in self._parts.items():
            named = {wire.part for wire in part.wires} | {place.path.split("/")[0] for place in part.places}
            number[name] = max((number[other] + 1 for other in named if other in number), default=0)
            rounds += [[] for _ in range(number[name] + 1 - len(rounds))]
            rounds[number[name]].append(name)
        return rounds

    def _launch(self, name: str, extra: Sequence[str] = ()) -> None:
        self._spawn(name, extra)
        self._await(name)

    def _spawn(self, name: str, extra: Sequence[str] = ()) -> None:
        self._processes[name] = PartProcess(
            name,
            self._parts[name].module,
            [*self._words(name), *extra],
            self._environ(),
            self.log(name),
            self._nursery,
        )

    def _await(self, name: str) -> None:
        """Wait until the part is ready; LabError when it does not become so."""
        process = self._processes[name]
        addresses = process.ready(self._ready_seconds)
        announced = {key.split(".")[0] for key in addresses}
        missing = sorted({port.address for port in self._parts[name].ports} - announced)
        if missing:
            raise LabError(process.story(f"announced no {', '.join(missing)} address"))
        known = self.addresses | {name: addresses}
        self.addresses = {each: known[each] for each in self._parts if each in known}
        self._write_lab_file()

    def log(self, part: str) -> Path:
        """Where the log of `part` goes."""
        return self.folder / "log" / f"{part}.log"

    def _words(self, name: str) -> list[str]:
        part = self._parts[name]
        words = [*part.command, "--dir", str(self.folder / name)]
        words += ["--clock", str(self.clock_path), "--seed", str(self.seed)]
        for port in part.ports:
            words += [port.option, str(self._port(name, port.address, port.default))]
        for wire in part.wires:
            words += self._wire(wire)
        for place in part.places:
            words += [place.option, str(self.folder / place.path)]
        if name == "module" and self._modules > 1:
            words += ["--modules", str(self._modules)]
        return [*words, *part.options, *self._options.get(name, ())]

    def _port(self, name: str, address: str, default: int) -> int:
        """The port to ask for: the one it had, else the real one, else a free one."""
        known = self.addresses.get(name, {})
        had = known.get(address) or known.get(f"{address}.0")
        if had is not None:
            return int(had.rsplit(":", 1)[1])
        if not self._free_ports:
            return default
        if name == address == "module" and self._modules > 1:
            return free_port_range(self._modules)
        return 0

    def _wire(self, wire: Wire) -> list[str]:
        addresses = self.addresses[wire.part]
        prefix = f"{wire.address}."
        numbers = sorted(int(key.removeprefix(prefix)) for key in addresses if key.startswith(prefix))
        keys = [f"{prefix}{number}" for number in numbers] or [wire.address]
        return [word for key in keys for word in (wire.option, wire.form.format(addresses[key]))]

    def _environ(self) -> dict[str, str]:
        environ = dict(os.environ, KASSALAB_STOP_WITH_STDIN="1", PYTHONUNBUFFERED="1")
        if self._token:
            environ["KASSALAB_CONTROL_TOKEN"] = self._token
        return environ

    def _spec(self, part: str) -> PartSpec:
        if part not in self._parts:
            raise LabError(f"no such part: {part}; there are {', '.join(self._parts)}")
        return self._parts[part]

    def _process(self, part: str) -> PartProcess:
        self._spec(part)
        if part not in self._processes:
            raise LabError(f"{part} was not started")
        return self._processes[part]

    def _obituary(self, part: str, seconds: float = 0.0) -> str:
        process = self._processes.get(part)
        return process.story("is dead") if process is not None and process.ends_within(seconds) else ""

    def _write_lab_file(self) -> None:
        parts = {
            name: {
                "pid": self._processes[name].pid,
                "addresses": self.addresses[name],
                "control": self.control_url(name),
                "log": str(self.log(name)),
            }
            for name in self.addresses
            if name in self._processes
        }
        facts: dict[str, Any] = {
            "kassalab": _version(),
            "pid": os.getpid(),
            "folder": str(self.folder),
            "clock": str(self.clock_path),
            "seed": self.seed,
            "parts": parts,
        }
        fresh = self.folder / f".{LAB_FILE}"
        fresh.write_text(json.dumps(facts, indent=2) + "\n")
        fresh.replace(self.folder / LAB_FILE)


def read_lab_file(folder: Path) -> dict[str, Any]:
    """The facts of the lab that runs in `folder`; LabError when none does."""
    path = folder / LAB_FILE
    try:
        facts = json.loads(path.read_text())
        parts = facts["parts"]
    except FileNotFoundError:
        raise LabError(f"no lab runs in {folder}: start one with `kassalab up --dir {folder}`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} cannot be read as a lab file: {error}") from None
    if not isinstance(parts, dict):
        raise LabError(f"{path} cannot be read as a lab file: no parts")
    return dict(facts)


def free_port_range(count: int, host: str = "127.0.0.1") -> int:
    """First of `count` ports in a row that are free now."""
    for _ in range(100):
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind((host, 0))
            start = int(first.getsockname()[1])
            try:
                for port in range(start + 1, start + count):
                    held.enter_context(socket.socket()).bind((host, port))
            except (OSError, OverflowError):
                continue
        return start
    raise LabError(f"found no {count} free ports in a row")


def _version() -> str:
    try:
        return version("kassalab")
    except PackageNotFoundError:
        return "0"
