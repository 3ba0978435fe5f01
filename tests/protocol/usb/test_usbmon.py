from __future__ import annotations

import struct

from reference.protocol.usb import usbmon
from reference.protocol.usb.descriptors import TransferType
from reference.protocol.usb.libusb import LibusbCode, libusb_error
from reference.protocol.usb.usbmon import Place

AT = 1_700_000_000_123_456_789
PLACE = Place(1, 2)
HEADER = struct.Struct("<QBBBBHBBqiiII8siiII")
"""struct usb_mon_packet of the kernel's documentation of usbmon, with the 16 bytes of the mmapped form."""


def test_a_control_request_and_its_answer():
    setup = bytes.fromhex("8006000100001200")
    begin = usbmon.submit(7, AT, PLACE, 0x80, TransferType.CONTROL, 18, setup=setup)
    assert len(begin) == 64
    assert HEADER.unpack(begin) == (
        7, ord("S"), 2, 0x80, 2, 1, 0, ord("<"), 1_700_000_000, 123_456, -115, 18, 0, setup, 0, 0, 0, 0
    )  # fmt: skip
    end = usbmon.complete(7, AT, PLACE, 0x80, TransferType.CONTROL, 18, data=b"\x12" * 18)
    assert HEADER.unpack(end[:64])[1:8] == (ord("C"), 2, 0x80, 2, 1, ord("-"), 0)
    assert HEADER.unpack(end[:64])[10:13] == (0, 18, 18)
    assert end[64:] == b"\x12" * 18


def test_a_bulk_out_shows_its_data_at_the_beginning():
    begin = usbmon.submit(8, AT, PLACE, 0x01, TransferType.BULK, 3, data=b"abc")
    assert HEADER.unpack(begin[:64])[2:4] == (3, 0x01)
    assert HEADER.unpack(begin[:64])[6:8] == (ord("-"), 0)
    assert begin[64:] == b"abc"
    end = usbmon.complete(8, AT, PLACE, 0x01, TransferType.BULK, 3)
    assert HEADER.unpack(end)[7] == ord(">")
    assert HEADER.unpack(end)[10:13] == (0, 3, 0)


def test_an_interrupt_that_was_taken_back_and_an_empty_out():
    end = usbmon.complete(9, AT, PLACE, 0x83, TransferType.INTERRUPT, 0, status=-104, interval=16)
    fields = HEADER.unpack(end)
    assert fields[2] == 1
    assert (fields[7], fields[10], fields[14]) == (ord("<"), -104, 16)
    assert HEADER.unpack(usbmon.submit(9, AT, PLACE, 0x01, TransferType.BULK, 0))[7] == ord(">")


def test_libusb_errors():
    assert libusb_error(-32) == ("Pipe error", LibusbCode.PIPE, 32)
    assert libusb_error(110).code is LibusbCode.TIMEOUT
    assert libusb_error(-71) == ("Input/Output Error", LibusbCode.IO, 5)
