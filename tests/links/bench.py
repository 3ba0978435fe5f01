"""An emulated module with all its bodies, served inside the test's process, and the links that lead to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from reference.links.link import Link
from reference.links.urls import make_link
from reference.protocol.uz import apdu
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.faults import FaultPoints
from simulator.exchanges import FAULT_ACTIONS, FAULT_POINTS, LATENCY
from simulator.flash import NoFlash
from simulator.rack import Rack
from simulator.settings import ModuleSettings
from simulator.shells.bodies import BodySettings
from simulator.shells.body import Body
from simulator.shells.pyusb_backend import LocalBackend, local_backend
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.usb_bench import UsbSettings
from tests.simulator.served import Served, modules, serving

SELECTED = b"\x90\x00"
CABLES = ("tcp", "usb", "serial", "serial-tcp")
"""Every cable that needs no daemon."""


class Bench:
    """One module on all cables. Hands reach it as they do through the control API."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.slot = served.process.rack.slots[0]

    def url(self, cable: str) -> str:
        """The address of the module on a cable."""
        addresses = self.served.addresses
        return {
            "tcp": f"tcp://{addresses['module']}",
            "usb": f"usb:1209:4b01?usbip={addresses['usbip']}",
            "serial": f"serial:{addresses['serial']}",
            "serial-tcp": f"serial:socket://{addresses['serial-tcp']}",
        }[cable]

    def link(self, cable: str, clock: PartClock | None = None) -> Link:
        """A closed link over a cable."""
        return make_link(self.url(cable), clock)

    def body(self, kind: str) -> Body:
        """One of its bodies besides TCP."""
        return next(body for body in self.served.process.bodies if body.kind == kind)

    def unplug(self) -> None:
        """Pull the module out of all its cables."""

        def pull() -> None:
            for body in (*self.served.process.ports, *self.served.process.bodies):
                body.unplug()

        self.served.call(pull)

    def plug(self) -> None:
        """Put it back."""
        for body in (*self.served.process.ports, *self.served.process.bodies):
            self.served.await_(body.plug())

    def replace(self, terminal: str) -> None:
        """Put another, new module into its place."""
        settings = ModuleSettings.checked({"terminal": terminal, "start_locked": False})
        self.served.call(lambda: self.served.process.rack.replace_all([(self.slot, settings)]))

    def slow(self, seconds: float) -> None:
        """Commands take so long, in lab seconds."""
        self.served.process.faults.add(point=LATENCY, action="delay", delay=seconds, count=None)

    def quick(self) -> None:
        """Take all faults away."""
        self.served.process.faults.clear()


@contextlib.contextmanager
def bench(
    lab: LabClock | None = None, usb: UsbSettings | None = None, serial: str = "auto", **given: Any
) -> Iterator[Bench]:
    """A bench with a module on every cable that needs no daemon; `serial` is the name of its terminal."""
    bodies = BodySettings(serial=serial, serial_tcp=("127.0.0.1", 0), usb=usb or UsbSettings())
    with serving(lab=lab, bodies=bodies, **given) as served:
        yield Bench(served)


def local(
    count: int = 1,
    lab: LabClock | None = None,
    reader: ReaderSettings | None = None,
    one_reader: bool = False,
) -> LocalBackend:
    """PyUSB's backend in process: a reader for each of `count` modules, or one reader for all."""
    clock = (lab or LabClock.private()).part("module")
    faults = FaultPoints(FAULT_POINTS, clock, "module", FAULT_ACTIONS)
    rack = Rack(NoFlash(), clock, generator(1, "links"))
    rack.fill(modules(count))
    settings = UsbSettings(reader or ReaderSettings(), one_reader=one_reader)
    return local_backend(rack, faults, clock, settings)


def selected(link: Link) -> bytes:
    """Power the module up, select the applet, and give the ATR."""
    atr = link.open()
    assert link.transmit(apdu.select().encode()) == SELECTED
    return atr
