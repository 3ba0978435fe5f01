"""A signing service inside the test process: real ports, TLS, a standing lab clock, its own authority."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from ofd_mock.pki.authority import Authority, Issued
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.verification import Demands, Verification, verify
from ofd_mock.signing.process import SigningProcess
from ofd_mock.signing.settings import SigningSettings
from reference.runtime.clock import LabClock
from tests.ofd_mock.conftest import part_settings
from tests.waiting import PATIENCE
from tests.web import lasting_client

LAB_START = datetime(2031, 3, 1, 9, 30, 15, tzinfo=UTC)
"""14:30:15 in Almaty."""
GREETING = {"result": {"version": "1.4"}}
web = lasting_client()
Json = dict[str, Any]


class Line:
    """A page's connection, past the greeting."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def ask(self, request: Any) -> Any:
        self.send(request)
        return self.hear()

    def send(self, request: Any) -> None:
        self.connection.send(request if isinstance(request, str) else json.dumps(request))

    def hear(self, seconds: float = 20) -> Any:
        frame = self.connection.recv(timeout=seconds)
        return json.loads(frame) if frame[:1] == "{" else frame


@dataclass
class Bench:
    """A running service and what tests do with it."""

    process: SigningProcess
    clock: LabClock
    wss: str
    base: str

    @property
    def authority(self) -> Authority:
        return self.process.authority

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.trust_file))

    @contextmanager
    def line(self, origin: str | None = "http://127.0.0.1:8080", *, greeted: bool = True) -> Iterator[Line]:
        with connect(self.wss, ssl=self.tls, origin=origin, proxy=None, open_timeout=PATIENCE) as connection:  # type: ignore[arg-type]
            line = Line(connection)
            if greeted:
                assert line.hear() == GREETING
            yield line

    def issue(self, profile: str) -> Issued:
        return self.authority.issue(PROFILES[profile], self.clock.now())

    def order(self, operation: str, /, **arguments: Any) -> Json:
        answer = web.post(f"{self.base}/control/do/{operation}", json=arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json() or {})

    def choose(self, issued: Issued) -> None:
        """Let the next dialog be answered with this key."""
        assert issued.file is not None
        self.order("answer", action="key", path=issued.file.name)

    def verify(self, signature: str | bytes, content: bytes, **demands: Any) -> Verification:
        authority, now = self.authority, self.clock.now()
        return verify(signature, Demands(content, **demands), authority.trust, now, authority.fetch(now))

    def reset(self, **settings: Any) -> None:
        self.process.faults.clear()
        answer = web.post(f"{self.base}/control/reset", json={"settings": settings})
        assert answer.status_code == 200, answer.text

    def dialog(self) -> Json | None:
        found = web.get(f"{self.base}/dialog").json()["dialog"]
        return dict(found) if found else None

    def answer(self, number: int, what: str, **body: Any) -> httpx.Response:
        return web.post(f"{self.base}/dialog/{number}/{what}", json=body)


@contextmanager
def opened(folder: Path, *, plain: bool = False) -> Iterator[Bench]:
    clock = LabClock.private(LAB_START, rate=0.0)
    # Made beforehand with short keys: the real length costs seconds and proves nothing more.
    Authority.create(folder / "pki", bits=2048)
    part = part_settings(folder / "part")
    (folder / "part").mkdir()
    process = SigningProcess(part, SigningSettings(), clock, clock.part("signing"), folder / "pki")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    addresses = asyncio.run_coroutine_threadsafe(process.start(0, 0, plain=plain), loop).result(PATIENCE)
    try:
        yield Bench(process, clock, addresses["wss"], addresses["control"])
    finally:
        asyncio.run_coroutine_threadsafe(process.stop(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with opened(tmp_path_factory.mktemp("signing")) as bench:
        yield bench


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.reset()
    return running


@pytest.fixture(scope="package")
def head(running: Bench) -> Issued:
    return running.issue("head")
