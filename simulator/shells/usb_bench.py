"""The USB keys of a rack, made as the settings say: one key a module, or one reader for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from reference.protocol.usb.usbip import Speed
from reference.runtime.clock import PartClock
from simulator.exchanges import Exchanges
from simulator.rack import Slot
from simulator.shells.reader import Reader
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.usb_capture import Capture
from simulator.shells.usb_device import UsbDevice
from simulator.shells.usb_identity import ONE_SLOT, SEVERAL_SLOTS, Identity
from simulator.shells.usbip import Export, UsbipServer


@dataclass(frozen=True, slots=True)
class UsbSettings:
    """What keys there are, and where hosts import them. `one_reader` puts all modules of the rack into one
    reader of as many slots. Port 0 is a free one. `capture` records from the start, to a file.
    """

    reader: ReaderSettings = field(default_factory=ReaderSettings)
    speed: Speed = Speed.FULL
    one_reader: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    capture: Path | None = None


def make_devices(slots: Sequence[Slot], exchanges: Exchanges, settings: UsbSettings) -> list[UsbDevice]:
    """A device for each module, or one for all. Its serial number is the TerminalID of its first module.

    ValueError for more modules than a reader has slots.
    """
    groups = [list(slots)] if settings.one_reader else [[slot] for slot in slots]
    devices = []
    for group in groups:
        product = SEVERAL_SLOTS if len(group) > 1 else ONE_SLOT
        identity = Identity(group[0].terminal, product, speed=settings.speed)
        devices.append(UsbDevice(Reader(group, exchanges, settings.reader), identity))
    return devices


class UsbBody:
    """One module on USB. Alone in its reader it is a key, pulled with the reader; else a card in a slot."""

    kind = "usbip"

    def __init__(self, slot: Slot, export: Export, server: UsbipServer) -> None:
        self.slot = slot
        self.device = export.device
        self.reader = export.device.reader
        self.place = [icc.slot for icc in self.reader.iccs].index(slot)
        self._export = export
        self._server = server

    @property
    def address(self) -> str:
        """Where hosts import the device."""
        host, port = self._server.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def plugged(self) -> bool:
        """Whether hosts can find the module through the device."""
        return self.device.plugged and self.reader.iccs[self.place].present

    @property
    def connected(self) -> bool:
        """Whether a host has imported the device."""
        return self._export.host is not None

    async def plug(self) -> None:
        """Put the key back in, or the card."""
        if self._alone:
            self.device.plug()
        else:
            self.reader.insert(self.place)

    def unplug(self) -> None:
        """Pull the key out, or the card."""
        if self._alone:
            self.device.unplug()
        else:
            self.reader.remove(self.place)

    def cut(self) -> None:
        """Take the power of the key, or of the card. A key bears the name of the module it has by now."""
        serial = self.reader.iccs[0].slot.terminal
        if serial != self.device.identity.serial:
            self.device.rename(serial)
        elif self._alone:
            self.device.cut()
        else:
            self.reader.mute(self.place)

    @property
    def _alone(self) -> bool:
        return len(self.reader.iccs) == 1


class UsbBench:
    """All USB keys of a process and the server they are imported from."""

    def __init__(
        self, slots: Sequence[Slot], exchanges: Exchanges, settings: UsbSettings, clock: PartClock
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._capture: Capture | None = None
        self._file: BinaryIO | None = None
        self.devices = make_devices(slots, exchanges, settings)
        self.server = UsbipServer(self.devices)
        self.bodies = [
            UsbBody(icc.slot, export, self.server)
            for export in self.server.exports
            for icc in export.device.reader.iccs
        ]

    def capture(self, *, on: bool) -> Capture | None:
        """Begin a new capture, or end the one that runs; None when none ran."""
        last = self._capture
        if last is not None and last.running:
            last.stop()
        elif not on:
            return None
        if on:
            last = self._capture = Capture(self._clock)
            last.start(self.devices)
        return last

    def captured(self) -> bytes:
        """The capture in memory that runs or ran last, b"" when there is none."""
        return self._capture.content() if self._capture is not None else b""

    async def listen(self) -> None:
        """Open the server's port, and the capture's file if there is to be one. OSError when either fails."""
        if self.settings.capture is not None:
            self._file = self.settings.capture.open("wb")
            self._capture = Capture(self._clock, self._file)
            self._capture.start(self.devices)
        await self.server.listen(self.settings.host, self.settings.port)

    def close(self) -> None:
        """Let all hosts go and the port."""
        self.server.close()
        if self._capture is not None:
            self._capture.stop()
        if self._file is not None:
            self._file.close()
