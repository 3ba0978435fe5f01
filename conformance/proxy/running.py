"""One proxy process put together: clock, rules, record, capture, control; started, and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, TypeVar, cast

from flask import Flask

from conformance.events import Consumer
from conformance.proxy.book import Book
from conformance.proxy.capture import Capture
from conformance.proxy.part import ProxyPart
from conformance.proxy.rules import ProxyFaults, parse_rule
from conformance.proxy.server import Proxy
from conformance.proxy.wires import Wire
from conformance.reports.transcript import TranscriptReport, open_transcript
from reference.links.address import Endpoint
from reference.runtime.clock import LabClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.serving import HttpServer, harden, require_loopback, require_token

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What a proxy is told at its start. `listen` port 0 is a free one; `control_port` None: no control.

    Raises HostRefusedError when it would listen beyond this machine without leave, or offer control there
    without a token.
    """

    wire: Wire
    listen: tuple[str, int]
    to: Endpoint
    record: Path | None = None
    pcapng: Path | None = None
    disturb: tuple[str, ...] = ()
    control_port: int | None = None
    control_token: str | None = None
    clock: Path | None = None
    allow_any_host: bool = False

    def __post_init__(self) -> None:
        require_loopback(self.listen[0], self.allow_any_host)
        if self.control_port is not None:
            require_token(self.listen[0], self.control_token)


class ProxyProcess:
    """Everything one proxy needs. Make it outside of the loop; FaultRuleError for a rule that cannot be,
    OSError for a file that cannot be written.
    """

    def __init__(
        self,
        settings: ProxySettings,
        say: Callable[[str], None] | None = None,
        lab: LabClock | None = None,
        consumers: Iterable[Consumer] = (),
    ) -> None:
        self._settings = settings
        self._files = ExitStack()
        self._lab = lab or open_clock(settings.clock)
        clock = self._lab.part("proxy")
        self._clock = clock
        self.faults = ProxyFaults(clock, settings.wire.names)
        for text in settings.disturb:
            self.faults.add(**parse_rule(text))
        told = list(consumers)
        if settings.record is not None:
            # Line by line, so that a record can be read while it grows.
            record = open_transcript(settings.record, buffering=1)
            told.append(TranscriptReport(self._files.enter_context(record)))
        tap = None
        if settings.pcapng is not None:
            capture = cast(BinaryIO, self._files.enter_context(settings.pcapng.open("wb")))
            tap = Capture(capture, clock)
        self.book = Book(settings.wire, clock, told, say)
        self.proxy = Proxy(
            settings.wire,
            settings.to,
            clock,
            self.faults,
            self.book,
            tap=tap,
            allow_any_host=settings.allow_any_host,
        )
        self.control: HttpServer | None = None
        self._events: EventLog | None = None

    async def start(self) -> dict[str, str]:
        """Listen; gives the addresses by name. OSError for a port in use or a server without an address."""
        await self.proxy.start(*self._settings.listen)
        host, port = self.proxy.address
        addresses = {"proxy": str(Endpoint(host, port))}
        if self._settings.control_port is not None:
            addresses["control"] = self._start_control(host, self._settings.control_port)
        return addresses

    async def stop(self) -> None:
        """Close connections, control and files."""
        await self.proxy.stop()
        if self.control is not None:
            # Its views may wait for this loop.
            await asyncio.get_running_loop().run_in_executor(None, self.control.stop)
        if self._events is not None:
            self._events.close()
        self._files.close()

    def _start_control(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        folder = Path(self._files.enter_context(TemporaryDirectory(prefix="kassalab-proxy-")))
        self._events = EventLog(None, self._clock, "proxy")
        part = ProxyPart(self.proxy, lambda work: _in_loop(loop, work))
        app = harden(Flask("proxy", static_folder=None))
        token = self._settings.control_token
        blueprint = control_blueprint(
            part, self._lab, self._clock, self.faults, self._events, folder, token, host
        )
        app.register_blueprint(blueprint)
        self.control = HttpServer(app, host, port, threads=2)
        self.control.start()
        return self.control.url


def _in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], Result]) -> Result:
    async def run() -> Result:
        return work()

    return asyncio.run_coroutine_threadsafe(run(), loop).result(10)
