"""Descriptors of USB 2.0 §9.6 and of CCID 1.1 §5.1, field for field, and the tree a configuration is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import ClassVar, Final, Self

from reference.protocol.usb.errors import DescriptorError, UsbError
from reference.protocol.usb.fields import U8, U16, U32, Record, Rest

ENGLISH_US: Final = 0x0409
"""LANGID of the one language our strings have."""
SMART_CARD: Final = 0x0B
"""bInterfaceClass of readers (CCID 1.1 §4.3)."""


class DescriptorType(IntEnum):
    """bDescriptorType (USB 2.0 table 9-5; CCID 1.1 §5.1)."""

    DEVICE = 1
    CONFIGURATION = 2
    STRING = 3
    INTERFACE = 4
    ENDPOINT = 5
    DEVICE_QUALIFIER = 6
    OTHER_SPEED_CONFIGURATION = 7
    CCID = 0x21


class TransferType(IntEnum):
    """Bits 1…0 of an endpoint's bmAttributes."""

    CONTROL = 0
    ISOCHRONOUS = 1
    BULK = 2
    INTERRUPT = 3


class ConfigurationAttributes(IntFlag):
    """bmAttributes of a configuration; bit 7 is always set."""

    RESERVED_ONE = 0x80
    SELF_POWERED = 0x40
    REMOTE_WAKEUP = 0x20


class CcidFeatures(IntFlag):
    """dwFeatures (CCID 1.1 table 5.1-1). Of the exchange levels one is chosen, or none (character level)."""

    AUTO_PARAMETERS = 0x00000002
    AUTO_ACTIVATION = 0x00000004
    AUTO_VOLTAGE = 0x00000008
    AUTO_CLOCK = 0x00000010
    AUTO_BAUD_RATE = 0x00000020
    AUTO_NEGOTIATION = 0x00000040
    AUTO_PPS = 0x00000080
    CLOCK_STOP = 0x00000100
    NAD_NOT_00 = 0x00000200
    AUTO_IFSD = 0x00000400
    TPDU_LEVEL = 0x00010000
    SHORT_APDU_LEVEL = 0x00020000
    EXTENDED_APDU_LEVEL = 0x00040000
    WAKE_UP = 0x00100000


EXCHANGE_LEVELS: Final = (
    CcidFeatures.TPDU_LEVEL | CcidFeatures.SHORT_APDU_LEVEL | CcidFeatures.EXTENDED_APDU_LEVEL
)


class Descriptor(Record):
    """What every descriptor begins with: its length and its type."""

    __slots__ = ()
    ERROR: ClassVar[type[UsbError]] = DescriptorError
    RULE: ClassVar[str] = "USB 2.0 §9.6"
    TYPE: ClassVar[DescriptorType]

    bLength: U8
    bDescriptorType: U8

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The descriptor these bytes are; DescriptorError for another type or another bLength."""
        record = super().decode(data)
        if record.bDescriptorType != cls.TYPE:
            text = f"{record.bDescriptorType:#04x}, not {cls.TYPE:#04x}"
            raise DescriptorError(text, field=f"{cls.__name__}.bDescriptorType", rule=cls.RULE)
        if record.bLength != len(data):
            text = f"{record.bLength}, but {len(data)} bytes came"
            raise DescriptorError(text, field=f"{cls.__name__}.bLength", rule=cls.RULE)
        return record


@dataclass(frozen=True, slots=True)
class DeviceDescriptor(Descriptor):
    """USB 2.0 table 9-8. bDeviceClass 0: each interface tells its own."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.DEVICE

    bLength: U8 = 18
    bDescriptorType: U8 = DescriptorType.DEVICE
    bcdUSB: U16 = 0x0200
    bDeviceClass: U8 = 0
    bDeviceSubClass: U8 = 0
    bDeviceProtocol: U8 = 0
    bMaxPacketSize0: U8 = 64
    idVendor: U16 = 0
    idProduct: U16 = 0
    bcdDevice: U16 = 0x0100
    iManufacturer: U8 = 0
    iProduct: U8 = 0
    iSerialNumber: U8 = 0
    bNumConfigurations: U8 = 1


