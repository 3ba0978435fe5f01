from __future__ import annotations

import io

import pytest

from reference.protocol.usb.pcapng import LinkType, PcapngWriter


def test_a_capture_byte_for_byte():
    file = io.BytesIO()
    writer = PcapngWriter(file, "me")
    interface = writer.interface(LinkType.USB_LINUX_MMAPPED, "usb")
    writer.packet(interface, (5 << 32) + 6, b"abcde", "hi")
    writer.flush()
    assert file.getvalue() == bytes.fromhex(
        "0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0200 6d650000 0000 0000 28000000"
        "01000000 28000000 dc00 0000 00000000 0200 0300 75736200 0900 0100 09000000 0000 0000 28000000"
        "06000000 34000000 00000000 05000000 06000000 05000000 05000000 6162636465000000"
        "0100 0200 68690000 0000 0000 34000000"
    )


def test_a_packet_needs_its_interface():
    writer = PcapngWriter(io.BytesIO())
    with pytest.raises(ValueError, match="interface 0 is not one of the 0 described"):
        writer.packet(0, 0, b"")
