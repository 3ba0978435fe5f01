"""What the emulated key says of itself on USB: its descriptors at either speed, its strings (UZ-DEV-06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.protocol.usb.descriptors import (
    ENGLISH_US,
    SMART_CARD,
    CcidDescriptor,
    Configuration,
    ConfigurationDescriptor,
    DescriptorType,
    DeviceDescriptor,
    DeviceQualifierDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    OtherSpeedConfigurationDescriptor,
    StringDescriptor,
    TransferType,
    configuration,
    interface,
)
from reference.protocol.usb.usbip import Speed

VENDOR: Final = 0x1209
"""Vendor id of pid.codes, whose test range nobody's product has. Never a real vendor's."""
ONE_SLOT: Final = 0x4B01
SEVERAL_SLOTS: Final = 0x4B02
MANUFACTURER: Final = "Kassalab"
PRODUCT: Final = "Kassalab Fiscal Module TEST"

BULK_OUT: Final = 0x01
BULK_IN: Final = 0x82
INTERRUPT_IN: Final = 0x83
PACKET: Final = {Speed.FULL: 64, Speed.HIGH: 512}
"""wMaxPacketSize of a bulk endpoint."""
_NOTICE_PACKET: Final = 8
_NOTICE_INTERVAL: Final = {Speed.FULL: 16, Speed.HIGH: 8}
"""bInterval for 16 ms: milliseconds at full speed, 2 to the n-1 microframes at high speed."""
_OTHER: Final = {Speed.FULL: Speed.HIGH, Speed.HIGH: Speed.FULL}


@dataclass(frozen=True, slots=True)
class Identity:
    """Ids, strings and speed of one device. A high-speed one describes itself at full speed too."""

    serial: str
    product_id: int = ONE_SLOT
    vendor_id: int = VENDOR
    manufacturer: str = MANUFACTURER
    product: str = PRODUCT
    speed: Speed = Speed.FULL

    def __post_init__(self) -> None:
        if self.speed not in PACKET:
            raise ValueError(f"speed: {self.speed!r} is neither full nor high")

    @property
    def device(self) -> DeviceDescriptor:
        """The device descriptor."""
        return DeviceDescriptor(
            idVendor=self.vendor_id,
            idProduct=self.product_id,
            bcdDevice=0x0100,
            iManufacturer=1,
            iProduct=2,
            iSerialNumber=3,
        )

    def configuration(self, reader: CcidDescriptor) -> Configuration:
        """The only configuration, at the speed it runs at."""
        return _configuration(reader, self.speed, ConfigurationDescriptor())

    def descriptors(self, reader: CcidDescriptor) -> dict[tuple[int, int], bytes]:
        """What GET_DESCRIPTOR answers by (type, index); all else stalls."""
        texts = (self.manufacturer, self.product, self.serial, "CCID")
        strings = [StringDescriptor.languages(ENGLISH_US), *(StringDescriptor.of(text) for text in texts)]
        found = {
            (DescriptorType.DEVICE, 0): self.device.encode(),
            (DescriptorType.CONFIGURATION, 0): self.configuration(reader).encode(),
            **{(DescriptorType.STRING, index): one.encode() for index, one in enumerate(strings)},
        }
        if self.speed is Speed.HIGH:
            other = _configuration(reader, _OTHER[self.speed], OtherSpeedConfigurationDescriptor())
            found[DescriptorType.DEVICE_QUALIFIER, 0] = DeviceQualifierDescriptor().encode()
            found[DescriptorType.OTHER_SPEED_CONFIGURATION, 0] = other.encode()
        return {(int(kind), index): data for (kind, index), data in found.items()}


def _configuration(reader: CcidDescriptor, speed: Speed, head: ConfigurationDescriptor) -> Configuration:
    bulk, interrupt = TransferType.BULK, TransferType.INTERRUPT
    packet = PACKET[speed]
    endpoints = (
        EndpointDescriptor(bEndpointAddress=BULK_OUT, bmAttributes=bulk, wMaxPacketSize=packet),
        EndpointDescriptor(bEndpointAddress=BULK_IN, bmAttributes=bulk, wMaxPacketSize=packet),
        EndpointDescriptor(
            bEndpointAddress=INTERRUPT_IN,
            bmAttributes=interrupt,
            wMaxPacketSize=_NOTICE_PACKET,
            bInterval=_NOTICE_INTERVAL[speed],
        ),
    )
    ours = InterfaceDescriptor(bInterfaceClass=SMART_CARD, iInterface=4)
    return configuration(head, [interface(ours, [reader], endpoints)])
