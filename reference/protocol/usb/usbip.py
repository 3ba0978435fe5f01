"""USB/IP 1.1.1: the operations before a device is imported, then its URBs. All numbers are big endian.

A connection begins with one operation: OP_REQ_DEVLIST, after whose answer it ends, or OP_REQ_IMPORT, after
whose answer it carries commands of 48 bytes and more in both directions until either side closes it.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, TypeAlias

from reference.protocol.usb.errors import UsbError, UsbipError
from reference.protocol.usb.fields import I32, U8, U16, U32, Eight, Path256, Record, Rest, Text32

VERSION: Final = 0x0111
PORT: Final = 3240
HEADER_SIZE: Final = 48
OUT: Final = 0
IN: Final = 1
MAX_TRANSFER: Final = 1 << 20
"""The longest buffer taken from a peer, far above what any transfer here needs."""
_OPERATION: Final = struct.Struct(">HHI")
_BASIC: Final = struct.Struct(">IIIII")


class Operation(IntEnum):
    """Code of an operation."""

    REQ_DEVLIST = 0x8005
    REP_DEVLIST = 0x0005
    REQ_IMPORT = 0x8003
    REP_IMPORT = 0x0003


class Status(IntEnum):
    """Status of an operation's answer."""

    OK = 0
    NA = 1
    DEV_BUSY = 2
    DEV_ERR = 3
    NODEV = 4
    ERROR = 5


class Code(IntEnum):
    """Command of a URB frame."""

    CMD_SUBMIT = 1
    CMD_UNLINK = 2
    RET_SUBMIT = 3
    RET_UNLINK = 4


class Speed(IntEnum):
    """Speed of a device, as Linux counts."""

    UNKNOWN = 0
    LOW = 1
    FULL = 2
    HIGH = 3


class Errno(IntEnum):
    """What became of a URB: 0, or one of these negated, as Linux numbers them."""

    ENOENT = 2
    EBUSY = 16
    ENODEV = 19
    EINVAL = 22
    EPIPE = 32
    EPROTO = 71
    EOVERFLOW = 75
    ECONNRESET = 104
    ESHUTDOWN = 108
    ETIMEDOUT = 110
    EINPROGRESS = 115
    EREMOTEIO = 121


class TransferFlags(IntEnum):
    """transfer_flags of USBIP_CMD_SUBMIT that concern a device that is no isochronous one."""

    SHORT_NOT_OK = 0x0001
    ZERO_PACKET = 0x0040


class _Frame(Record):
    __slots__ = ()
    BYTE_ORDER: ClassVar[str] = ">"
    ERROR: ClassVar[type[UsbError]] = UsbipError
    RULE: ClassVar[str] = "USB/IP 1.1.1"


# --- operations -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExportedInterface(_Frame):
    """Class codes of one interface, as the device list shows them."""

    bInterfaceClass: U8 = 0
    bInterfaceSubClass: U8 = 0
    bInterfaceProtocol: U8 = 0
    padding: U8 = 0


@dataclass(frozen=True, slots=True)
class ExportedDevice(_Frame):
    """One device as lists and imports describe it: 312 bytes. `busid` is the name it is imported by."""

    path: Path256 = b""
    busid: Text32 = b""
    busnum: U32 = 1
    devnum: U32 = 1
    speed: U32 = Speed.FULL
    idVendor: U16 = 0
    idProduct: U16 = 0
    bcdDevice: U16 = 0
    bDeviceClass: U8 = 0
    bDeviceSubClass: U8 = 0
    bDeviceProtocol: U8 = 0
    bConfigurationValue: U8 = 0
    bNumConfigurations: U8 = 1
    bNumInterfaces: U8 = 0

    @property
    def name(self) -> str:
        """The bus id without its padding, e.g. `1-1`."""
        return _text(self.busid)

    @property
    def devid(self) -> int:
        """What URB frames call the device by."""
        return self.busnum << 16 | self.devnum


def encode_request(operation: Operation, busid: str = "") -> bytes:
    """OP_REQ_DEVLIST, or OP_REQ_IMPORT of a bus id."""
    head = _OPERATION.pack(VERSION, operation, 0)
    return head + _name(busid) if operation is Operation.REQ_IMPORT else head


