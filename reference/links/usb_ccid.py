"""A module in a CCID reader on USB, through PyUSB: the reader's class driver is ours (UZ-DEV-06, HAR-02).

`UsbCcidLink` finds the reader, takes it from the kernel if the kernel has it, and claims it for the time of
one session; `_BulkPipe` carries CCID messages over its bulk endpoints.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from typing import Any, Final

import usb.core
import usb.util

from reference.links.ccid_host import CcidHost
from reference.links.errors import LinkError, LinkLost, LinkTimeout, NoModule
from reference.links.patience import SLICE, Patience, PatienceSpent
from reference.links.tcp import TIMEOUT
from reference.links.urls import UsbPlace
from reference.protocol.usb.ccid import message_size
from reference.protocol.usb.descriptors import (
    SMART_CARD,
    CcidDescriptor,
    DescriptorType,
    TransferType,
    split,
)
from reference.protocol.usb.errors import UsbError
from reference.protocol.usb.setup import CcidRequest
from reference.runtime.clock import PartClock

LARGEST: Final = 65_536 + 512
"""Bytes asked for at most in one transfer: the longest CCID message has 65,554, in packets of 64 or 512."""
_SLICE_MS: Final = round(SLICE * 1000)
_IN_USE: Final = (errno.EBUSY, errno.EACCES)
_NOTHING_THERE: Final = "no such reader on USB"


def backend_of(place: UsbPlace, allow_any_host: bool = False) -> Any:
    """PyUSB's backend for a place: USB/IP where it names a server, else None, which is PyUSB's own choice."""
    if place.usbip is None:
        return None
    from reference.links.usbip_backend import UsbipBackend

    return UsbipBackend(place.usbip, allow_any_host=allow_any_host)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a reader's descriptors say: which interface is the CCID one, and its bulk endpoints."""

    interface: int
    endpoint_out: int
    endpoint_in: int
    packet: int
    descriptor: CcidDescriptor


