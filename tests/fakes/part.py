"""A tiny part process for tests of the lab and the command line: `python -m tests.fakes.part --part NAME`."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from pydantic import BaseModel

from reference.runtime.clock import open_clock
from reference.runtime.control import Operation, Part, control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, run_until_signalled
from reference.runtime.serving import HttpServer, harden

POINTS = {"module": "link.connect", "operator": "ofd.connect", "drive": "operator.connect"}


class Unplug(BaseModel):
    seconds: float | None = None


class Nothing(BaseModel):
    pass


class FakePart(Part):
    """Keeps a note in a file, and knows how it was started."""

    def __init__(self, name: str, folder: Path, facts: dict[str, Any]) -> None:
        self.name = name
        self.plugged = True
        self._note = folder / "note"
        self._facts = facts

    def state(self) -> dict[str, Any]:
        note = self._note.read_text() if self._note.exists() else ""
        return {"note": note, "plugged": self.plugged, **self._facts}

    def snapshot(self, folder: Path) -> None:
        (folder / "note").write_text(str(self.state()["note"]))

    def restore(self, folder: Path) -> None:
        self._note.write_text((folder / "note").read_text())

    def reset(self, settings: dict[str, Any]) -> None:
        self._note.write_text(str(settings.pop("note", "")))
        if settings:
            raise ValueError(f"unknown setting {sorted(settings)[0]!r}")

    def operations(self) -> dict[str, Operation]:
        return {
            "unplug": Operation("Pull it out", Unplug, self._unplug),
            "plug": Operation("Put it back", Nothing, self._plug),
            "power-cut": Operation("Cut its power", Nothing, self._power_cut),
            "die": Operation("End at once", Nothing, self._die),
        }

    def _unplug(self, model: Unplug) -> dict[str, Any]:
        self.plugged = False
        return {"seconds": model.seconds}

    def _plug(self, _model: Nothing) -> None:
        self.plugged = True

    def _power_cut(self, _model: Nothing) -> None:
        self.plugged = True

    def _die(self, _model: Nothing) -> None:
        sys.stderr.write("a last word\n")
        sys.stderr.flush()
        # The kernel, too, closes a dying process's connections before it can be waited for.
        os.closerange(3, 256)
        threading.Event().wait(0.2)
        os._exit(5)


def main() -> None:
    parser = argparse.ArgumentParser()
    add_part_arguments(parser)
    parser.add_argument("--part", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--server-address")
    parser.add_argument("--modules", type=int, default=1)
    parser.add_argument("--misbehave", choices=("exit", "silence", "babble", "stubborn"))
    settings, options = PartSettings.parse(parser)
    misbehave(options.misbehave)
    clock = open_clock(settings.clock)
    part_clock = clock.part(options.part)
    configure_logging(options.part, settings.log_level, part_clock, [settings.control_token])
    listening = [listen(options.port and options.port + number) for number in range(options.modules)]
    facts = {"seed": settings.seed, "modules": options.module, "server": options.server_address}
    part = FakePart(options.part, settings.folder, facts)
    faults = FaultPoints({POINTS.get(options.part, "fake.point"): "a fake"}, part_clock, options.part)
    events = EventLog(settings.folder / "events", clock, options.part)
    app = harden(Flask(options.part))
    app.register_blueprint(
        control_blueprint(part, clock, part_clock, faults, events, settings.folder, settings.control_token)
    )
    with HttpServer(app, settings.host, settings.control_port or 0) as server:
        ports = [f"127.0.0.1:{each.getsockname()[1]}" for each in listening]
        addresses = {options.part: ports[0]} if len(ports) == 1 else {}
        if len(ports) > 1:
            addresses = {f"{options.part}.{number}": address for number, address in enumerate(ports)}
        run_until_signalled(lambda: announce(options.part, addresses | {"control": server.url}))
    events.close()
    for each in listening:
        each.close()


def listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def misbehave(how: str | None) -> None:
    if how == "exit":
        sys.stderr.write("cannot start: no paper\n")
        raise SystemExit(4)
    if how == "silence":
        signal.pause()
    if how == "babble":
        print("hello", flush=True)
        signal.pause()
    if how == "stubborn":
        signal.signal = lambda *_: signal.SIG_IGN  # type: ignore[assignment]
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


if __name__ == "__main__":
    main()
