"""A simulator process inside the test's own: its loop in a thread, plain sockets outside."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command
from reference.runtime.clock import LabClock
from simulator.process import SimulatorProcess, SimulatorSettings
from simulator.settings import ModuleSettings
from tests.simulator.card import START
from tests.waiting import PATIENCE

_Result = TypeVar("_Result")


class Host:
    """One TCP connection to a module, as a host opens it: ATR first, then frames (uz-fiscal §7)."""

    def __init__(
        self, address: str, *, wait_for_atr: bool = True, select: bool = False, seconds: float = PATIENCE
    ) -> None:
        name, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((name, int(port)), timeout=seconds)
        self.atr = self.read_frame() if wait_for_atr else None
        if select:
            assert self.ask(apdu.select()) == b"\x90\x00"

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError(f"closed after {len(data)} of {size} bytes")
            data += piece
        return data

    def read_frame(self) -> bytes:
        return self.read(self.read(1)[0])

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, command: Command | bytes) -> bytes:
        data = command if isinstance(command, bytes) else command.encode()
        self.write(bytes((len(data),)) + data)
        return self.read_frame()

    def gone(self) -> bool:
        """Whether the other side has closed; waits for it."""
        with contextlib.suppress(ConnectionError):
            return self.socket.recv(1) == b""
        return True

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Served:
    """The running process; `call` runs something in its loop."""

    def __init__(self, settings: SimulatorSettings, lab: LabClock) -> None:
        self.lab = lab
        self.process = SimulatorProcess(settings, lab)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="simulator", daemon=True)
        self._thread.start()
        self.addresses = self.await_(self.process.start())

    def await_(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def call(self, work: Callable[[], _Result]) -> _Result:
        async def run() -> _Result:
            return work()

        return self.await_(run())

    def address(self, index: int = 0) -> str:
        return self.addresses.get("module") or self.addresses[f"module.{index}"]

    def host(self, index: int = 0, **options) -> Host:
        return Host(self.address(index), **options)

    def stop(self) -> None:
        self.await_(self.process.stop())
        self.await_(_a_few_turns())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


async def _a_few_turns() -> None:
    """Let connections that were accepted at the last moment be seen and dropped."""
    for _ in range(5):
        await asyncio.sleep(0)


def modules(count: int = 1, **given) -> list[ModuleSettings]:
    common = {"start_locked": False, "last_operation": START.isoformat(" "), **given}
    return [ModuleSettings.checked({**common, "terminal": f"ZZ{index:012}"}) for index in range(count)]


@contextlib.contextmanager
def serving(
    folder: Path | None = None, count: int = 1, lab: LabClock | None = None, **given
) -> Iterator[Served]:
    """A simulator of `count` modules on free ports; `given` are SimulatorSettings, or `module` settings."""
    module = given.pop("module", {})
    settings = SimulatorSettings(
        modules=modules(count, **module), port=0, control_port=0, folder=folder, **given
    )
    served = Served(settings, lab or LabClock.private())
    try:
        yield served
    finally:
        served.stop()
