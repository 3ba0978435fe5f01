"""Bytes of descriptors as written out by hand, and the tree of a configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb.descriptors import (
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
    UnknownDescriptor,
    configuration,
    interface,
    parse_configuration,
    split,
)
from reference.protocol.usb.errors import DescriptorError

CCID_BYTES = bytes.fromhex(
    "36 21 1001 00 07 03000000 a00f0000 a00f0000 00 002a0000 16400500 00 fe000000 00000000 00000000"
    "ba040200 0f010000 ff ff 0000 00 01"
)
CCID = CcidDescriptor(dwFeatures=0x000204BA)
ENDPOINTS = (
    EndpointDescriptor(bEndpointAddress=0x01),
    EndpointDescriptor(bEndpointAddress=0x82),
    EndpointDescriptor(bEndpointAddress=0x83, bmAttributes=3, wMaxPacketSize=8, bInterval=16),
)


def make_configuration(head: ConfigurationDescriptor | None = None) -> Configuration:
    ours = InterfaceDescriptor(bInterfaceClass=0x0B, iInterface=4)
    return configuration(head or ConfigurationDescriptor(), [interface(ours, [CCID], ENDPOINTS)])


def test_device_descriptor():
    device = DeviceDescriptor(idVendor=0x1209, idProduct=0x4B01, iManufacturer=1, iProduct=2, iSerialNumber=3)
    assert device.encode() == bytes.fromhex("1201 0002 000000 40 0912 014b 0001 010203 01")


def test_qualifier():
    assert DeviceQualifierDescriptor().encode() == bytes.fromhex("0a06 0002 000000 40 01 00")


def test_class_descriptor():
    assert CCID.encode() == CCID_BYTES
    assert CcidDescriptor.decode(CCID_BYTES) == CCID


def test_a_whole_configuration():
    assert make_configuration().encode() == (
        bytes.fromhex("0902 5d00 01 01 00 80 32" + "0904 00 00 03 0b 00 00 04")
        + CCID_BYTES
        + bytes.fromhex("0705 01 02 4000 00" + "0705 82 02 4000 00" + "0705 83 03 0800 10")
    )


@pytest.mark.parametrize("head", [ConfigurationDescriptor(), OtherSpeedConfigurationDescriptor()])
def test_a_configuration_is_parsed_into_the_tree_it_was(head):
    tree = make_configuration(head)
    parsed = parse_configuration(tree.encode())
    assert parsed == tree
    assert parsed.interfaces[0].ccid == CCID
    assert type(parsed.descriptor) is type(head)


def test_alternate_settings_count_as_one_interface():
    both = [interface(InterfaceDescriptor(bAlternateSetting=number)) for number in (0, 1)]
    assert configuration(ConfigurationDescriptor(), both).descriptor.bNumInterfaces == 1


def test_unknown_class_descriptors_are_kept():
    strange = UnknownDescriptor(5, 0x24, b"abc")
    short_21 = UnknownDescriptor(3, 0x21, b"x")
    one = interface(InterfaceDescriptor(), [strange, short_21])
    tree = configuration(ConfigurationDescriptor(), [one])
    assert parse_configuration(tree.encode()).interfaces[0].extra == (strange, short_21)
    assert tree.interfaces[0].ccid is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "ConfigurationDescriptor: 0 bytes"),
        (bytes.fromhex("0902"), "bLength: 9 at offset 0 of 2 bytes"),
        (bytes.fromhex("0102"), "bLength: 1 at offset 0"),
        (make_configuration().encode()[:9] + bytes.fromhex("07050102400000"), "0x05 before any interface"),
        (bytes.fromhex("0904000003 0b000004"), "ConfigurationDescriptor.bDescriptorType: 0x04, not 0x02"),
    ],
)
def test_what_is_no_configuration_is_refused(data, text):
    with pytest.raises(DescriptorError) as caught:
        parse_configuration(data)
    assert text in str(caught.value)


def test_a_length_that_is_not_its_own_is_refused():
    with pytest.raises(DescriptorError, match=r"EndpointDescriptor.bLength: 9, but 7 bytes came"):
        EndpointDescriptor.decode(bytes.fromhex("09050102400000"))


def test_strings():
    assert StringDescriptor.of("Ab").encode() == bytes.fromhex("0603 4100 6200")
    assert StringDescriptor.languages(0x0409).encode() == bytes.fromhex("0403 0904")
    assert StringDescriptor.decode(bytes.fromhex("0603 4100 6200")).text == "Ab"


def test_a_string_that_is_too_long_or_broken():
    with pytest.raises(DescriptorError, match="bString: 127 units, at most 126"):
        StringDescriptor.of("x" * 127)
    with pytest.raises(DescriptorError, match="bString: truncated data"):
        _ = StringDescriptor.decode(bytes.fromhex("0303 41")).text


@given(st.text(st.characters(codec="utf-16-le"), max_size=63))
def test_any_text_survives(text):
    assert StringDescriptor.decode(StringDescriptor.of(text).encode()).text == text


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_a_run_is_split_where_it_was_joined(bodies):
    parts = [bytes((len(body) + 2, DescriptorType.CCID)) + body for body in bodies]
    assert list(split(b"".join(parts))) == parts
