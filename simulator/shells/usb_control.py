"""Endpoint 0 of the emulated key: standard requests of USB 2.0 §9.4, class requests of CCID 1.1 §5.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reference.protocol.usb.setup import CcidRequest, Feature, Recipient, RequestType, Setup, StandardRequest
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN

if TYPE_CHECKING:
    from simulator.shells.usb_device import UsbDevice

STALL: Final = None
"""The answer to what a device does not know: its control endpoint stalls until the next request."""
ENDPOINTS: Final = frozenset((BULK_OUT, BULK_IN, INTERRUPT_IN))
CONFIGURATION: Final = 1
INTERFACE: Final = 0


class ControlPipe:
    """The device's state as control requests see it: which configuration, which endpoints are halted."""

    def __init__(self, device: UsbDevice) -> None:
        self._device = device
        self._descriptors = device.identity.descriptors(device.reader.descriptor)
        self.configuration = 0

    def configure(self, value: int) -> None:
        """The configuration chosen; 0 is none."""
        self.configuration = value

    def answer(self, setup: Setup, data: bytes) -> bytes | None:
        """The data of the request's IN stage, b"" for an OUT one, or STALL."""
        if len(data) != (0 if setup.to_host else setup.wLength):
            return STALL
        if setup.type == RequestType.CLASS and setup.recipient == Recipient.INTERFACE:
            found = self._class_request(setup)
        elif setup.type == RequestType.STANDARD:
            found = self._standard_request(setup)
        else:
            found = STALL
        return found if found is STALL else found[: setup.wLength]

    # --- standard -----------------------------------------------------------------------------------------

    def _standard_request(self, setup: Setup) -> bytes | None:
        recipient = setup.recipient
        request = setup.bRequest
        if setup.to_host:
            if request == StandardRequest.GET_STATUS and setup.wValue == 0:
                return self._status(recipient, setup.wIndex)
            if request == StandardRequest.GET_DESCRIPTOR and recipient == Recipient.DEVICE:
                return self._descriptors.get((setup.wValue >> 8, setup.wValue & 0xFF), STALL)
            if request == StandardRequest.GET_CONFIGURATION and recipient == Recipient.DEVICE:
                return bytes((self.configuration,))
            if request == StandardRequest.GET_INTERFACE and recipient == Recipient.INTERFACE:
                return b"\0" if self._interface(setup.wIndex) else STALL
            return STALL
        if request in (StandardRequest.CLEAR_FEATURE, StandardRequest.SET_FEATURE):
            return self._feature(setup, on=request == StandardRequest.SET_FEATURE)
        if request == StandardRequest.SET_CONFIGURATION and recipient == Recipient.DEVICE:
            return self._set_configuration(setup.wValue)
        if request == StandardRequest.SET_INTERFACE and recipient == Recipient.INTERFACE:
            return self._set_interface(setup)
        if request == StandardRequest.SET_ADDRESS and recipient == Recipient.DEVICE and setup.wValue < 128:
            return b""
        return STALL

    def _status(self, recipient: int, index: int) -> bytes | None:
        if recipient == Recipient.DEVICE and index == 0:
            return b"\0\0"
        if recipient == Recipient.INTERFACE and self._interface(index):
            return b"\0\0"
        if recipient == Recipient.ENDPOINT and (index & 0x7F == 0 or self._endpoint(index)):
            return bytes((index in self._device.halted, 0))
        return STALL

    def _feature(self, setup: Setup, *, on: bool) -> bytes | None:
        """Only a halt can be set: the device wakes nobody up, and test modes are for real wires."""
        if setup.recipient != Recipient.ENDPOINT or setup.wValue != Feature.ENDPOINT_HALT:
            return STALL
        if setup.wIndex & 0x7F == 0:
            return b""
        if not self._endpoint(setup.wIndex):
            return STALL
        if on:
            self._device.halt(setup.wIndex)
        else:
            self._device.clear_halt(setup.wIndex)
        return b""

    def _set_configuration(self, value: int) -> bytes | None:
        if value not in (0, CONFIGURATION):
            return STALL
        self._device.reset()
        self.configuration = value
        if value:
            self._device.configure()
        return b""

    def _set_interface(self, setup: Setup) -> bytes | None:
        if not self._interface(setup.wIndex) or setup.wValue != 0:
            return STALL
        for endpoint in ENDPOINTS:
            self._device.clear_halt(endpoint)
        return b""

    def _interface(self, index: int) -> bool:
        return self.configuration != 0 and index == INTERFACE

    def _endpoint(self, index: int) -> bool:
        return self.configuration != 0 and index in ENDPOINTS

    # --- CCID ---------------------------------------------------------------------------------------------

    def _class_request(self, setup: Setup) -> bytes | None:
        if not self._interface(setup.wIndex):
            return STALL
        reader = self._device.reader
        if setup.bRequest == CcidRequest.ABORT and not setup.to_host:
            return b"" if reader.abort(setup.wValue & 0xFF, setup.wValue >> 8) else STALL
        if not setup.to_host or setup.wValue:
            return STALL
        if setup.bRequest == CcidRequest.GET_CLOCK_FREQUENCIES:
            return _listed(reader.settings.clocks)
        if setup.bRequest == CcidRequest.GET_DATA_RATES:
            return _listed(reader.settings.data_rates)
        return STALL


def _listed(values: tuple[int, ...]) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)
