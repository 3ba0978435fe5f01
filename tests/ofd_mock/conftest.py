"""An operator inside the test process: real ports, a frozen lab clock, a fresh ledger for every test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.defects import rules_with_defects
from ofd_mock.uz.process import OperatorProcess
from ofd_mock.uz.settings import OperatorSettings
from reference.protocol.uz.message import File, Request, Response
from reference.runtime.clock import LabClock
from reference.runtime.process import PartSettings
from tests.ofd_mock.till import Line, Till
from tests.waiting import PATIENCE
from tests.web import lasting_client

web = lasting_client()
"""One client for all tests: making one costs more than a request."""
LAB_START = datetime(2026, 7, 1, 7, 0, 0, tzinfo=UTC)
"""12:00 in Tashkent."""


@dataclass
class Bench:
    """A running operator and what tests do with it."""

    process: OperatorProcess
    clock: LabClock
    loop: asyncio.AbstractEventLoop
    port: int
    base: str
    mark: int = 0

    def reset(self, **settings: Any) -> None:
        self.process.faults.clear()
        self.process.control.reset(settings)
        self.mark = self.process.events.number

    def handle(self, frame: bytes) -> bytes:
        """What the operator answers to a frame, without a socket."""
        work = self.process.operator.handle(frame)
        reply = asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)
        return reply.data

    def ask(self, request: Request) -> Response:
        return Response.decode(self.handle(request.encode()))

    def send(self, till: Till, *files: File) -> Response:
        return self.ask(till.request(*files))

    def start(self, request: Request) -> Future[Any]:
        """Begin a request and do not wait."""
        return asyncio.run_coroutine_threadsafe(self.process.operator.handle(request.encode()), self.loop)

    def line(self) -> Line:
        return Line(self.port)

    def order(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        answer = web.post(f"{self.base}/control/do/{operation}", json=arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json() or {})

    def fault(self, point: str, action: str, **fields: Any) -> None:
        self.process.faults.add(point=point, action=action, **fields)

    def rows(self, terminal: str = "ZZ000000000000") -> list[dict[str, Any]]:
        return list(self.order("receipts", terminal=terminal)["receipts"])

    def zrows(self, terminal: str = "ZZ000000000000") -> list[dict[str, Any]]:
        return list(self.order("zreports", terminal=terminal)["zreports"])

    def counts(self) -> dict[str, int]:
        return dict(self.process.control.state()["counts"])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What the journal says since the last reset."""
        return [
            event["data"] for event in self.process.events.since(self.mark, 1000) if event["kind"] == kind
        ]


def part_settings(folder: Path, **changed: Any) -> PartSettings:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "folder": folder,
        "clock": None,
        "seed": 1,
        "control_port": None,
        "control_token": None,
        "allow_any_host": False,
        "log_level": "info",
    }
    return PartSettings(**(given | changed))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One operator for all tests of a module."""
    clock = LabClock.private(LAB_START, rate=0.0)
    part = part_settings(tmp_path_factory.mktemp("operator"))
    process = OperatorProcess(part, OperatorSettings(), rules_with_defects, clock, clock.part("operator"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    addresses = asyncio.run_coroutine_threadsafe(process.start(0, 0), loop).result(PATIENCE)
    port = int(addresses["operator"].rpartition(":")[2])
    yield Bench(process, clock, loop, port, addresses["http"])
    asyncio.run_coroutine_threadsafe(process.stop(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def bench(running: Bench) -> Bench:
    """The operator with an empty ledger, default settings and no faults."""
    running.reset()
    return running


@pytest.fixture
def till() -> Till:
    return Till()
