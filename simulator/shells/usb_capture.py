"""What goes over the emulated USB cables as a capture that Wireshark opens: usbmon packets in pcapng.

Times are the module's own lab time. A capture that is not written to a file is kept in memory up to a limit;
then it ends, and says so.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO, Final

from reference.protocol.usb import usbmon
from reference.protocol.usb.descriptors import TransferType
from reference.protocol.usb.pcapng import LinkType, PcapngWriter
from reference.runtime.clock import PartClock
from simulator.shells.urb import Urb
from simulator.shells.usb_device import UsbDevice
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN

BUS: Final = 1
LIMIT: Final = 64 * 1024 * 1024
"""Bytes kept in memory."""
_KINDS: Final = {
    BULK_OUT: TransferType.BULK,
    BULK_IN: TransferType.BULK,
    INTERRUPT_IN: TransferType.INTERRUPT,
}
_TO_HOST: Final = 0x80


class Capture:
    """One running or ended capture of several devices. Give a file to write through to it."""

    def __init__(self, clock: PartClock, file: BinaryIO | None = None, limit: int = LIMIT) -> None:
        self._clock = clock
        self._kept = None if file is not None else io.BytesIO()
        self._file: BinaryIO = file if file is not None else self._kept or io.BytesIO()
        self._limit = limit
        self._writer = PcapngWriter(self._file, "kassalab")
        self._interface = self._writer.interface(LinkType.USB_LINUX_MMAPPED, f"usbmon{BUS}")
        self._devices: list[UsbDevice] = []
        self._urbs: dict[int, int] = {}
        self._count = 0
        self.packets = 0
        self.full = False

    def start(self, devices: Iterable[UsbDevice]) -> None:
        """See what these devices do; the first is device 2 of the bus, as behind a root hub."""
        self._devices = list(devices)
        for number, device in enumerate(self._devices, 2):
            device.witness = _Watch(self, usbmon.Place(BUS, number))

    def stop(self) -> None:
        """Look away."""
        for device in self._devices:
            if isinstance(device.witness, _Watch) and device.witness.capture is self:
                device.witness = None
        self._devices = []
        self._writer.flush()

    @property
    def running(self) -> bool:
        """Whether it still looks."""
        return bool(self._devices)

    def content(self) -> bytes:
        """The capture so far; b"" when it goes to a file."""
        return self._kept.getvalue() if self._kept is not None else b""

    def submitted(self, place: usbmon.Place, urb: Urb) -> None:
        """A transfer has begun on the device there."""
        self._count += 1
        self._urbs[id(urb)] = self._count
        setup = urb.setup.encode() if urb.setup is not None else b""
        packet = usbmon.submit(
            self._count,
            self._clock.now_ns(),
            place,
            _endpoint(urb),
            _KINDS.get(urb.endpoint, TransferType.CONTROL),
            urb.length,
            setup=setup,
            data=urb.data,
        )
        self._write(packet)

    def completed(self, place: usbmon.Place, urb: Urb) -> None:
        """A transfer has ended."""
        number = self._urbs.pop(id(urb), None)
        if number is None:
            return  # begun before the capture
        packet = usbmon.complete(
            number,
            self._clock.now_ns(),
            place,
            _endpoint(urb),
            _KINDS.get(urb.endpoint, TransferType.CONTROL),
            urb.actual,
            status=urb.status,
            data=urb.data if urb.inward else b"",
        )
        self._write(packet)

    def _write(self, packet: bytes) -> None:
        if self._kept is not None and self._kept.tell() > self._limit:
            self.full = True
            return
        self._writer.packet(self._interface, self._clock.now_ns(), packet)
        self.packets += 1


class _Watch:
    """One device's witness: tells the capture which device it is."""

    def __init__(self, capture: Capture, place: usbmon.Place) -> None:
        self.capture = capture
        self._place = place

    def submitted(self, urb: Urb) -> None:
        self.capture.submitted(self._place, urb)

    def completed(self, urb: Urb) -> None:
        self.capture.completed(self._place, urb)


def _endpoint(urb: Urb) -> int:
    return urb.endpoint & 0x7F | (_TO_HOST if urb.inward else 0)
