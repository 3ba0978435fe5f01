"""The USB/IP server: lists the emulated keys and lets hosts import them, one host a key (USB/IP 1.1.1).

Frames come in through `_Host`, one connection; its transfers go to the imported `UsbDevice` and their ends
come back by callback in the same thread, so that an answer leaves in the turn that made it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

import structlog

from reference.protocol.usb.descriptors import parse_configuration
from reference.protocol.usb.errors import UsbError, UsbipError
from reference.protocol.usb.setup import Setup
from reference.protocol.usb.usbip import (
    IN,
    CmdSubmit,
    CmdUnlink,
    Errno,
    ExportedDevice,
    ExportedInterface,
    Operation,
    RetSubmit,
    RetUnlink,
    Status,
    decode_host_frame,
    decode_request,
    encode_device_list,
    encode_import_reply,
    exported,
    host_frame_size,
    request_size,
)
from simulator.shells.urb import Urb
from simulator.shells.usb_device import UsbDevice

BUS: Final = 1
_DIRECTION: Final = 0x80
_CONFIGURATION: Final = 2, 0
_SHOWN: Final = ("idVendor", "idProduct", "bcdDevice", "bDeviceClass", "bDeviceSubClass", "bDeviceProtocol")

_log = structlog.get_logger("usbip")


class Export:
    """One device as hosts see it: its bus id, and who has it."""

    def __init__(self, device: UsbDevice, number: int) -> None:
        self.device = device
        self.busid = f"{BUS}-{number}"
        self.number = number
        self.host: _Host | None = None

    @property
    def description(self) -> ExportedDevice:
        """What lists and imports say of it."""
        fields = {name: getattr(self.device.identity.device, name) for name in _SHOWN}
        speed = self.device.identity.speed
        return exported(self.busid, BUS, self.number + 1, speed, fields, len(self.interfaces))

    @property
    def interfaces(self) -> list[ExportedInterface]:
        """Class codes of its interfaces."""
        identity = self.device.identity
        raw = identity.descriptors(self.device.reader.descriptor)[_CONFIGURATION]
        found = [one.descriptor for one in parse_configuration(raw).interfaces]
        return [
            ExportedInterface(one.bInterfaceClass, one.bInterfaceSubClass, one.bInterfaceProtocol)
            for one in found
        ]


class UsbipServer:
    """All devices behind one port. A device belongs to one importer at a time; when that goes, it is free."""

    def __init__(self, devices: Sequence[UsbDevice]) -> None:
        self.exports = [Export(device, number) for number, device in enumerate(devices, 1)]
        self._server: asyncio.Server | None = None
        self._hosts: set[_Host] = set()
        self.address: tuple[str, int] = ("", 0)

    async def listen(self, host: str, port: int) -> None:
        """Open the socket; port 0 is a free one. OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Host(self), host, port, backlog=64)
        name = self._server.sockets[0].getsockname()
        self.address = (name[0], name[1])

    def close(self) -> None:
        """Stop listening and let all hosts go."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for host in list(self._hosts):
            host.drop()

    def joined(self, host: _Host) -> None:
        """A connection is there."""
        self._hosts.add(host)

    def left(self, host: _Host) -> None:
        """A connection has gone: its device loses its power and is free."""
        self._hosts.discard(host)
        for export in self.exports:
            if export.host is host:
                export.host = None
                export.device.reset()

    def device_list(self) -> bytes:
        """OP_REP_DEVLIST of what is plugged in."""
        there = [one for one in self.exports if one.device.plugged]
        return encode_device_list([(one.description, one.interfaces) for one in there])

    def import_(self, busid: str, host: _Host) -> Export | Status:
        """Give a device to a host, or say why not."""
        export = next((one for one in self.exports if one.busid == busid), None)
        if export is None or not export.device.plugged:
            return Status.NODEV
        if export.host is not None:
            return Status.DEV_BUSY
        export.host = host
        export.device.reset()
        export.device.gone.append(host.drop)
        _log.info("imported", busid=busid, serial=export.device.identity.serial)
        return export


class _Host(asyncio.Protocol):
    """One connection: an operation first, then the frames of the device it imported."""

    def __init__(self, server: UsbipServer) -> None:
        self._server = server
        self._inbox = bytearray()
        self._transport: asyncio.Transport | None = None
        self._export: Export | None = None
        self._urbs: dict[int, Urb] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.joined(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._export is not None and self.drop in self._export.device.gone:
            self._export.device.gone.remove(self.drop)
        self._server.left(self)

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        try:
            if self._export is None:
                self._operation()
            if self._export is not None:
                self._frames(self._export.device)
        except UsbError as error:
            _log.warning("host dropped", text=str(error))
            self.drop()

    def drop(self) -> None:
        """Close without a farewell, as when the cable is pulled; what was not sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    # --- before a device is imported ----------------------------------------------------------------------

    def _operation(self) -> None:
        size = request_size(bytes(self._inbox[:8]))
        if size is None or len(self._inbox) < size or self._transport is None:
            return
        operation, busid = decode_request(bytes(self._inbox[:size]))
        del self._inbox[:size]
        if operation is Operation.REQ_DEVLIST:
            self._transport.write(self._server.device_list())
            self._transport.close()
            return
        found = self._server.import_(busid, self)
        if isinstance(found, Export):
            self._export = found
            self._transport.write(encode_import_reply(found.description))
        else:
            self._transport.write(encode_import_reply(None, found))
            self._transport.close()

    # --- afterwards ---------------------------------------------------------------------------------------

    def _frames(self, device: UsbDevice) -> None:
        inbox = self._inbox
        while self._transport is not None and not self._transport.is_closing():
            size = host_frame_size(inbox)
            if size is None or len(inbox) < size:
                return
            frame = decode_host_frame(bytes(inbox[:size]))
            del inbox[:size]
            if isinstance(frame, CmdUnlink):
                self._unlink(device, frame)
            else:
                self._submit(device, frame)

    def _submit(self, device: UsbDevice, frame: CmdSubmit) -> None:
        inward = frame.direction == IN
        seqnum = frame.seqnum
        endpoint = frame.ep & 0x7F | (_DIRECTION if inward else 0)
        setup = Setup.decode(frame.setup) if frame.ep == 0 else None
        if seqnum in self._urbs:
            raise UsbipError(f"{seqnum} is in use", field="seqnum", rule="USB/IP 1.1.1")

        def done(urb: Urb) -> None:
            self._urbs.pop(seqnum, None)
            self._answer(seqnum, urb)

        urb = Urb(endpoint, frame.transfer_buffer_length, done, setup, frame.transfer_buffer, number=seqnum)
        self._urbs[seqnum] = urb
        device.submit(urb)

    def _answer(self, seqnum: int, urb: Urb) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        data = urb.data if urb.inward else b""
        answer = RetSubmit(
            seqnum=seqnum, status=urb.status, actual_length=urb.actual, transfer_buffer=data
        ).encode()
        self._transport.write(answer)

    def _unlink(self, device: UsbDevice, frame: CmdUnlink) -> None:
        urb = self._urbs.get(frame.unlink_seqnum)
        status = 0
        if urb is not None and device.cancel(urb):
            del self._urbs[frame.unlink_seqnum]
            status = -Errno.ECONNRESET
        if self._transport is not None:
            self._transport.write(RetUnlink(seqnum=frame.seqnum, status=status).encode())