class UsbCcidLink:
    """A card in slot `place.slot` of a reader. `backend` is one of PyUSB's; None lets PyUSB choose."""

    def __init__(
        self,
        place: UsbPlace,
        *,
        backend: Any = None,
        clock: PartClock | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.place = place
        self._backend = backend
        self._clock = clock
        self._timeout = timeout
        self._device: Any = None
        self._pipe: _BulkPipe | None = None
        self._host: CcidHost | None = None
        self._seq = 0

    @property
    def name(self) -> str:
        """`usb:` and the place as it was asked for."""
        return f"usb:{self.place}"

    def open(self) -> bytes:
        """Claim the reader and power its card. NoModule when there is no reader or no card, and for a reader
        that another program has; LinkTimeout by silence."""
        self.close()
        try:
            return self._attach().power_on()
        except LinkTimeout:
            self._drop()
            raise
        except LinkLost as error:
            self._drop()
            raise NoModule(str(error)) from error
        except LinkError:
            self._drop()
            raise

    def transmit(self, command: bytes) -> bytes:
        """One exchange; ValueError for a command that no message of this reader can carry."""
        if self._host is None:
            raise LinkLost(f"{self.name}: not connected")
        try:
            return self._host.transmit(command)
        except LinkError:
            self._drop()
            raise

    def close(self) -> None:
        """Power the card down and release the reader."""
        if self._host is not None:
            with contextlib.suppress(LinkError):
                self._host.power_off()
        self._drop()

    def presence(self) -> str | None:
        """Serial number and address of the reader, when there is a card in the slot; None when there is not.

        The card is not powered for that. LinkTimeout when another program holds the reader. See watch.py.
        """
        self.close()
        try:
            there = self._attach().present()
            return _token(self._device) if there else None
        except _ReaderInUseError as error:
            raise LinkTimeout(str(error)) from error
        except LinkTimeout:
            raise
        except LinkError:
            return None
        finally:
            self._drop()

    # --- taking the reader ---------------------------------------------------------------------------

    def _attach(self) -> CcidHost:
        device = self._device = self._find()
        try:
            reader = _described(device)
            if reader is None:
                raise NoModule(f"{self.name}: no CCID interface with its class descriptor")
            if self.place.slot > reader.descriptor.bMaxSlotIndex:
                raise NoModule(f"{self.name}: the reader's last slot is {reader.descriptor.bMaxSlotIndex}")
            _take_from_kernel(device, reader.interface)
            usb.util.claim_interface(device, reader.interface)
        except usb.core.USBError as error:
            kind = _ReaderInUseError if error.errno in _IN_USE else NoModule
            raise kind(f"{self.name}: {error}") from error
        except UsbError as error:
            raise NoModule(f"{self.name}: {error}") from error
        self._pipe = _BulkPipe(device, reader, self.name, self._clock, self._timeout)
        self._host = _UsbHost(self._pipe, reader, self.place.slot, self.name, self._seq)
        return self._host

    def _find(self) -> Any:
        ids = {"idVendor": self.place.vendor, "idProduct": self.place.product}
        try:
            for device in usb.core.find(find_all=True, backend=self._backend, **ids):
                if self.place.serial in (None, _serial_number(device)):
                    return device
        except usb.core.NoBackendError:
            raise NoModule(f"{self.name}: PyUSB finds no libusb-1.0 on this machine") from None
        except usb.core.USBError as error:
            raise NoModule(f"{self.name}: {error}") from error
        raise NoModule(f"{self.name}: {_NOTHING_THERE}")

    def _drop(self) -> None:
        if self._host is not None:
            self._seq = self._host.seq
        device, self._device, self._pipe, self._host = self._device, None, None, None
        if device is not None:
            with contextlib.suppress(usb.core.USBError):
                usb.util.dispose_resources(device)


class _ReaderInUseError(NoModule):
    """Another program has the reader."""


class _UsbHost(CcidHost):
    """CCID with the control half of an abort."""

    def __init__(self, pipe: _BulkPipe, reader: _Reader, slot: int, name: str, seq: int) -> None:
        super().__init__(pipe, reader.descriptor, slot, name, seq)
        self._bulk = pipe

    def abort(self) -> None:
        """Both halves with the same bSeq (CCID 1.1 §5.3.1)."""
        self._bulk.abort(self.slot, self.seq)
        super().abort()


class _BulkPipe:
    """CCID messages over a pair of bulk endpoints."""

    def __init__(
        self, device: Any, reader: _Reader, name: str, clock: PartClock | None, timeout: float
    ) -> None:
        self._device = device
        self._reader = reader
        self._name = name
        self._clock = clock
        self._timeout = timeout
        self._timeout_ms = round(timeout * 1000)
        self._patience = Patience(clock, timeout)
        self._heard = False
        whole = reader.packet * (-(-reader.descriptor.dwMaxCCIDMessageLength // reader.packet))
        self._room = min(max(whole, reader.packet), LARGEST)
        self._buffer = usb.util.create_buffer(self._room)

    def send(self, message: bytes) -> None:
        """One bulk OUT transfer; dwLength tells where it ends, so no empty packet follows (as libccid)."""
        self._patience = Patience(self._clock, self._timeout)
        self._heard = False
        try:
            self._device.write(self._reader.endpoint_out, message, self._timeout_ms)
        except usb.core.USBError as error:
            raise self._failed(error) from error

    def receive(self) -> bytes:
        """One message, in as many bulk IN transfers as it takes; one that is not full is the last."""
        try:
            if self._heard:
                self._patience.wait()  # a reader that never falls silent ends the span, too
            message = self._read()
            self._heard = True
            while not message or (not len(message) % self._room and len(message) != message_size(message)):
                message += self._read()
        except (PatienceSpent, usb.core.USBError) as error:
            raise self._failed(error) from error
        return message

    def abort(self, slot: int, seq: int) -> None:
        """The control half of an abort: wValue is bSeq and bSlot."""
        try:
            self._device.ctrl_transfer(0x21, CcidRequest.ABORT, seq << 8 | slot, self._reader.interface)
        except usb.core.USBError as error:
            raise self._failed(error) from error

    def _read(self) -> bytes:
        while True:
            try:
                count = self._device.read(self._reader.endpoint_in, self._buffer, _SLICE_MS)
                data: bytes = self._buffer[:count].tobytes()
            except usb.core.USBTimeoutError:
                self._patience.wait()
            else:
                return data

    def _failed(self, error: Exception) -> LinkLost:
        """What a transfer's error means for the command it belongs to."""
        if isinstance(error, PatienceSpent | usb.core.USBTimeoutError):
            return LinkTimeout(f"{self._name}: {error}")
        if isinstance(error, usb.core.USBError) and error.errno == errno.EPIPE:
            self._clear_halts()
        return LinkLost(f"{self._name}: {error}")

    def _clear_halts(self) -> None:
        """A halted endpoint stays so for whoever comes next, unless it is cleared."""
        for endpoint in (self._reader.endpoint_out, self._reader.endpoint_in):
            with contextlib.suppress(usb.core.USBError):
                self._device.clear_halt(endpoint)


def _described(device: Any) -> _Reader | None:
    """The CCID interface of a device, which is configured first if it is not."""
    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError:
        device.set_configuration()
        configuration = device.get_active_configuration()
    for interface in configuration:
        if interface.bInterfaceClass != SMART_CARD:
            continue
        descriptor = _class_descriptor(interface)
        bulk = [one for one in interface if one.bmAttributes & 3 == TransferType.BULK]
        into = next((one for one in bulk if one.bEndpointAddress & 0x80), None)
        out = next((one for one in bulk if not one.bEndpointAddress & 0x80), None)
        if descriptor is not None and into is not None and out is not None:
            number = interface.bInterfaceNumber
            return _Reader(
                number, out.bEndpointAddress, into.bEndpointAddress, into.wMaxPacketSize, descriptor
            )
    return None


def _class_descriptor(interface: Any) -> CcidDescriptor | None:
    """The 54 bytes among the interface's extra descriptors; some readers keep them behind an endpoint."""
    places = (interface, *interface)
    for data in split(b"".join(bytes(place.extra_descriptors or ()) for place in places)):
        if data[1] == DescriptorType.CCID and len(data) == CcidDescriptor.size():
            return CcidDescriptor.decode(data)
    return None


def _take_from_kernel(device: Any, interface: int) -> None:
    try:
        if device.is_kernel_driver_active(interface):
            device.detach_kernel_driver(interface)
    except NotImplementedError:
        return  # a backend or a system without kernel drivers


def _serial_number(device: Any) -> str | None:
    try:
        number: str | None = device.serial_number
    except (usb.core.USBError, ValueError, UnicodeDecodeError):
        return None  # gone meanwhile, or held by somebody who lets nobody ask
    return number


def _token(device: Any) -> str:
    return f"{_serial_number(device)} at {device.bus}-{device.address}"
