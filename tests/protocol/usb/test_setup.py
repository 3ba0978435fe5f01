from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb.setup import Recipient, RequestType, Setup, StandardRequest


def test_get_device_descriptor_as_every_host_sends_it():
    setup = Setup(0x80, StandardRequest.GET_DESCRIPTOR, 0x0100, 0, 18)
    assert setup.encode() == bytes.fromhex("8006000100001200")
    assert setup.to_host
    assert (setup.type, setup.recipient) == (RequestType.STANDARD, Recipient.DEVICE)


def test_abort_of_slot_1_and_sequence_7():
    setup = Setup.decode(bytes.fromhex("2101010700000000"))
    assert (setup.type, setup.recipient, setup.to_host) == (RequestType.CLASS, Recipient.INTERFACE, False)
    assert (setup.wValue >> 8, setup.wValue & 0xFF) == (7, 1)


@given(st.binary(min_size=8, max_size=8))
def test_any_eight_bytes_survive(data):
    assert Setup.decode(data).encode() == data