def request_size(prefix: bytes) -> int | None:
    """Bytes of the request that begins so, None while open; UsbipError for another version or code."""
    if len(prefix) < _OPERATION.size:
        return None
    version, code, _ = _OPERATION.unpack_from(prefix)
    if version != VERSION:
        raise UsbipError(f"{version:#06x}, not {VERSION:#06x}", field="version", rule=_Frame.RULE)
    if code == Operation.REQ_DEVLIST:
        return _OPERATION.size
    if code == Operation.REQ_IMPORT:
        return _OPERATION.size + 32
    raise UsbipError(f"{code:#06x} is no request", field="code", rule=_Frame.RULE)


def decode_request(data: bytes) -> tuple[Operation, str]:
    """The operation and the bus id asked for; UsbipError for what is no whole request."""
    if request_size(data) != len(data):
        raise UsbipError(f"{len(data)} bytes are no whole request", field="size", rule=_Frame.RULE)
    return Operation(int.from_bytes(data[2:4], "big")), _text(data[_OPERATION.size :])


def encode_device_list(devices: Sequence[tuple[ExportedDevice, Sequence[ExportedInterface]]]) -> bytes:
    """OP_REP_DEVLIST."""
    parts = [_OPERATION.pack(VERSION, Operation.REP_DEVLIST, Status.OK), struct.pack(">I", len(devices))]
    for device, interfaces in devices:
        parts += [device.encode(), *(one.encode() for one in interfaces)]
    return b"".join(parts)


def decode_device_list(data: bytes) -> list[tuple[ExportedDevice, list[ExportedInterface]]] | None:
    """The devices of an OP_REP_DEVLIST, None while bytes are missing; UsbipError for anything else."""
    if _reply_status(data, Operation.REP_DEVLIST) is None or len(data) < 12:
        return None
    (count,) = struct.unpack_from(">I", data, 8)
    at = 12
    devices = []
    for _ in range(count):
        end = at + ExportedDevice.size()
        if len(data) < end:
            return None
        device = ExportedDevice.decode(data[at:end])
        at = end + ExportedInterface.size() * device.bNumInterfaces
        if len(data) < at:
            return None
        pieces = range(end, at, ExportedInterface.size())
        devices.append((device, [ExportedInterface.decode(data[start : start + 4]) for start in pieces]))
    return devices


def encode_import_reply(device: ExportedDevice | None, status: Status = Status.OK) -> bytes:
    """OP_REP_IMPORT: the device, or without one only the status that says why not."""
    head = _OPERATION.pack(VERSION, Operation.REP_IMPORT, status)
    return head + device.encode() if device is not None else head


def decode_import_reply(data: bytes) -> ExportedDevice | Status | None:
    """The imported device, or why there is none; None while bytes are missing."""
    status = _reply_status(data, Operation.REP_IMPORT)
    if status is None or status is not Status.OK:
        return status
    end = _OPERATION.size + ExportedDevice.size()
    return ExportedDevice.decode(data[_OPERATION.size : end]) if len(data) >= end else None


def _reply_status(data: bytes, wanted: Operation) -> Status | None:
    if len(data) < _OPERATION.size:
        return None
    version, code, status = _OPERATION.unpack_from(data)
    if (version, code) != (VERSION, wanted):
        text = f"version {version:#06x}, code {code:#06x}"
        raise UsbipError(f"{text}: no {wanted.name}", field="code", rule=_Frame.RULE)
    return Status(status) if status <= Status.ERROR else Status.ERROR


def _name(text: str) -> bytes:
    data = text.encode("ascii", "replace")
    if len(data) > 31:
        raise UsbipError(f"{len(data)} characters, at most 31", field="busid", rule=_Frame.RULE)
    return data.ljust(32, b"\0")


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("ascii", "replace")


# --- URBs -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CmdSubmit(_Frame):
    """USBIP_CMD_SUBMIT with the data of an OUT transfer behind it."""

    command: U32 = Code.CMD_SUBMIT
    seqnum: U32 = 0
    devid: U32 = 0
    direction: U32 = OUT
    ep: U32 = 0
    transfer_flags: U32 = 0
    transfer_buffer_length: U32 = 0
    start_frame: U32 = 0
    number_of_packets: U32 = 0
    interval: U32 = 0
    setup: Eight = bytes(8)
    transfer_buffer: Rest = b""


