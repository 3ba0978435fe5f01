"""USB/IP frames as the kernel's documentation prints them, and any of them there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb import usbip
from reference.protocol.usb.errors import UsbipError
from reference.protocol.usb.usbip import (
    CmdSubmit,
    CmdUnlink,
    ExportedInterface,
    Operation,
    RetSubmit,
    RetUnlink,
    Speed,
    Status,
)

FIELDS = {"idVendor": 0x1209, "idProduct": 0x4B01, "bcdDevice": 0x0100}
DEVICE = usbip.exported("1-1", 1, 2, Speed.FULL, FIELDS, 1)
READER = ExportedInterface(0x0B)


def test_requests_byte_for_byte():
    assert usbip.encode_request(Operation.REQ_DEVLIST) == bytes.fromhex("0111 8005 00000000")
    assert usbip.encode_request(Operation.REQ_IMPORT, "1-1") == (
        bytes.fromhex("0111 8003 00000000") + b"1-1".ljust(32, b"\0")
    )


@pytest.mark.parametrize("busid", ["", "1-1", "x" * 31])
def test_a_request_is_decoded(busid):
    data = usbip.encode_request(Operation.REQ_IMPORT, busid)
    assert usbip.request_size(data[:7]) is None
    assert usbip.request_size(data[:8]) == len(data) == 40
    assert usbip.decode_request(data) == (Operation.REQ_IMPORT, busid)


def test_a_list_request_is_decoded():
    assert usbip.decode_request(bytes.fromhex("0111800500000000")) == (Operation.REQ_DEVLIST, "")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("0110800500000000", "version: 0x0110, not 0x0111"),
        ("0111000500000000", "code: 0x0005 is no request"),
        ("0111800300000000", "size: 8 bytes are no whole request"),
    ],
)
def test_what_is_no_request(data, text):
    with pytest.raises(UsbipError) as caught:
        usbip.decode_request(bytes.fromhex(data))
    assert text in str(caught.value)


def test_a_bus_id_has_31_characters():
    with pytest.raises(UsbipError, match="busid: 32 characters, at most 31"):
        usbip.encode_request(Operation.REQ_IMPORT, "x" * 32)


def test_a_device_in_312_bytes():
    data = DEVICE.encode()
    assert len(data) == 312
    assert data[256:288] == b"1-1".ljust(32, b"\0")
    assert data[288:] == bytes.fromhex("00000001 00000002 00000002 1209 4b01 0100 000000 00 01 01")
    assert (DEVICE.name, DEVICE.devid) == ("1-1", 0x00010002)


def test_the_device_list():
    data = usbip.encode_device_list([(DEVICE, [READER])])
    assert data[:12] == bytes.fromhex("0111 0005 00000000 00000001")
    assert data[-4:] == bytes.fromhex("0b000000")
    assert usbip.decode_device_list(data) == [(DEVICE, [READER])]
    for size in range(len(data)):
        assert usbip.decode_device_list(data[:size]) is None
    assert usbip.decode_device_list(usbip.encode_device_list([])) == []


def test_the_answer_to_an_import():
    data = usbip.encode_import_reply(DEVICE)
    assert data[:8] == bytes.fromhex("0111 0003 00000000")
    assert usbip.decode_import_reply(data) == DEVICE
    assert usbip.decode_import_reply(data[:-1]) is None
    assert usbip.decode_import_reply(b"") is None
    assert usbip.decode_import_reply(usbip.encode_import_reply(None, Status.NODEV)) is Status.NODEV
    assert usbip.decode_import_reply(bytes.fromhex("0111000300000063")) is Status.ERROR
    with pytest.raises(UsbipError, match="no REP_IMPORT"):
        usbip.decode_import_reply(bytes.fromhex("0111000500000000"))


VECTORS = [
    (
        CmdSubmit(seqnum=0xD05, devid=0x1000F, direction=1, ep=1, transfer_flags=0x200,
                  transfer_buffer_length=0x40, interval=4),
        "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 00000000 00000000 00000004"
        "0000000000000000",
    ),
    (
        RetSubmit(seqnum=0xD05, status=-32, actual_length=2, transfer_buffer=b"ab"),
        "00000003 00000d05 00000000 00000000 00000000 ffffffe0 00000002 00000000 00000000 00000000"
        "0000000000000000 6162",
    ),
    (
        CmdUnlink(seqnum=7, devid=0x1000F, unlink_seqnum=6),
        "00000002 00000007 0001000f 00000000 00000000 00000006" + "00" * 24,
    ),
    (
        RetUnlink(seqnum=7, status=-104),
        "00000004 00000007 00000000 00000000 00000000 ffffff98" + "00" * 24,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "text"), VECTORS, ids=[type(one).__name__ for one, _ in VECTORS])
def test_each_frame_byte_for_byte(frame, text):
    data = bytes.fromhex(text)
    assert frame.encode() == data
    from_host = isinstance(frame, CmdSubmit | CmdUnlink)
    decode = usbip.decode_host_frame if from_host else usbip.decode_device_frame
    assert decode(data) == frame


def test_frame_sizes():
    out = CmdSubmit(ep=1, transfer_buffer_length=3, transfer_buffer=b"abc").encode()
    assert usbip.host_frame_size(out[:47]) is None
    assert usbip.host_frame_size(out) == 51
    inward = CmdSubmit(direction=1, ep=2, transfer_buffer_length=512).encode()
    assert usbip.host_frame_size(inward) == 48
    assert usbip.host_frame_size(CmdUnlink().encode()) == 48
    answer = RetSubmit(seqnum=9, actual_length=2, transfer_buffer=b"ab").encode()
    assert usbip.device_frame_size(answer[:47], {9}) is None
    assert usbip.device_frame_size(answer, {9}) == 50
    assert usbip.device_frame_size(answer, set()) == 48
    assert usbip.device_frame_size(RetUnlink().encode(), set()) == 48


def test_frames_of_the_other_side_and_endless_ones_are_refused():
    with pytest.raises(UsbipError, match="command: 3 is no command of a host"):
        usbip.host_frame_size(RetSubmit().encode())
    with pytest.raises(UsbipError, match="command: 1 is no answer of a device"):
        usbip.device_frame_size(CmdSubmit().encode(), set())
    with pytest.raises(UsbipError, match="transfer_buffer_length: 1048577 bytes, at most 1048576"):
        usbip.host_frame_size(CmdSubmit(transfer_buffer_length=(1 << 20) + 1).encode())


@given(
    st.binary(max_size=600), st.integers(0, 2**32 - 1), st.integers(0, 15), st.binary(min_size=8, max_size=8)
)
def test_any_out_transfer_survives(data, seqnum, ep, setup):
    frame = CmdSubmit(
        seqnum=seqnum, ep=ep, transfer_buffer_length=len(data), setup=setup, transfer_buffer=data
    )
    raw = frame.encode()
    assert usbip.host_frame_size(raw) == len(raw)
    assert usbip.decode_host_frame(raw) == frame
