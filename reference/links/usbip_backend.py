"""PyUSB over USB/IP without a kernel: an `IBackend` whose devices are those a USB/IP server exports.

    device = usb.core.find(idVendor=0x1209, backend=UsbipBackend(Endpoint("127.0.0.1", 3240)))

Errors are libusb's: a stall is EPIPE, silence USBTimeoutError, an unplugged device ENODEV. A device is
imported when something of it is first asked for and given back when PyUSB lets go of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import usb.backend
import usb.core

from reference.links.address import Endpoint
from reference.links.usbip_client import (
    ImportedDevice,
    TransferError,
    UsbipBusyError,
    listed,
)
from reference.protocol.usb.descriptors import (
    Configuration,
    ConfigurationDescriptor,
    DescriptorType,
    DeviceDescriptor,
    Interface,
    parse_configuration,
)
from reference.protocol.usb.errors import UsbError
from reference.protocol.usb.fields import Record, layout_of
from reference.protocol.usb.libusb import LibusbCode, libusb_error
from reference.protocol.usb.setup import Feature, Setup, StandardRequest
from reference.protocol.usb.usbip import Errno, ExportedDevice

DESCRIPTOR_SECONDS: Final = 5.0
"""Real seconds for a standard request."""
TO_HOST: Final = 0x80
TO_ENDPOINT: Final = 0x02


def usb_error(number: int) -> usb.core.USBError:
    """The error PyUSB's libusb backend raises for a transfer that ended with this Linux errno."""
    text, code, system = libusb_error(number)
    kind = usb.core.USBTimeoutError if code is LibusbCode.TIMEOUT else usb.core.USBError
    return kind(text, code, system)


@contextmanager
def _libusb_errors() -> Iterator[None]:
    try:
        yield
    except UsbError as error:
        raise usb_error(Errno.EPROTO) from error
    except usb.core.USBError:
        raise
    except OSError as error:
        raise usb_error(error.errno or Errno.EPROTO) from error


@dataclass(slots=True)
class _Ahead:
    """Reads begun before they are asked for. A program that reads after each write does so again, so from the
    second time on its read goes out with the write: one turn of the wire instead of two.

    `after` tells which read (endpoint, length) followed a write to an endpoint, `begun` which one is on its
    way on an endpoint and of what length, `kept` what one brought that was taken back too late.
    """

    last_write: int | None = None
    after: dict[int, tuple[int, int]] = field(default_factory=dict)
    begun: dict[int, tuple[int, int]] = field(default_factory=dict)
    kept: dict[int, bytes] = field(default_factory=dict)


class _Device:
    """One exported device, imported while it is needed."""

    def __init__(self, endpoint: Endpoint, exported: ExportedDevice, allow_any_host: bool) -> None:
        self.exported = exported
        self._endpoint = endpoint
        self._allow_any_host = allow_any_host
        self._imported: ImportedDevice | None = None
        self._descriptor: DeviceDescriptor | None = None
        self._configurations: dict[int, Configuration] = {}
        self.configured: int | None = None
        self.ahead = _Ahead()

    def imported(self) -> ImportedDevice:
        """The connection that has the device; made when there is none, or when it has broken."""
        if self._imported is None:
            self._imported = ImportedDevice(self._endpoint, self.exported.name, self._allow_any_host)
        return self._imported

    def __del__(self) -> None:
        # PyUSB closes what it opened; what only showed its descriptors goes with the last reference.
        self.let_go()

    def let_go(self) -> None:
        """Give the device back to the server."""
        imported, self._imported, self.configured = self._imported, None, None
        self.ahead = _Ahead()
        if imported is not None:
            imported.close()

    def descriptor(self) -> DeviceDescriptor:
        """The device's own, or what the list says of a device that another host has."""
        if self._descriptor is None:
            try:
                data = self._described(DescriptorType.DEVICE, 0, DeviceDescriptor.size())
            except UsbipBusyError:
                return _from_list(self.exported)
            self._descriptor = DeviceDescriptor.decode(data)
        return self._descriptor

    def configuration(self, index: int) -> Configuration:
        """A configuration with all that is in it."""
        if index not in self._configurations:
            if index >= self.descriptor().bNumConfigurations:
                raise IndexError(f"Invalid configuration index {index}")
            head = self._described(DescriptorType.CONFIGURATION, index, ConfigurationDescriptor.size())
            total = ConfigurationDescriptor.decode(head).wTotalLength
            whole = self._described(DescriptorType.CONFIGURATION, index, total)
            self._configurations[index] = parse_configuration(whole)
        return self._configurations[index]

    def request(self, setup: Setup, data: bytes = b"") -> bytes:
        """A standard request."""
        return self.imported().control(setup.encode(), data, DESCRIPTOR_SECONDS)

    def _described(self, kind: DescriptorType, index: int, size: int) -> bytes:
        return self.request(Setup(TO_HOST, StandardRequest.GET_DESCRIPTOR, kind << 8 | index, 0, size))


