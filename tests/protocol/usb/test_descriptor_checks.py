"""Each rule finds the fault that breaks it and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.protocol.usb.descriptor_checks import check_descriptors
from reference.protocol.usb.descriptors import (
    CcidFeatures,
    Configuration,
    ConfigurationDescriptor,
    DescriptorType,
    DeviceDescriptor,
    DeviceQualifierDescriptor,
    OtherSpeedConfigurationDescriptor,
    StringDescriptor,
)
from reference.protocol.usb.usbip import Speed
from tests.protocol.usb.test_descriptors import make_configuration

DEVICE = DeviceDescriptor(idVendor=0x1209, iManufacturer=1, iSerialNumber=4)
D, C, S = DescriptorType.DEVICE, DescriptorType.CONFIGURATION, DescriptorType.STRING
Q, O = DescriptorType.DEVICE_QUALIFIER, DescriptorType.OTHER_SPEED_CONFIGURATION  # noqa: E741


def described(device=DEVICE, tree=None, **more):
    strings = [StringDescriptor.languages(0x0409), *(StringDescriptor.of(text) for text in "abcd")]
    return {
        (D, 0): device.encode(),
        (C, 0): (tree or make_configuration()).encode(),
        **{(S, index): one.encode() for index, one in enumerate(strings)},
    }


def with_head(**fields):
    tree = make_configuration()
    return described(tree=Configuration(replace(tree.descriptor, **fields), tree.interfaces))


def with_interface(**fields):
    tree = make_configuration()
    one = tree.interfaces[0]
    own = replace(one, descriptor=replace(one.descriptor, **fields))
    return described(tree=Configuration(tree.descriptor, (own,)))


def with_endpoint(place, **fields):
    tree = make_configuration()
    one = tree.interfaces[0]
    ends = list(one.endpoints)
    ends[place] = replace(ends[place], **fields)
    return described(tree=Configuration(tree.descriptor, (replace(one, endpoints=tuple(ends)),)))


def with_ccid(**fields):
    tree = make_configuration()
    one = tree.interfaces[0]
    own = replace(one, extra=(replace(one.ccid, **fields),))
    return described(tree=Configuration(tree.descriptor, (own,)))


def without_ccid():
    tree = make_configuration()
    one = replace(tree.interfaces[0], extra=())
    head = replace(tree.descriptor, wTotalLength=tree.descriptor.wTotalLength - 54)
    return described(tree=Configuration(head, (one,)))


def test_nothing_is_found_where_nothing_is_wrong():
    assert check_descriptors(described()) == []


CASES = [
    (described(replace(DEVICE, bcdUSB=0x0100)), "bcdUSB: 0x0100 is no release from 1.1 on"),
    (described(replace(DEVICE, bcdUSB=0x02A0)), "bcdUSB: 0x02a0 is no release"),
    (described(replace(DEVICE, bMaxPacketSize0=10)), "bMaxPacketSize0: 10 is none of"),
    (described(replace(DEVICE, idVendor=0)), "idVendor: 0 is nobody's"),
    (described(replace(DEVICE, bcdDevice=0x0A00)), "bcdDevice: 0x0a00 is not BCD"),
    (described(replace(DEVICE, bNumConfigurations=0)), "bNumConfigurations: there is none"),
    (described(replace(DEVICE, iProduct=9)), "iProduct: there is no string 9"),
    (with_head(wTotalLength=92), "wTotalLength: 92, but there are 93 bytes"),
    (with_head(bNumInterfaces=2), "bNumInterfaces: 2, but there are 1"),
    (with_head(bConfigurationValue=0), "bConfigurationValue: 0 means not configured"),
    (with_head(bmAttributes=0x00), "bmAttributes: 0x00, bit 7"),
    (with_head(bmAttributes=0x81), "bmAttributes: 0x81, bit 7"),
    (with_head(bMaxPower=251), "bMaxPower: 502 mA, at most 500"),
    (with_head(iConfiguration=8), "iConfiguration: there is no string 8"),
    (with_interface(bInterfaceNumber=1), "bInterfaceNumber: [1] do not count from 0"),
    (with_interface(bNumEndpoints=2), "bNumEndpoints: 2, but there are 3"),
    (with_interface(iInterface=7), "iInterface: there is no string 7"),
    (with_interface(bInterfaceSubClass=1), "bInterfaceSubClass, bInterfaceProtocol: 01.00 is no reader"),
    (with_interface(bInterfaceProtocol=3), "bInterfaceSubClass, bInterfaceProtocol: 00.03 is no reader"),
    (with_endpoint(1, bEndpointAddress=0x80), "bEndpointAddress: 0x80 is none"),
    (with_endpoint(1, bEndpointAddress=0x92), "bEndpointAddress: 0x92 is none"),
    (with_endpoint(2, bEndpointAddress=0x82), "bEndpointAddress: 0x82 twice"),
    (with_endpoint(0, bmAttributes=0x06), "bmAttributes: 0x06 of endpoint 0x01 has reserved bits"),
    (with_endpoint(0, wMaxPacketSize=512), "wMaxPacketSize: 512 of bulk endpoint 0x01 at FULL speed"),
    (with_endpoint(2, wMaxPacketSize=65), "wMaxPacketSize: 65 of interrupt endpoint 0x83"),
    (with_endpoint(2, bInterval=0), "bInterval: 0 of endpoint 0x83, not 1 to 255"),
    (with_endpoint(0, bEndpointAddress=0x84), "endpoints: not bulk OUT, bulk IN"),
    (without_ccid(), "CcidDescriptor: missing"),
    (with_ccid(bcdCCID=0x0120), "bcdCCID: 0x0120 is no release"),
    (with_ccid(bVoltageSupport=0), "bVoltageSupport: 0x00 is no voltage"),
    (with_ccid(dwProtocols=4), "dwProtocols: 0x4 is neither T=0 nor T=1"),
    (with_ccid(dwDefaultClock=5000), "dwDefaultClock: 5000 of at most 4000 kHz"),
    (with_ccid(dwDataRate=0), "dwDataRate: 0 of at most 344086 bit/s"),
    (with_ccid(dwMaxIFSD=255), "dwMaxIFSD: 255, for T=1 it is 1 to 254"),
    (with_ccid(dwSynchProtocols=8), "dwSynchProtocols: 0x8 has reserved bits"),
    (with_ccid(dwMechanical=0x10), "dwMechanical: 0x10 has reserved bits"),
    (with_ccid(bMaxCCIDBusySlots=2), "bMaxCCIDBusySlots: 2 of 1 slots"),
    (with_ccid(bPINSupport=4), "bPINSupport: 0x04 has reserved bits"),
    (with_ccid(dwFeatures=0x800), "dwFeatures: 0x00000800 has reserved bits"),
    (with_ccid(dwFeatures=0x30000), "dwFeatures: 0x00030000 names more than one exchange level"),
    (with_ccid(dwFeatures=0xC0), "dwFeatures: 0x000000c0 negotiates in two ways"),
    (with_ccid(dwMaxCCIDMessageLength=270), "dwMaxCCIDMessageLength: 270, at least 271"),
    (
        with_ccid(dwFeatures=CcidFeatures.EXTENDED_APDU_LEVEL, dwMaxCCIDMessageLength=65_555),
        "dwMaxCCIDMessageLength: 65555, at extended APDU level 271 to 65554",
    ),
    (described() | {(S, 4): b"\x03\x03A"}, "string 4: bString: truncated data"),
    (described() | {(S, 0): b"\x02\x03"}, "string 0: no language, but there are strings"),
    (described() | {(D, 0): b"\x12\x01"}, "DeviceDescriptor: 2 bytes, not 18 bytes"),
    (described() | {(C, 0): b""}, "ConfigurationDescriptor: 0 bytes"),
    (
        described() | {(Q, 0): DeviceQualifierDescriptor().encode()},
        "DEVICE_QUALIFIER, OTHER_SPEED_CONFIGURATION: one without the other",
    ),
]


@pytest.mark.parametrize(("found", "text"), CASES, ids=[text[:40] for _, text in CASES])
def test_each_rule_finds_what_breaks_it(found, text):
    findings = check_descriptors(found)
    assert any(text in one for one in findings), findings
    assert all(one.endswith(")") for one in findings), "every finding names its clause"


def test_what_is_not_there_at_all():
    assert check_descriptors({}) == [
        "DEVICE: missing (USB 2.0 §9.4.3)",
        "CONFIGURATION: missing (USB 2.0 §9.4.3)",
    ]


def high_speed(qualifier=None, other=None):
    tree = make_configuration()
    one = tree.interfaces[0]
    bulk = tuple(replace(end, wMaxPacketSize=512) for end in one.endpoints[:2])
    ends = (*bulk, replace(one.endpoints[2], bInterval=8))
    found = described(tree=Configuration(tree.descriptor, (replace(one, endpoints=ends),)))
    other = other or make_configuration(OtherSpeedConfigurationDescriptor()).encode()
    return found | {(Q, 0): (qualifier or DeviceQualifierDescriptor()).encode(), (O, 0): other}


def test_a_high_speed_device_describes_both_speeds():
    assert check_descriptors(high_speed(), Speed.HIGH) == []
    findings = check_descriptors(described(), Speed.HIGH)
    assert "DEVICE_QUALIFIER: missing in a high-speed device (USB 2.0 §9.6.2)" in findings
    assert any("bInterval: 16" in one for one in check_descriptors(high_speed())) is False
    assert any("wMaxPacketSize: 64 of bulk endpoint 0x01 at HIGH" in one for one in findings)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (high_speed(replace(DeviceQualifierDescriptor(), bcdUSB=0x0110)), "bcdUSB: 0x0110 in the qualifier"),
        (high_speed(replace(DeviceQualifierDescriptor(), bReserved=1)), "bReserved: 1 in the qualifier"),
        (high_speed() | {(Q, 0): b"\x0a\x06"}, "DeviceQualifierDescriptor: 2 bytes"),
        (
            high_speed(other=ConfigurationDescriptor(wTotalLength=3).encode()),
            "wTotalLength: 3 at the other speed, but 9 bytes",
        ),
        (
            high_speed() | {(D, 0): replace(DEVICE, bMaxPacketSize0=8).encode()},
            "bMaxPacketSize0: 8, at high speed 64",
        ),
    ],
)
def test_rules_of_high_speed(found, text):
    assert any(text in one for one in check_descriptors(found, Speed.HIGH))