@dataclass(frozen=True, slots=True)
class DeviceQualifierDescriptor(Descriptor):
    """USB 2.0 table 9-9: what the device would be at its other speed."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.DEVICE_QUALIFIER

    bLength: U8 = 10
    bDescriptorType: U8 = DescriptorType.DEVICE_QUALIFIER
    bcdUSB: U16 = 0x0200
    bDeviceClass: U8 = 0
    bDeviceSubClass: U8 = 0
    bDeviceProtocol: U8 = 0
    bMaxPacketSize0: U8 = 64
    bNumConfigurations: U8 = 1
    bReserved: U8 = 0


@dataclass(frozen=True, slots=True)
class ConfigurationDescriptor(Descriptor):
    """USB 2.0 table 9-10. bMaxPower counts in 2 mA."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.CONFIGURATION

    bLength: U8 = 9
    bDescriptorType: U8 = DescriptorType.CONFIGURATION
    wTotalLength: U16 = 0
    bNumInterfaces: U8 = 1
    bConfigurationValue: U8 = 1
    iConfiguration: U8 = 0
    bmAttributes: U8 = ConfigurationAttributes.RESERVED_ONE
    bMaxPower: U8 = 50


@dataclass(frozen=True, slots=True)
class OtherSpeedConfigurationDescriptor(ConfigurationDescriptor):
    """USB 2.0 table 9-11: the same fields, for the speed the device does not run at."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.OTHER_SPEED_CONFIGURATION

    bDescriptorType: U8 = DescriptorType.OTHER_SPEED_CONFIGURATION


@dataclass(frozen=True, slots=True)
class InterfaceDescriptor(Descriptor):
    """USB 2.0 table 9-12."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.INTERFACE

    bLength: U8 = 9
    bDescriptorType: U8 = DescriptorType.INTERFACE
    bInterfaceNumber: U8 = 0
    bAlternateSetting: U8 = 0
    bNumEndpoints: U8 = 0
    bInterfaceClass: U8 = 0
    bInterfaceSubClass: U8 = 0
    bInterfaceProtocol: U8 = 0
    iInterface: U8 = 0


@dataclass(frozen=True, slots=True)
class EndpointDescriptor(Descriptor):
    """USB 2.0 table 9-13. Bit 7 of bEndpointAddress: towards the host."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.ENDPOINT

    bLength: U8 = 7
    bDescriptorType: U8 = DescriptorType.ENDPOINT
    bEndpointAddress: U8 = 0
    bmAttributes: U8 = TransferType.BULK
    wMaxPacketSize: U16 = 64
    bInterval: U8 = 0


@dataclass(frozen=True, slots=True)
class CcidDescriptor(Descriptor):
    """The smart card device class descriptor, CCID 1.1 table 5.1-1. Clocks in kHz, data rates in bit/s."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.CCID
    RULE: ClassVar[str] = "CCID 1.1 §5.1"

    bLength: U8 = 54
    bDescriptorType: U8 = DescriptorType.CCID
    bcdCCID: U16 = 0x0110
    bMaxSlotIndex: U8 = 0
    bVoltageSupport: U8 = 0x07
    dwProtocols: U32 = 0x03
    dwDefaultClock: U32 = 4000
    dwMaximumClock: U32 = 4000
    bNumClockSupported: U8 = 0
    dwDataRate: U32 = 10752
    dwMaxDataRate: U32 = 344086
    bNumDataRatesSupported: U8 = 0
    dwMaxIFSD: U32 = 254
    dwSynchProtocols: U32 = 0
    dwMechanical: U32 = 0
    dwFeatures: U32 = 0
    dwMaxCCIDMessageLength: U32 = 271
    bClassGetResponse: U8 = 0xFF
    bClassEnvelope: U8 = 0xFF
    wLcdLayout: U16 = 0
    bPINSupport: U8 = 0
    bMaxCCIDBusySlots: U8 = 1


@dataclass(frozen=True, slots=True)
class StringDescriptor(Descriptor):
    """USB 2.0 §9.6.7: UTF-16 without a zero at its end; number 0 lists languages instead."""

    TYPE: ClassVar[DescriptorType] = DescriptorType.STRING
    LIMIT: ClassVar[int] = 126

    bLength: U8 = 2
    bDescriptorType: U8 = DescriptorType.STRING
    bString: Rest = b""

    @classmethod
    def of(cls, text: str) -> Self:
        """The descriptor of a text; DescriptorError above 126 UTF-16 units."""
        data = text.encode("utf-16-le")
        if len(data) > 2 * cls.LIMIT:
            raise DescriptorError(
                f"{len(data) // 2} units, at most {cls.LIMIT}", field="bString", rule=cls.RULE
            )
        return cls(bLength=2 + len(data), bString=data)

    @classmethod
    def languages(cls, *langids: int) -> Self:
        """String 0: the languages there are (wLANGID)."""
        return cls(bLength=2 + 2 * len(langids), bString=b"".join(i.to_bytes(2, "little") for i in langids))

    @property
    def text(self) -> str:
        """What it says; DescriptorError when that is no UTF-16."""
        try:
            return self.bString.decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise DescriptorError(error.reason, field="bString", rule=self.RULE) from None


