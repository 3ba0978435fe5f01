"""PyUSB in process: an `IBackend` whose devices are emulated keys, for any program written with PyUSB.

    device = usb.core.find(idVendor=0x1209, backend=local_backend(rack, faults, clock))

Nothing stands between a transfer and the module but function calls; errors are those libusb raises.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import usb.backend
import usb.core

from reference.protocol.usb.descriptors import Configuration, DeviceDescriptor, parse_configuration
from reference.protocol.usb.fields import Record, layout_of
from reference.protocol.usb.libusb import LibusbCode, libusb_error
from reference.protocol.usb.setup import Feature, Setup, StandardRequest
from reference.protocol.usb.usbip import Errno
from reference.runtime.clock import PartClock
from reference.runtime.faults import FaultPoints
from simulator.exchanges import Exchanges
from simulator.rack import Rack
from simulator.shells.own_loop import OwnLoop, Waiter
from simulator.shells.urb import Urb
from simulator.shells.usb_bench import UsbSettings, make_devices
from simulator.shells.usb_device import UsbDevice

BUS: Final = 1
_TO_HOST: Final = 0x80
_TO_ENDPOINT: Final = 0x02
_CONFIGURATION: Final = (2, 0)
_Result = TypeVar("_Result")


def usb_error(status: int) -> usb.core.USBError:
    """What PyUSB raises for a transfer that ended with this errno."""
    text, code, number = libusb_error(status)
    kind = usb.core.USBTimeoutError if code is LibusbCode.TIMEOUT else usb.core.USBError
    return kind(text, code, number)


class _Plugged:
    """One device from the moment it is plugged in until it goes: what PyUSB calls a device."""

    def __init__(self, device: UsbDevice, address: int) -> None:
        self.device = device
        self.address = address
        self.there = True
        self.claimed: dict[int, _Handle] = {}
        device.gone.append(self._gone)

    @property
    def descriptor(self) -> DeviceDescriptor:
        return self.device.identity.device

    def configuration(self, index: int) -> Configuration:
        if index != 0:
            raise IndexError(f"Invalid configuration index {index}")
        identity, reader = self.device.identity, self.device.reader
        return parse_configuration(identity.descriptors(reader.descriptor)[_CONFIGURATION])

    def _gone(self) -> None:
        self.there = False


class _Handle:
    """A device that a program has opened."""

    def __init__(self, plugged: _Plugged) -> None:
        self.plugged = plugged
        self.device = plugged.device


class LocalBackend(usb.backend.IBackend):  # type: ignore[misc]
    """The keys of one bench. `call` runs something on them, from any thread, in order with the transfers."""

    def __init__(self, loop: OwnLoop, exchanges: Exchanges, devices: Sequence[UsbDevice]) -> None:
        super().__init__()
        self.devices = list(devices)
        self.exchanges = exchanges
        self._loop = loop
        self._plugged: dict[UsbDevice, _Plugged] = {}
        self._addresses = 0

    def call(self, work: Callable[[], _Result]) -> _Result:
        """Do something to the devices, as a hand at the bench does."""
        found: list[_Result] = []

        def run(waiter: Waiter) -> None:
            found.append(work())
            waiter.finish()

        self._loop.do(run)
        return found[0]

    def settle(self) -> None:
        """Let everything happen that is due by now on the lab's clock."""
        self._loop.settle()

    def close(self) -> None:
        """Bring what is decided to the flash and let everything go."""
        self.call(self.exchanges.close)
        self._loop.close()

    # --- what there is ------------------------------------------------------------------------------------

    def enumerate_devices(self) -> Iterator[_Plugged]:
        """All that is plugged in."""
        for device in self.devices:
            known = self._plugged.get(device)
            if known is not None and not known.there:
                known = None
            if known is None and device.plugged:
                self._addresses += 1
                known = self._plugged[device] = _Plugged(device, self._addresses)
            if known is not None:
                yield known

    def get_parent(self, _dev: _Plugged) -> None:
        """It hangs at the root."""

    def get_device_descriptor(self, dev: _Plugged) -> SimpleNamespace:
        """USB 2.0 table 9-8, and where it is."""
        port = self.devices.index(dev.device) + 1
        speed = int(dev.device.identity.speed)
        place = {"bus": BUS, "address": dev.address, "port_number": port, "port_numbers": (port,)}
        return SimpleNamespace(**_fields(dev.descriptor), **place, speed=speed)

    def get_configuration_descriptor(self, dev: _Plugged, config: int) -> SimpleNamespace:
        """USB 2.0 table 9-10."""
        return SimpleNamespace(**_fields(dev.configuration(config).descriptor), extra_descriptors=[])

    def get_interface_descriptor(self, dev: _Plugged, intf: int, alt: int, config: int) -> SimpleNamespace:
        """USB 2.0 table 9-12; the reader's own descriptor is an extra one."""
        if intf or alt:
            raise IndexError(f"Invalid interface index {intf}.{alt}")
        found = dev.configuration(config).interfaces[0]
        extra = list(b"".join(one.encode() for one in found.extra))
        return SimpleNamespace(**_fields(found.descriptor), extra_descriptors=extra)

    def get_endpoint_descriptor(
        self, dev: _Plugged, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """USB 2.0 table 9-13."""
        if intf or alt:
            raise IndexError(f"Invalid interface index {intf}.{alt}")
        found = dev.configuration(config).interfaces[0].endpoints[ep]
        return SimpleNamespace(**_fields(found), bRefresh=0, bSynchAddress=0, extra_descriptors=[])

    # --- having a device ----------------------------------------------------------------------------------

    def open_device(self, dev: _Plugged) -> _Handle:
        """Have it, beside others who have it."""
        if not dev.there:
            raise usb_error(Errno.ENODEV)
        return _Handle(dev)

    def close_device(self, dev_handle: _Handle) -> None:
        """Let it go, with what was claimed."""
        claimed = dev_handle.plugged.claimed
        for interface in [number for number, owner in claimed.items() if owner is dev_handle]:
            del claimed[interface]

    def claim_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Have an interface alone; EBUSY when another has it."""
        self._needs(dev_handle)
        if intf != 0 or not dev_handle.device.configured:
            raise usb_error(Errno.ENOENT)
        if dev_handle.plugged.claimed.setdefault(intf, dev_handle) is not dev_handle:
            raise usb_error(Errno.EBUSY)

    def release_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Give it back; ENOENT when it was not had."""
        self._needs(dev_handle)
        if dev_handle.plugged.claimed.get(intf) is not dev_handle:
            raise usb_error(Errno.ENOENT)
        del dev_handle.plugged.claimed[intf]

    def is_kernel_driver_active(self, dev_handle: _Handle, _intf: int) -> bool:
        """There is no kernel here."""
        self._needs(dev_handle)
        return False

    def detach_kernel_driver(self, dev_handle: _Handle, _intf: int) -> None:
        """ENOENT: none is attached."""
        self._needs(dev_handle)
        raise usb_error(Errno.ENOENT)

    attach_kernel_driver = detach_kernel_driver

    # --- transfers ----------------------------------------------------------------------------------------

    def bulk_write(self, dev_handle: _Handle, ep: int, _intf: int, data: array[int], timeout: int) -> int:
        """Send; gives the bytes sent."""
        content = data.tobytes()
        return self._transfer(dev_handle, Urb(ep, len(content), data=content), timeout).actual

    def bulk_read(self, dev_handle: _Handle, ep: int, _intf: int, buff: array[int], timeout: int) -> int:
        """Receive into `buff`; gives the bytes received."""
        urb = self._transfer(dev_handle, Urb(ep, len(buff) * buff.itemsize), timeout)
        memoryview(buff).cast("B")[: urb.actual] = urb.data
        return urb.actual

    intr_write = bulk_write
    intr_read = bulk_read

    def ctrl_transfer(
        self,
        dev_handle: _Handle,
        bmRequestType: int,  # noqa: N803 - PyUSB gives them by these names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: array[int],
        timeout: int,
    ) -> int:
        """One control request; gives the bytes of its data stage."""
        length = len(data) * data.itemsize
        setup = Setup(bmRequestType, bRequest, wValue, wIndex, length)
        content = b"" if setup.to_host else data.tobytes()
        urb = self._transfer(dev_handle, Urb(0, length, setup=setup, data=content), timeout)
        if setup.to_host:
            memoryview(data).cast("B")[: urb.actual] = urb.data
        return urb.actual

    def get_configuration(self, dev_handle: _Handle) -> int:
        """bConfigurationValue of what was chosen, 0 for nothing."""
        return self._ask(dev_handle, Setup(_TO_HOST, StandardRequest.GET_CONFIGURATION, wLength=1))[0]

    def set_configuration(self, dev_handle: _Handle, config_value: int) -> None:
        """Choose it; EBUSY while somebody has an interface, ENOENT when there is no such."""
        if dev_handle.plugged.claimed:
            raise usb_error(Errno.EBUSY)
        if config_value not in (0, 1):
            raise usb_error(Errno.ENOENT)
        self._ask(dev_handle, Setup(0, StandardRequest.SET_CONFIGURATION, config_value))

    def set_interface_altsetting(self, dev_handle: _Handle, intf: int, altsetting: int) -> None:
        """Choose an alternate setting; there is one."""
        self._ask(dev_handle, Setup(0x01, StandardRequest.SET_INTERFACE, altsetting, intf))

    def clear_halt(self, dev_handle: _Handle, ep: int) -> None:
        """Let a stalled endpoint go on."""
        self._ask(dev_handle, Setup(_TO_ENDPOINT, StandardRequest.CLEAR_FEATURE, Feature.ENDPOINT_HALT, ep))

    def reset_device(self, dev_handle: _Handle) -> None:
        """Reset the bus, and choose the configuration again that was chosen, as the kernel does."""
        self._needs(dev_handle)
        configured = self.get_configuration(dev_handle)
        self.call(dev_handle.device.reset)
        if configured:
            self._ask(dev_handle, Setup(0, StandardRequest.SET_CONFIGURATION, configured))

    def _ask(self, handle: _Handle, setup: Setup) -> bytes:
        return self._transfer(handle, Urb(0, setup.wLength, setup=setup), 0).data

    def _transfer(self, handle: _Handle, urb: Urb, timeout: int) -> Urb:
        """Take one transfer to its end. `timeout` is in real milliseconds, 0 waits for ever."""
        self._needs(handle)
        device = handle.device

        def begin(waiter: Waiter) -> None:
            urb.done = lambda _: waiter.finish()
            device.submit(urb)

        if not self._loop.do(begin, timeout / 1000 if timeout else None):
            self.call(lambda: device.cancel(urb))
            if urb.status == -Errno.ECONNRESET or not urb.finished:
                raise usb_error(Errno.ETIMEDOUT)
        if urb.status:
            raise usb_error(urb.status)
        return urb

    def _needs(self, handle: _Handle) -> None:
        if not handle.plugged.there:
            raise usb_error(Errno.ENODEV)


def local_backend(
    rack: Rack, faults: FaultPoints, clock: PartClock, settings: UsbSettings | None = None
) -> LocalBackend:
    """A backend of its own for the modules of a rack, on a loop that turns in the caller's threads."""
    loop = OwnLoop()

    async def make() -> Exchanges:
        return Exchanges(rack, faults, clock)

    exchanges = loop.run(make())
    devices = make_devices(rack.slots, exchanges, settings or UsbSettings())
    return LocalBackend(loop, exchanges, devices)


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in layout_of(type(record)).names}
