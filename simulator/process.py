"""One simulator process put together: rack, flash, ports, control; started and stopped in order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Flask

from reference.runtime.chance import generator
from reference.runtime.clock import LabClock
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.serving import HttpServer, harden
from simulator.control import ModulePart
from simulator.exchanges import COMMAND, FAULT_ACTIONS, FAULT_POINTS, LATENCY, REPLY, Exchanges
from simulator.flash import Flash, NoFlash, Store
from simulator.page import page_blueprint
from simulator.rack import Rack
from simulator.settings import ModuleSettings, SettingsError
from simulator.shells.bodies import NO_BODIES, BodySettings, make_bodies
from simulator.shells.body import Body
from simulator.shells.tcp import ModulePort
from simulator.shells.usb_bench import UsbBench

NAME: Final = "module"
HTTP_THREADS: Final = 4
FLASH_RESERVE: Final = 16 * 1024
"""Bytes of flash made ready ahead of use: some fifty registrations."""


@dataclass(frozen=True, slots=True)
class Failing:
    """`--fail-apdu`: what the vendor's emulator offers, a hex prefix and a chance in percent (EM-07)."""

    apdu: str
    chance: float = 100.0
    point: str = "random"

    @classmethod
    def checked(cls, apdu: str, chance: float, point: str) -> Failing:
        """The failure as a person asked for it; SettingsError for no hex or no percentage."""
        if not re.fullmatch(r"([0-9A-Fa-f]{2})*", apdu):
            raise SettingsError("fail_apdu", "hex", f"{apdu!r} is no beginning of a command in hex")
        if not 0 <= chance <= 100:
            raise SettingsError("fail_chance", "range", "the chance is a percentage, 0 to 100")
        return cls(apdu.lower(), chance, point)


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """What one process runs. `port` 0 and `control_port` 0 are free ports; `folder` None keeps nothing.

    `modules` are personalised where the folder holds none yet; with `strict_terminal` those it holds must
    bear the same ids. `defects` are mistakes of every module. `latency` is lab seconds before each command.
    """

    modules: Sequence[ModuleSettings] = (ModuleSettings(),)
    host: str = "127.0.0.1"
    port: int = 4387
    control_port: int = 4388
    control_token: str | None = None
    folder: Path | None = None
    seed: int = 0
    volatile: bool = False
    defects: tuple[str, ...] = ()
    failing: Failing | None = None
    latency: float = 0.0
    strict_terminal: bool = False
    bodies: BodySettings = NO_BODIES


class SimulatorProcess:
    """Everything that `python -m simulator` runs; tests run it inside their own process."""

    def __init__(self, settings: SimulatorSettings, lab: LabClock) -> None:
        """Open the flash and find or make the modules; JournalError, SettingsError or ValueError if not."""
        self.settings = settings
        self._lab = lab
        self.clock = lab.part(NAME)
        folder = settings.folder
        self.faults = FaultPoints(FAULT_POINTS, self.clock, NAME, FAULT_ACTIONS)
        keeps = folder is not None and not settings.volatile
        store = Flash(folder, self.faults, FLASH_RESERVE) if folder is not None and keeps else NoFlash()
        try:
            self.rack = self._fill_rack(store)
        except BaseException:
            store.close()
            raise
        self.events = EventLog(folder / "events.journal" if folder and keeps else None, self.clock, NAME)
        self._lay_faults()
        self.exchanges: Exchanges
        self.ports: list[ModulePort] = []
        self.bodies: list[Body] = []
        self.usb: UsbBench | None = None
        self.http: HttpServer | None = None

    async def start(self) -> dict[str, str]:
        """Listen; gives the addresses for the ready line. OSError names a port in use."""
        settings = self.settings
        self.exchanges = Exchanges(self.rack, self.faults, self.clock)
        for slot in self.rack.slots:
            port = ModulePort(slot, self.exchanges)
            self.ports.append(port)
            await port.listen(settings.host, settings.port + slot.index if settings.port else 0)
        if settings.bodies.usb is not None:
            self.usb = UsbBench(self.rack.slots, self.exchanges, settings.bodies.usb, self.clock)
            await self.usb.listen()
            self.bodies += self.usb.bodies
        for body in make_bodies(settings.bodies, self.rack, self.exchanges):
            self.bodies.append(body)
            await body.plug()
        self.http = HttpServer(self._app(), settings.host, settings.control_port, HTTP_THREADS)
        self.http.start()
        return self._addresses(self.http.url)

    async def stop(self) -> None:
        """Finish what is decided and let everything go."""
        if self.http is not None:
            await asyncio.to_thread(self.http.stop)
        for port in self.ports:
            port.unplug()
        for body in self.bodies:
            body.unplug()
        if self.usb is not None:
            self.usb.close()
        if hasattr(self, "exchanges"):
            self.exchanges.close()
        self.rack.store.close()
        self.events.close()

    def _fill_rack(self, store: Store) -> Rack:
        settings = self.settings
        rack = Rack(store, self.clock, generator(settings.seed, NAME), settings.defects)
        if settings.strict_terminal:
            rack.require(settings.modules)
        rack.fill(settings.modules)
        return rack

    def _addresses(self, control: str) -> dict[str, str]:
        shown = [_shown(*port.address) for port in self.ports]
        modules = {"module": shown[0]} if len(shown) == 1 else {}
        modules |= {f"module.{index}": address for index, address in enumerate(shown) if len(shown) > 1}
        several = len(shown) > 1
        others = {
            f"{body.kind}.{body.slot.index}" if several else body.kind: body.address for body in self.bodies
        }
        if self.usb is not None:
            others["usbip"] = _shown(*self.usb.server.address)
        return {**modules, **others, "control": control}

    def _app(self) -> Flask:
        settings = self.settings
        loop = asyncio.get_running_loop()
        part = ModulePart(self.rack, self.exchanges, self.ports, self.faults, loop, self.bodies, self.usb)
        folder = settings.folder or Path()
        app = harden(Flask("simulator"))
        app.register_blueprint(
            control_blueprint(
                part,
                self._lab,
                self.clock,
                self.faults,
                self.events,
                folder,
                settings.control_token,
                settings.host,
            )
        )
        app.register_blueprint(page_blueprint(part, settings.host, settings.control_token))
        return app

    def _lay_faults(self) -> None:
        settings = self.settings
        if settings.latency:
            self.faults.add(id="latency", point=LATENCY, action="delay", delay=settings.latency, count=None)
        if settings.failing is None:
            return
        chance = settings.failing.chance / 100
        # For `random` either side gets half: the reply is reached only by what the command let through.
        before, after = {
            "before": (chance, 0.0),
            "after": (0.0, chance),
            "random": (chance / 2, (chance / 2) / (1 - chance / 2)),
        }[settings.failing.point]
        common: dict[str, Any] = {
            "action": "drop",
            "count": None,
            "match": {"apdu": f"{settings.failing.apdu}*"},
        }
        if before:
            self.faults.add(id="fail-before", point=COMMAND, probability=before, seed=settings.seed, **common)
        if after:
            self.faults.add(id="fail-after", point=REPLY, probability=after, seed=settings.seed, **common)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