@dataclass(frozen=True, slots=True)
class RetSubmit(_Frame):
    """USBIP_RET_SUBMIT with the data of an IN transfer behind it. `status` is 0 or a negated Errno."""

    command: U32 = Code.RET_SUBMIT
    seqnum: U32 = 0
    devid: U32 = 0
    direction: U32 = 0
    ep: U32 = 0
    status: I32 = 0
    actual_length: U32 = 0
    start_frame: U32 = 0
    number_of_packets: U32 = 0
    error_count: U32 = 0
    padding: Eight = bytes(8)
    transfer_buffer: Rest = b""


@dataclass(frozen=True, slots=True)
class CmdUnlink(_Frame):
    """USBIP_CMD_UNLINK: the submit of this seqnum is not wanted any more."""

    command: U32 = Code.CMD_UNLINK
    seqnum: U32 = 0
    devid: U32 = 0
    direction: U32 = 0
    ep: U32 = 0
    unlink_seqnum: U32 = 0
    padding: Rest = bytes(24)


@dataclass(frozen=True, slots=True)
class RetUnlink(_Frame):
    """USBIP_RET_UNLINK: -ECONNRESET when the transfer was taken back, 0 when it had ended already."""

    command: U32 = Code.RET_UNLINK
    seqnum: U32 = 0
    devid: U32 = 0
    direction: U32 = 0
    ep: U32 = 0
    status: I32 = 0
    padding: Rest = bytes(24)


HostFrame: TypeAlias = CmdSubmit | CmdUnlink
DeviceFrame: TypeAlias = RetSubmit | RetUnlink


def host_frame_size(prefix: bytes | bytearray) -> int | None:
    """Bytes of the frame from a host that begins so, None while open; UsbipError for another command."""
    if len(prefix) < HEADER_SIZE:
        return None
    command, _, _, direction, _ = _BASIC.unpack_from(prefix)
    if command == Code.CMD_UNLINK:
        return HEADER_SIZE
    if command != Code.CMD_SUBMIT:
        raise UsbipError(f"{command} is no command of a host", field="command", rule=_Frame.RULE)
    length = _length(prefix)
    return HEADER_SIZE + length if direction == OUT else HEADER_SIZE


def device_frame_size(prefix: bytes | bytearray, waiting_in: Container[int]) -> int | None:
    """As host_frame_size for a device's frames. `waiting_in` holds the seqnums of IN transfers under way:
    the frame itself does not tell whether data follows.
    """
    if len(prefix) < HEADER_SIZE:
        return None
    command, seqnum, _, _, _ = _BASIC.unpack_from(prefix)
    if command == Code.RET_UNLINK:
        return HEADER_SIZE
    if command != Code.RET_SUBMIT:
        raise UsbipError(f"{command} is no answer of a device", field="command", rule=_Frame.RULE)
    length = _length(prefix)
    return HEADER_SIZE + length if seqnum in waiting_in else HEADER_SIZE


def decode_host_frame(data: bytes) -> HostFrame:
    """A whole frame from a host."""
    command = int.from_bytes(data[:4], "big")
    return CmdUnlink.decode(data) if command == Code.CMD_UNLINK else CmdSubmit.decode(data)


def decode_device_frame(data: bytes) -> DeviceFrame:
    """A whole frame from a device."""
    command = int.from_bytes(data[:4], "big")
    return RetUnlink.decode(data) if command == Code.RET_UNLINK else RetSubmit.decode(data)


def _length(prefix: bytes | bytearray) -> int:
    length = int.from_bytes(prefix[24:28], "big")
    if length > MAX_TRANSFER:
        text = f"{length} bytes, at most {MAX_TRANSFER}"
        raise UsbipError(text, field="transfer_buffer_length", rule=_Frame.RULE)
    return length


def exported(
    busid: str, busnum: int, devnum: int, speed: Speed, fields: dict[str, int], interfaces: int
) -> ExportedDevice:
    """The description of a device; `fields` are those of its device descriptor that it shows."""
    path = f"/sys/devices/kassalab/usb{busnum}/{busid}".encode()
    return ExportedDevice(
        path=path.ljust(256, b"\0"),
        busid=_name(busid),
        busnum=busnum,
        devnum=devnum,
        speed=speed,
        bNumInterfaces=interfaces,
        **fields,
    )
