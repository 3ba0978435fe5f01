"""The eight bytes of a control request (USB 2.0 §9.3) and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from reference.protocol.usb.errors import DescriptorError, UsbError
from reference.protocol.usb.fields import U8, U16, Record

DEVICE_TO_HOST: Final = 0x80
"""Bit 7 of bmRequestType: the data stage goes to the host."""


class RequestType(IntEnum):
    """Bits 6…5 of bmRequestType."""

    STANDARD = 0
    CLASS = 1
    VENDOR = 2


class Recipient(IntEnum):
    """Bits 4…0 of bmRequestType."""

    DEVICE = 0
    INTERFACE = 1
    ENDPOINT = 2
    OTHER = 3


class StandardRequest(IntEnum):
    """bRequest of standard requests (USB 2.0 table 9-4)."""

    GET_STATUS = 0
    CLEAR_FEATURE = 1
    SET_FEATURE = 3
    SET_ADDRESS = 5
    GET_DESCRIPTOR = 6
    SET_DESCRIPTOR = 7
    GET_CONFIGURATION = 8
    SET_CONFIGURATION = 9
    GET_INTERFACE = 10
    SET_INTERFACE = 11
    SYNCH_FRAME = 12


class Feature(IntEnum):
    """wValue of SET_FEATURE and CLEAR_FEATURE (USB 2.0 table 9-6)."""

    ENDPOINT_HALT = 0
    DEVICE_REMOTE_WAKEUP = 1
    TEST_MODE = 2


class CcidRequest(IntEnum):
    """bRequest of the class requests of CCID 1.1 §5.3."""

    ABORT = 0x01
    GET_CLOCK_FREQUENCIES = 0x02
    GET_DATA_RATES = 0x03


@dataclass(frozen=True, slots=True)
class Setup(Record):
    """One control request. wIndex names an interface or endpoint, wLength the size of the data stage."""

    ERROR: ClassVar[type[UsbError]] = DescriptorError
    RULE: ClassVar[str] = "USB 2.0 §9.3"

    bmRequestType: U8
    bRequest: U8
    wValue: U16 = 0
    wIndex: U16 = 0
    wLength: U16 = 0

    @property
    def to_host(self) -> bool:
        """Whether the data stage, if any, goes to the host."""
        return bool(self.bmRequestType & DEVICE_TO_HOST)

    @property
    def type(self) -> int:
        """A RequestType, or 3, which is reserved."""
        return self.bmRequestType >> 5 & 3

    @property
    def recipient(self) -> int:
        """A Recipient, or a reserved number."""
        return self.bmRequestType & 0x1F
