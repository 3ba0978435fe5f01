"""What Linux's usbmon writes about a URB: packets of link type 220, a header of 64 bytes and the data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from reference.protocol.usb.descriptors import TransferType
from reference.protocol.usb.errors import UsbError
from reference.protocol.usb.fields import I32, I64, U8, U16, U32, U64, Eight, Record, Rest
from reference.protocol.usb.usbip import Errno

LINKTYPE_USB_LINUX_MMAPPED: Final = 220
_PRESENT: Final = 0


class EventType(IntEnum):
    """`type` of a packet."""

    SUBMIT = ord("S")
    COMPLETE = ord("C")
    ERROR = ord("E")


_TYPES: Final = {
    TransferType.ISOCHRONOUS: 0,
    TransferType.INTERRUPT: 1,
    TransferType.CONTROL: 2,
    TransferType.BULK: 3,
}


@dataclass(frozen=True, slots=True)
class UsbmonPacket(Record):
    """One event, in the field names of the kernel's documentation. Flags are 0 when their part is there."""

    ERROR: ClassVar[type[UsbError]] = UsbError
    RULE: ClassVar[str] = "usbmon"

    id: U64
    type: U8
    xfer_type: U8
    epnum: U8
    devnum: U8
    busnum: U16
    flag_setup: U8
    flag_data: U8
    ts_sec: I64
    ts_usec: I32
    status: I32
    length: U32
    len_cap: U32
    setup: Eight = bytes(8)
    interval: I32 = 0
    start_frame: I32 = 0
    xfer_flags: U32 = 0
    ndesc: U32 = 0
    data: Rest = b""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is plugged."""

    busnum: int
    devnum: int


def submit(
    urb: int,
    time_ns: int,
    place: Place,
    endpoint: int,
    kind: TransferType,
    length: int,
    *,
    setup: bytes = b"",
    data: bytes = b"",
    interval: int = 0,
) -> bytes:
    """A transfer begins. `endpoint` has bit 7 set towards the host; OUT data are shown here."""
    inward = bool(endpoint & 0x80)
    return UsbmonPacket(
        id=urb,
        type=EventType.SUBMIT,
        xfer_type=_TYPES[kind],
        epnum=endpoint,
        devnum=place.devnum,
        busnum=place.busnum,
        flag_setup=_PRESENT if setup else ord("-"),
        flag_data=ord("<") if inward else _PRESENT if data else ord(">"),
        ts_sec=time_ns // 10**9,
        ts_usec=time_ns % 10**9 // 1000,
        status=-Errno.EINPROGRESS,
        length=length,
        len_cap=0 if inward else len(data),
        setup=setup or bytes(8),
        interval=interval,
        data=b"" if inward else data,
    ).encode()


def complete(
    urb: int,
    time_ns: int,
    place: Place,
    endpoint: int,
    kind: TransferType,
    length: int,
    *,
    status: int = 0,
    data: bytes = b"",
    interval: int = 0,
) -> bytes:
    """A transfer has ended with a status, 0 or a negated errno; IN data are shown here."""
    inward = bool(endpoint & 0x80)
    return UsbmonPacket(
        id=urb,
        type=EventType.COMPLETE,
        xfer_type=_TYPES[kind],
        epnum=endpoint,
        devnum=place.devnum,
        busnum=place.busnum,
        flag_setup=ord("-"),
        flag_data=(_PRESENT if data else ord("<")) if inward else ord(">"),
        ts_sec=time_ns // 10**9,
        ts_usec=time_ns % 10**9 // 1000,
        status=status,
        length=length,
        len_cap=len(data) if inward else 0,
        interval=interval,
        data=data if inward else b"",
    ).encode()
