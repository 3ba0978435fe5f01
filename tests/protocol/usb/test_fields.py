from __future__ import annotations

from dataclasses import dataclass

import pytest

from reference.protocol.usb.errors import UsbError
from reference.protocol.usb.fields import U8, U16, U32, Record, Rest, Two


@dataclass(frozen=True, slots=True)
class Sample(Record):
    RULE = "made up"

    bOne: U8 = 1
    wTwo: U16 = 2
    dwFour: U32 = 4
    ab: Two = b"\0\0"
    rest: Rest = b""


@dataclass(frozen=True, slots=True)
class Closed(Record):
    wOne: U16 = 0x0102


def test_fields_lie_in_order_little_endian():
    assert (
        Sample(0x11, 0x2233, 0x44556677, b"ab", b"xyz").encode()
        == bytes.fromhex("113322776655446162") + b"xyz"
    )
    assert Sample.size() == 9
    assert Closed().encode() == b"\x02\x01"


def test_what_was_encoded_is_decoded():
    sample = Sample(0x11, 0x2233, 0x44556677, b"ab", b"xyz")
    assert Sample.decode(sample.encode()) == sample


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"bOne": 256}, "bOne: 256 does not fit into 1 byte (made up)"),
        ({"wTwo": -1}, "wTwo: -1 does not fit into 2 bytes (made up)"),
        ({"dwFour": "4"}, "dwFour: '4' does not fit into 4 bytes (made up)"),
        ({"ab": b"abc"}, "ab: b'abc' does not fit into 2 bytes (made up)"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(given, text):
    with pytest.raises(UsbError) as caught:
        Sample(**given).encode()
    assert str(caught.value) == text


def test_too_few_and_too_many_bytes_are_refused():
    with pytest.raises(UsbError, match="Sample: 8 bytes, not 9 bytes or more"):
        Sample.decode(bytes(8))
    with pytest.raises(UsbError, match="Closed: 3 bytes, not 2 bytes"):
        Closed.decode(bytes(3))


def test_one_field_alone():
    assert Closed.decode(b"\x05\x00") == Closed(5)
    with pytest.raises(UsbError, match="wOne: 65536 does not fit into 2 bytes"):
        Closed(65_536).encode()
