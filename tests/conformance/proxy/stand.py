"""A proxy inside the test's own process, its loop in a thread, and a server to stand in front of."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.events import Event, Exchange, Step, StepKind
from conformance.proxy.running import ProxyProcess, ProxySettings
from conformance.proxy.wires import WIRES
from reference.links.address import parse_endpoint
from reference.runtime.clock import LabClock
from tests.waiting import PATIENCE


@dataclass
class Kept:
    """Consumer that keeps everything."""

    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        self.events.append(event)

    @property
    def exchanges(self) -> list[Exchange]:
        return [event for event in self.events if isinstance(event, Exchange)]

    @property
    def notes(self) -> list[str]:
        return [e.text for e in self.events if isinstance(e, Step) and e.kind is StepKind.NOTE]

    @property
    def clauses(self) -> list[str]:
        """Clauses found broken, in order."""
        return [e.clause for e in self.events if isinstance(e, Step) and e.kind is StepKind.CHECK]


class Stand:
    """A running proxy; `connect` gives a client's socket."""

    def __init__(
        self, wire: str, to: str, lab: LabClock | None = None, host: str = "127.0.0.1", **settings: Any
    ) -> None:
        self.lab = lab or LabClock.private()
        self.kept = Kept()
        self.said: list[str] = []
        self.settings = ProxySettings(WIRES[wire], (host, 0), parse_endpoint(to), **settings)
        self.process = ProxyProcess(self.settings, self.said.append, self.lab, [self.kept])
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.addresses = self._await(self.process.start())

    @property
    def address(self) -> str:
        return self.addresses["proxy"]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def connect(self) -> Client:
        return Client(socket.create_connection(("127.0.0.1", self.port), PATIENCE))

    def stop(self) -> None:
        self._await(self.process.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()

    def _await(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)


@contextlib.contextmanager
def proxy(wire: str, to: str, **settings: Any) -> Iterator[Stand]:
    stand = Stand(wire, to, **settings)
    try:
        yield stand
    finally:
        stand.stop()


@dataclass
class Client:
    socket: socket.socket

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, size: int) -> bytes:
        """That many bytes, fewer at the end of the stream."""
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                break
            data += piece
        return data

    def rest(self) -> bytes:
        """Everything up to the end of the stream."""
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data

    def silent(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b"never"
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


class Server:
    """Takes connections one after another; the test plays it."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    def accept(self) -> Client:
        taken, _ = self._listening.accept()
        taken.settimeout(PATIENCE)
        return Client(taken)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
