"""What is wrong with a device's descriptors by USB 2.0 chapter 9 and CCID 1.1 §5.1, in one pass.

A finding is a sentence that begins with the field and ends with the clause. The rules of one descriptor stand
together; none of them looks at bytes, which `descriptors` has taken apart before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from reference.protocol.usb.descriptors import (
    EXCHANGE_LEVELS,
    SMART_CARD,
    CcidDescriptor,
    CcidFeatures,
    Configuration,
    DescriptorType,
    DeviceDescriptor,
    DeviceQualifierDescriptor,
    EndpointDescriptor,
    Interface,
    StringDescriptor,
    TransferType,
    parse_configuration,
)
from reference.protocol.usb.errors import DescriptorError
from reference.protocol.usb.usbip import Speed

T = TypeVar("T")
Descriptors = Mapping[tuple[int, int], bytes]
"""What GET_DESCRIPTOR answered, by (type, index)."""

_BULK_PACKETS: Final = {Speed.FULL: (8, 16, 32, 64), Speed.HIGH: (512,)}
_SHORT_APDU: Final = 261
_EXTENDED_APDU: Final = 65_544
_HEADER: Final = 10
_ALL_FEATURES: Final = sum(CcidFeatures)


def check_descriptors(found: Descriptors, speed: Speed = Speed.FULL) -> list[str]:
    """All findings for a device that runs at `speed`; empty when there is nothing to find fault with."""
    findings: list[str] = []
    strings = _strings(found, findings)
    device = _decoded(DeviceDescriptor.decode, found, DescriptorType.DEVICE, findings)
    if device is not None:
        findings += _device(device, strings, speed)
    tree = _decoded(parse_configuration, found, DescriptorType.CONFIGURATION, findings)
    if tree is not None:
        raw = found[DescriptorType.CONFIGURATION, 0]
        findings += _configuration(tree, len(raw), strings, speed)
    findings += _other_speed(found, speed)
    return findings


def _decoded(
    decode: Callable[[bytes], T], found: Descriptors, kind: DescriptorType, findings: list[str]
) -> T | None:
    data = found.get((kind, 0))
    if data is None:
        findings.append(f"{kind.name}: missing (USB 2.0 §9.4.3)")
        return None
    try:
        return decode(data)
    except DescriptorError as error:
        findings.append(str(error))
        return None


def _device(device: DeviceDescriptor, strings: Mapping[int, str], speed: Speed) -> Iterator[str]:
    rule = "USB 2.0 §9.6.1"
    if not _is_bcd(device.bcdUSB) or device.bcdUSB < 0x0110:
        yield f"bcdUSB: {device.bcdUSB:#06x} is no release from 1.1 on ({rule})"
    if speed is Speed.HIGH and device.bMaxPacketSize0 != 64:
        yield f"bMaxPacketSize0: {device.bMaxPacketSize0}, at high speed 64 (USB 2.0 §5.5.3)"
    elif device.bMaxPacketSize0 not in (8, 16, 32, 64):
        yield f"bMaxPacketSize0: {device.bMaxPacketSize0} is none of 8, 16, 32, 64 ({rule})"
    if not device.idVendor:
        yield f"idVendor: 0 is nobody's ({rule})"
    if not _is_bcd(device.bcdDevice):
        yield f"bcdDevice: {device.bcdDevice:#06x} is not BCD ({rule})"
    if not device.bNumConfigurations:
        yield f"bNumConfigurations: there is none ({rule})"
    for name in ("iManufacturer", "iProduct", "iSerialNumber"):
        yield from _string(name, getattr(device, name), strings)


def _configuration(tree: Configuration, size: int, strings: Mapping[int, str], speed: Speed) -> Iterator[str]:
    own = tree.descriptor
    rule = "USB 2.0 §9.6.3"
    if own.wTotalLength != size:
        yield f"wTotalLength: {own.wTotalLength}, but there are {size} bytes ({rule})"
    numbers = sorted({one.descriptor.bInterfaceNumber for one in tree.interfaces})
    if own.bNumInterfaces != len(numbers):
        yield f"bNumInterfaces: {own.bNumInterfaces}, but there are {len(numbers)} ({rule})"
    if numbers != list(range(len(numbers))):
        yield f"bInterfaceNumber: {numbers} do not count from 0 (USB 2.0 §9.6.5)"
    if not own.bConfigurationValue:
        yield f"bConfigurationValue: 0 means not configured ({rule})"
    if own.bmAttributes & 0x9F != 0x80:
        yield f"bmAttributes: {own.bmAttributes:#04x}, bit 7 is one and bits 4 to 0 are zero ({rule})"
    if own.bMaxPower > 250:
        yield f"bMaxPower: {2 * own.bMaxPower} mA, at most 500 ({rule})"
    yield from _string("iConfiguration", own.iConfiguration, strings)
    addresses: set[int] = set()
    for interface in tree.interfaces:
        yield from _interface(interface, strings, speed)
        if interface.descriptor.bAlternateSetting == 0:
            for endpoint in interface.endpoints:
                if endpoint.bEndpointAddress in addresses:
                    yield f"bEndpointAddress: {endpoint.bEndpointAddress:#04x} twice (USB 2.0 §9.6.6)"
                addresses.add(endpoint.bEndpointAddress)


def _interface(interface: Interface, strings: Mapping[int, str], speed: Speed) -> Iterator[str]:
    own = interface.descriptor
    if own.bNumEndpoints != len(interface.endpoints):
        yield f"bNumEndpoints: {own.bNumEndpoints}, but there are {len(interface.endpoints)} (USB 2.0 §9.6.5)"
    yield from _string("iInterface", own.iInterface, strings)
    for endpoint in interface.endpoints:
        yield from _endpoint(endpoint, speed)
    if own.bInterfaceClass == SMART_CARD:
        yield from _reader(interface)


def _endpoint(endpoint: EndpointDescriptor, speed: Speed) -> Iterator[str]:
    rule = "USB 2.0 §9.6.6"
    where = f"endpoint {endpoint.bEndpointAddress:#04x}"
    if endpoint.bEndpointAddress & 0x70 or not endpoint.bEndpointAddress & 0x0F:
        yield f"bEndpointAddress: {endpoint.bEndpointAddress:#04x} is none ({rule})"
    kind = endpoint.bmAttributes & 3
    if kind != TransferType.ISOCHRONOUS and endpoint.bmAttributes & 0xFC:
        yield f"bmAttributes: {endpoint.bmAttributes:#04x} of {where} has reserved bits ({rule})"
    packet = endpoint.wMaxPacketSize
    if kind == TransferType.BULK and packet not in _BULK_PACKETS.get(speed, ()):
        yield f"wMaxPacketSize: {packet} of bulk {where} at {speed.name} speed (USB 2.0 §5.8.3)"
    if kind == TransferType.INTERRUPT:
        if not 1 <= packet & 0x7FF <= (1024 if speed is Speed.HIGH else 64):
            yield f"wMaxPacketSize: {packet} of interrupt {where} at {speed.name} speed (USB 2.0 §5.7.3)"
        longest = 16 if speed is Speed.HIGH else 255
        if not 1 <= endpoint.bInterval <= longest:
            yield f"bInterval: {endpoint.bInterval} of {where}, not 1 to {longest} ({rule})"


def _reader(interface: Interface) -> Iterator[str]:
    own = interface.descriptor
    if own.bInterfaceSubClass or own.bInterfaceProtocol > 2:
        codes = f"{own.bInterfaceSubClass:02x}.{own.bInterfaceProtocol:02x}"
        yield f"bInterfaceSubClass, bInterfaceProtocol: {codes} is no reader (CCID 1.1 §4.3)"
    if own.bInterfaceProtocol == 0:
        kinds = [(one.bmAttributes & 3, bool(one.bEndpointAddress & 0x80)) for one in interface.endpoints]
        wanted = [(TransferType.BULK, False), (TransferType.BULK, True)]
        if sorted(kinds) not in (wanted, [*wanted, (TransferType.INTERRUPT, True)]):
            yield "endpoints: not bulk OUT, bulk IN and at most one interrupt IN (CCID 1.1 §4.4)"
    ccid = interface.ccid
    if ccid is None:
        yield "CcidDescriptor: missing (CCID 1.1 §5.1)"
        return
    for name, text in _ccid(ccid):
        yield f"{name}: {text} (CCID 1.1 §5.1)"


def _ccid(ccid: CcidDescriptor) -> Iterator[tuple[str, str]]:
    if ccid.bcdCCID not in (0x0100, 0x0110):
        yield "bcdCCID", f"{ccid.bcdCCID:#06x} is no release"
    if not 1 <= ccid.bVoltageSupport <= 7:
        yield "bVoltageSupport", f"{ccid.bVoltageSupport:#04x} is no voltage"
    if not 1 <= ccid.dwProtocols <= 3:
        yield "dwProtocols", f"{ccid.dwProtocols:#x} is neither T=0 nor T=1"
    if not 0 < ccid.dwDefaultClock <= ccid.dwMaximumClock:
        yield "dwDefaultClock", f"{ccid.dwDefaultClock} of at most {ccid.dwMaximumClock} kHz"
    if not 0 < ccid.dwDataRate <= ccid.dwMaxDataRate:
        yield "dwDataRate", f"{ccid.dwDataRate} of at most {ccid.dwMaxDataRate} bit/s"
    if ccid.dwProtocols & 2 and not 1 <= ccid.dwMaxIFSD <= 254:
        yield "dwMaxIFSD", f"{ccid.dwMaxIFSD}, for T=1 it is 1 to 254"
    if ccid.dwSynchProtocols > 7:
        yield "dwSynchProtocols", f"{ccid.dwSynchProtocols:#x} has reserved bits"
    if ccid.dwMechanical > 0x0F:
        yield "dwMechanical", f"{ccid.dwMechanical:#x} has reserved bits"
    if not 1 <= ccid.bMaxCCIDBusySlots <= ccid.bMaxSlotIndex + 1:
        yield "bMaxCCIDBusySlots", f"{ccid.bMaxCCIDBusySlots} of {ccid.bMaxSlotIndex + 1} slots"
    if ccid.bPINSupport > 3:
        yield "bPINSupport", f"{ccid.bPINSupport:#04x} has reserved bits"
    yield from _features(ccid)


def _features(ccid: CcidDescriptor) -> Iterator[tuple[str, str]]:
    features = ccid.dwFeatures
    level = features & EXCHANGE_LEVELS
    if features & ~_ALL_FEATURES:
        yield "dwFeatures", f"{features:#010x} has reserved bits"
    if level.bit_count() > 1:
        yield "dwFeatures", f"{features:#010x} names more than one exchange level"
    both = CcidFeatures.AUTO_NEGOTIATION | CcidFeatures.AUTO_PPS
    if features & both == both:
        yield "dwFeatures", f"{features:#010x} negotiates in two ways"
    longest = ccid.dwMaxCCIDMessageLength
    if level == CcidFeatures.EXTENDED_APDU_LEVEL:
        least, most = _SHORT_APDU + _HEADER, _EXTENDED_APDU + _HEADER
        if not least <= longest <= most:
            yield "dwMaxCCIDMessageLength", f"{longest}, at extended APDU level {least} to {most}"
    elif level and longest < _SHORT_APDU + _HEADER:
        yield "dwMaxCCIDMessageLength", f"{longest}, at least {_SHORT_APDU + _HEADER}"


def _other_speed(found: Descriptors, speed: Speed) -> Iterator[str]:
    rule = "USB 2.0 §9.6.2"
    raw = found.get((DescriptorType.DEVICE_QUALIFIER, 0))
    other = found.get((DescriptorType.OTHER_SPEED_CONFIGURATION, 0))
    if raw is None or other is None:
        if raw is not None or other is not None:
            yield f"DEVICE_QUALIFIER, OTHER_SPEED_CONFIGURATION: one without the other ({rule})"
        elif speed is Speed.HIGH:
            yield f"DEVICE_QUALIFIER: missing in a high-speed device ({rule})"
        return
    try:
        qualifier = DeviceQualifierDescriptor.decode(raw)
        tree = parse_configuration(other)
    except DescriptorError as error:
        yield str(error)
        return
    if qualifier.bcdUSB < 0x0200:
        yield f"bcdUSB: {qualifier.bcdUSB:#06x} in the qualifier, at least 0x0200 ({rule})"
    if qualifier.bReserved:
        yield f"bReserved: {qualifier.bReserved} in the qualifier ({rule})"
    if tree.descriptor.wTotalLength != len(other):
        total = tree.descriptor.wTotalLength
        yield f"wTotalLength: {total} at the other speed, but {len(other)} bytes ({rule})"


def _strings(found: Descriptors, findings: list[str]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for (kind, index), data in found.items():
        if kind != DescriptorType.STRING:
            continue
        try:
            texts[index] = StringDescriptor.decode(data).text
        except DescriptorError as error:
            findings.append(f"string {index}: {error}")
    if any(texts) and not texts.get(0):
        findings.append("string 0: no language, but there are strings (USB 2.0 §9.6.7)")
    return texts


def _string(name: str, index: int, strings: Mapping[int, str]) -> Iterator[str]:
    if index and not strings.get(index):
        yield f"{name}: there is no string {index} (USB 2.0 §9.6.7)"


def _is_bcd(value: int) -> bool:
    return all(value >> shift & 15 < 10 for shift in (0, 4, 8, 12))
