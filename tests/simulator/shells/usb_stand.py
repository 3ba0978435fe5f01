"""Emulated keys in the hand of a test: no socket, no thread, CCID messages and transfers as values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from random import Random

from reference.protocol.usb import ccid
from reference.protocol.usb.ccid import Answer, Message
from reference.protocol.usb.setup import Setup
from reference.protocol.uz import apdu
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from simulator.exchanges import FAULT_ACTIONS, FAULT_POINTS
from simulator.flash import NoFlash
from simulator.rack import Rack
from simulator.shells.pyusb_backend import LocalBackend, local_backend
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.urb import Urb
from simulator.shells.usb_bench import UsbSettings
from simulator.shells.usb_identity import BULK_IN, BULK_OUT
from tests.simulator.served import modules

SELECT = apdu.select().encode()
INFO = apdu.get_info().encode()
OK = b"\x90\x00"


class Stand:
    """A rack of modules on USB, its lab clock and its fault points. Time stands still until moved."""

    def __init__(self, count: int, settings: UsbSettings) -> None:
        self.lab = LabClock.private(rate=0)
        clock = self.lab.part("module")
        self.faults = FaultPoints(FAULT_POINTS, clock, "module", FAULT_ACTIONS)
        self.rack = Rack(NoFlash(), clock, Random(1))
        self.rack.fill(modules(count))
        self.backend: LocalBackend = local_backend(self.rack, self.faults, clock, settings)
        self.device = self.backend.devices[0]
        self.reader = self.device.reader
        self.heard: list[bytes] = []

    def send(self, message: Message | bytes) -> list[bytes]:
        """Hand a message to the reader; gives what it answered at once. More may come to `heard`."""
        data = message if isinstance(message, bytes) else message.encode()
        before = len(self.heard)
        self.backend.call(lambda: self.reader.handle(data, self.heard.append))
        return self.heard[before:]

    def ask(self, message: Message | bytes) -> Answer:
        """A message that is answered at once, with one message."""
        (answer,) = self.send(message)
        return ccid.decode_answer(answer)

    def power_on(self, slot: int = 0) -> Answer:
        return self.ask(ccid.PC_to_RDR_IccPowerOn(slot, 1))

    def exchange(self, command: bytes, seq: int = 2, level: int = 0, slot: int = 0) -> Answer:
        return self.ask(ccid.PC_to_RDR_XfrBlock(slot, seq, 0, level, command))

    def advance(self, seconds: float) -> None:
        """Let lab time pass, and what was due in it happen."""
        self.lab.advance(seconds)
        self.backend.settle()

    # --- as a host controller -----------------------------------------------------------------------------

    def transfer(self, urb: Urb) -> Urb:
        self.backend.call(lambda: self.device.submit(urb))
        return urb

    def control(self, setup: Setup, data: bytes = b"") -> Urb:
        return self.transfer(Urb(0, setup.wLength, setup=setup, data=data))

    def configure(self) -> None:
        assert self.control(Setup(0, 9, 1)).status == 0

    def write(self, data: bytes) -> Urb:
        return self.transfer(Urb(BULK_OUT, len(data), data=data))

    def read(self, length: int = 512) -> Urb:
        return self.transfer(Urb(BULK_IN, length))


@contextlib.contextmanager
def usb_stand(count: int = 1, usb: UsbSettings | None = None, **reader: object) -> Iterator[Stand]:
    """Keys for `count` modules; `reader` are ReaderSettings of all."""
    stand = Stand(count, usb or UsbSettings(ReaderSettings(**reader)))
    try:
        yield stand
    finally:
        stand.backend.close()