@dataclass(frozen=True, slots=True)
class UnknownDescriptor(Record):
    """A descriptor of a type that this module does not know, kept as it is."""

    ERROR: ClassVar[type[UsbError]] = DescriptorError
    RULE: ClassVar[str] = "USB 2.0 §9.6"

    bLength: U8
    bDescriptorType: U8
    data: Rest = b""


@dataclass(frozen=True, slots=True)
class Interface:
    """One alternate setting: its descriptor, the class's own descriptors after it, its endpoints."""

    descriptor: InterfaceDescriptor
    extra: tuple[CcidDescriptor | UnknownDescriptor, ...] = ()
    endpoints: tuple[EndpointDescriptor, ...] = ()

    @property
    def ccid(self) -> CcidDescriptor | None:
        """The smart card class descriptor, None when there is none."""
        return next((one for one in self.extra if isinstance(one, CcidDescriptor)), None)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole configuration, as GET_DESCRIPTOR gives it in one run."""

    descriptor: ConfigurationDescriptor
    interfaces: tuple[Interface, ...] = ()

    def encode(self) -> bytes:
        """All its descriptors in order."""
        parts: list[Record] = [self.descriptor]
        for interface in self.interfaces:
            parts += [interface.descriptor, *interface.extra, *interface.endpoints]
        return b"".join(part.encode() for part in parts)


def interface(
    descriptor: InterfaceDescriptor,
    extra: Iterable[CcidDescriptor | UnknownDescriptor] = (),
    endpoints: Iterable[EndpointDescriptor] = (),
) -> Interface:
    """An interface whose bNumEndpoints is counted."""
    own = tuple(endpoints)
    return Interface(replace(descriptor, bNumEndpoints=len(own)), tuple(extra), own)


def configuration(descriptor: ConfigurationDescriptor, interfaces: Iterable[Interface] = ()) -> Configuration:
    """A configuration whose wTotalLength and bNumInterfaces are counted."""
    own = tuple(interfaces)
    numbers = {one.descriptor.bInterfaceNumber for one in own}
    size = len(Configuration(descriptor, own).encode())
    return Configuration(replace(descriptor, wTotalLength=size, bNumInterfaces=len(numbers)), own)


def split(data: bytes) -> Iterator[bytes]:
    """Each descriptor of a run; DescriptorError where a bLength is below 2 or reaches past the end."""
    at = 0
    while at < len(data):
        length = data[at]
        if length < 2 or at + length > len(data):
            text = f"{length} at offset {at} of {len(data)} bytes"
            raise DescriptorError(text, field="bLength", rule="USB 2.0 §9.5")
        yield data[at : at + length]
        at += length


def parse_configuration(data: bytes) -> Configuration:
    """The tree of a whole configuration; DescriptorError for anything that is none."""
    head, *others = list(split(data)) or [b""]
    other_speed = head[1:2] == bytes((DescriptorType.OTHER_SPEED_CONFIGURATION,))
    own = (OtherSpeedConfigurationDescriptor if other_speed else ConfigurationDescriptor).decode(head)
    interfaces: list[Interface] = []
    for one in others:
        if one[1] == DescriptorType.INTERFACE:
            interfaces.append(Interface(InterfaceDescriptor.decode(one)))
            continue
        if not interfaces:
            raise DescriptorError(f"type {one[1]:#04x} before any interface", field="bDescriptorType")
        last = interfaces[-1]
        if one[1] == DescriptorType.ENDPOINT:
            interfaces[-1] = replace(last, endpoints=(*last.endpoints, EndpointDescriptor.decode(one)))
        else:
            interfaces[-1] = replace(last, extra=(*last.extra, _class_descriptor(one)))
    return Configuration(own, tuple(interfaces))


def _class_descriptor(data: bytes) -> CcidDescriptor | UnknownDescriptor:
    # 0x21 is HID's and DFU's type too; only a reader's has 54 bytes.
    if data[1] == DescriptorType.CCID and len(data) == CcidDescriptor.size():
        return CcidDescriptor.decode(data)
    return UnknownDescriptor.decode(data)