class UsbipBackend(usb.backend.IBackend):  # type: ignore[misc]
    """All devices of one USB/IP server. `allow_any_host` as everywhere (uz-fiscal ID-05)."""

    def __init__(self, endpoint: Endpoint, *, allow_any_host: bool = False) -> None:
        self.endpoint = endpoint
        self._allow_any_host = allow_any_host

    # --- descriptors ---------------------------------------------------------------------------------

    def enumerate_devices(self) -> Iterator[_Device]:
        """What the server exports now."""
        with _libusb_errors():
            found = listed(self.endpoint, self._allow_any_host)
        return iter([_Device(self.endpoint, exported, self._allow_any_host) for exported, _ in found])

    def get_parent(self, _dev: _Device) -> None:
        """Nothing is known of hubs."""

    def get_device_descriptor(self, dev: _Device) -> Any:
        """The fields of the device descriptor, with bus, address and speed."""
        with _libusb_errors():
            fields = _fields(dev.descriptor())
        exported = dev.exported
        place = {"bus": exported.busnum, "address": exported.devnum, "speed": exported.speed}
        return SimpleNamespace(**fields, **place, port_number=None, port_numbers=None)

    def get_configuration_descriptor(self, dev: _Device, config: int) -> Any:
        """A configuration by its index."""
        with _libusb_errors():
            return SimpleNamespace(**_fields(dev.configuration(config).descriptor), extra_descriptors=[])

    def get_interface_descriptor(self, dev: _Device, intf: int, alt: int, config: int) -> Any:
        """An interface by the indexes of interface and alternate setting."""
        found = self._interface(dev, intf, alt, config)
        extra = b"".join(one.encode() for one in found.extra)
        return SimpleNamespace(**_fields(found.descriptor), extra_descriptors=list(extra))

    def get_endpoint_descriptor(self, dev: _Device, ep: int, intf: int, alt: int, config: int) -> Any:
        """An endpoint by its index."""
        endpoints = self._interface(dev, intf, alt, config).endpoints
        if ep >= len(endpoints):
            raise IndexError(f"Invalid endpoint index {ep}")
        return SimpleNamespace(**_fields(endpoints[ep]), bRefresh=0, bSynchAddress=0, extra_descriptors=[])

    def _interface(self, dev: _Device, intf: int, alt: int, config: int) -> Interface:
        with _libusb_errors():
            interfaces = dev.configuration(config).interfaces
        numbers = list(dict.fromkeys(one.descriptor.bInterfaceNumber for one in interfaces))
        if intf >= len(numbers):
            raise IndexError(f"Invalid interface index {intf}")
        settings = [one for one in interfaces if one.descriptor.bInterfaceNumber == numbers[intf]]
        if alt >= len(settings):
            raise IndexError(f"Invalid alternate setting index {alt}")
        return settings[alt]

    # --- a device in use -----------------------------------------------------------------------------

    def open_device(self, dev: _Device) -> _Device:
        """Import the device and configure it, as a kernel does with what is plugged in; EBUSY when another
        host has it."""
        with _libusb_errors():
            dev.imported()
            configuration = dev.configuration(0).descriptor.bConfigurationValue
        if not dev.configured:
            self.set_configuration(dev, configuration)
        return dev

    def close_device(self, dev_handle: _Device) -> None:
        """Give it back."""
        dev_handle.let_go()

    def set_configuration(self, dev_handle: _Device, config_value: int) -> None:
        """SET_CONFIGURATION."""
        with _libusb_errors():
            dev_handle.request(Setup(0, StandardRequest.SET_CONFIGURATION, config_value))
        dev_handle.configured = config_value

    def get_configuration(self, dev_handle: _Device) -> int:
        """bConfigurationValue in force, 0 for none."""
        if dev_handle.configured is None:
            with _libusb_errors():
                answer = dev_handle.request(Setup(TO_HOST, StandardRequest.GET_CONFIGURATION, wLength=1))
            dev_handle.configured = answer[0] if answer else 0
        return dev_handle.configured

    def set_interface_altsetting(self, dev_handle: _Device, intf: int, altsetting: int) -> None:
        """SET_INTERFACE."""
        with _libusb_errors():
            dev_handle.request(Setup(1, StandardRequest.SET_INTERFACE, altsetting, intf))

    def claim_interface(self, _dev_handle: _Device, _intf: int) -> None:
        """Imported devices are ours alone."""

    def release_interface(self, _dev_handle: _Device, _intf: int) -> None:
        """As with claiming."""

    def is_kernel_driver_active(self, _dev_handle: _Device, _intf: int) -> bool:
        """No kernel has to do with the device."""
        return False

    def clear_halt(self, dev_handle: _Device, ep: int) -> None:
        """CLEAR_FEATURE of ENDPOINT_HALT."""
        with _libusb_errors():
            _recall(dev_handle, ep)
            setup = Setup(TO_ENDPOINT, StandardRequest.CLEAR_FEATURE, Feature.ENDPOINT_HALT, ep)
            dev_handle.request(setup)

    def reset_device(self, dev_handle: _Device) -> None:
        """Give the device back, take it again, and configure it: USB/IP has no other reset."""
        dev_handle.let_go()
        self.open_device(dev_handle)

    # --- transfers -----------------------------------------------------------------------------------

    def bulk_write(self, dev_handle: _Device, ep: int, _intf: int, data: array[int], timeout: int) -> int:
        """Bytes written; `timeout` in milliseconds, 0 for none."""
        ahead = dev_handle.ahead
        ahead.last_write = ep
        into, length = ahead.after.get(ep, (0, 0))
        try:
            imported = dev_handle.imported()
            if not into or into in ahead.begun or into in ahead.kept:
                return imported.write(ep, data.tobytes(), _seconds(timeout))
            number, ahead_of = imported.begin(ep, data.tobytes(), into, length)
            ahead.begun[into] = (ahead_of, length)
            return imported.written(number, _seconds(timeout))
        except OSError as error:
            raise usb_error(error.errno or Errno.EPROTO) from error

    def bulk_read(self, dev_handle: _Device, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        """Bytes read into `buff`."""
        ahead, size = dev_handle.ahead, len(buff) * buff.itemsize
        number, length = ahead.begun.pop(ep, (0, 0))
        try:
            if number and length == size:
                return _filled(buff, dev_handle.imported().fetch(number, _seconds(timeout)))
            if number:
                ahead.begun[ep] = (number, length)
                _recall(dev_handle, ep)
        except usb.core.USBError:
            raise  # an OSError, too, but libusb's already
        except OSError as error:
            raise usb_error(error.errno or Errno.EPROTO) from error
        if ep in ahead.kept:
            return _filled(buff, ahead.kept.pop(ep))
        if ahead.last_write is not None:
            ahead.after[ahead.last_write] = (ep, size)
        return self.intr_read(dev_handle, ep, intf, buff, timeout)

    def intr_write(self, dev_handle: _Device, ep: int, _intf: int, data: array[int], timeout: int) -> int:
        """As bulk_write, by itself."""
        try:
            return dev_handle.imported().write(ep, data.tobytes(), _seconds(timeout))
        except OSError as error:
            raise usb_error(error.errno or Errno.EPROTO) from error

    def intr_read(self, dev_handle: _Device, ep: int, _intf: int, buff: array[int], timeout: int) -> int:
        """As bulk_read, by itself."""
        try:
            data = dev_handle.imported().read(ep, len(buff) * buff.itemsize, _seconds(timeout))
        except OSError as error:
            raise usb_error(error.errno or Errno.EPROTO) from error
        return _filled(buff, data)

    def ctrl_transfer(
        self,
        dev_handle: _Device,
        bmRequestType: int,  # noqa: N803 - PyUSB's and the specification's names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: array[int],
        timeout: int,
    ) -> int:
        """Bytes of the data stage."""
        size = len(data) * data.itemsize
        setup = Setup(bmRequestType, bRequest, wValue, wIndex, size).encode()
        with _libusb_errors():
            out = b"" if bmRequestType & TO_HOST else data.tobytes()
            answer = dev_handle.imported().control(setup, out, _seconds(timeout))
        return _filled(data, answer) if bmRequestType & TO_HOST else size


def _recall(device: _Device, ep: int) -> None:
    """Take back the read begun ahead on an endpoint; what it has brought is kept, a stall is forgotten."""
    number, _ = device.ahead.begun.pop(ep, (0, 0))
    if not number:
        return
    try:
        data = device.imported().recall(number)
    except TransferError as error:
        if error.errno != Errno.EPIPE:
            raise
        return
    if data is not None:
        device.ahead.kept[ep] = data


def _seconds(timeout: int) -> float | None:
    return timeout / 1000 if timeout else None


def _filled(buff: array[int], data: bytes) -> int:
    if len(data) > len(buff) * buff.itemsize:
        raise usb_error(Errno.EOVERFLOW)
    memoryview(buff).cast("B")[: len(data)] = data
    return len(data)


def _fields(record: Record) -> dict[str, int]:
    return {name: int(getattr(record, name)) for name in layout_of(type(record)).names}


def _from_list(exported: ExportedDevice) -> DeviceDescriptor:
    return DeviceDescriptor(
        bDeviceClass=exported.bDeviceClass,
        bDeviceSubClass=exported.bDeviceSubClass,
        bDeviceProtocol=exported.bDeviceProtocol,
        idVendor=exported.idVendor,
        idProduct=exported.idProduct,
        bcdDevice=exported.bcdDevice,
        bNumConfigurations=exported.bNumConfigurations,
    )
