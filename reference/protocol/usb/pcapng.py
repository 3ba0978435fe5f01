"""Packet captures in the published pcapng format, for Wireshark and its relatives.

Blocks of the format: one section header, one interface description each, one enhanced packet each.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import BinaryIO, Final

SECTION_HEADER: Final = 0x0A0D0D0A
INTERFACE: Final = 0x00000001
ENHANCED_PACKET: Final = 0x00000006
BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
NANOSECONDS: Final = 9
"""Resolution of all times: 10 to the minus 9 (option if_tsresol)."""


class LinkType(IntEnum):
    """What the packets of an interface begin with."""

    RAW_IP = 101
    USB_LINUX_MMAPPED = 220


class _Option(IntEnum):
    COMMENT = 1
    INTERFACE_NAME = 2
    APPLICATION = 4
    TIME_RESOLUTION = 9


class PcapngWriter:
    """Writes blocks to an open binary file; the section header at once. Times are ns since 1970."""

    def __init__(self, file: BinaryIO, application: str = "kassalab") -> None:
        self._file = file
        self._interfaces = 0
        body = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
        self._block(SECTION_HEADER, body, [(_Option.APPLICATION, application.encode())])

    def interface(self, link_type: int, name: str) -> int:
        """Describe one more interface; gives the number its packets carry."""
        options = [(_Option.INTERFACE_NAME, name.encode()), (_Option.TIME_RESOLUTION, bytes((NANOSECONDS,)))]
        self._block(INTERFACE, struct.pack("<HHI", link_type, 0, 0), options)
        self._interfaces += 1
        return self._interfaces - 1

    def packet(self, interface: int, time_ns: int, data: bytes, comment: str = "") -> None:
        """One packet, whole. ValueError for an interface that was not described."""
        if not 0 <= interface < self._interfaces:
            raise ValueError(f"interface {interface} is not one of the {self._interfaces} described")
        high, low = divmod(time_ns, 1 << 32)
        body = struct.pack("<IIIII", interface, high, low, len(data), len(data)) + _padded(data)
        self._block(ENHANCED_PACKET, body, [(_Option.COMMENT, comment.encode())] if comment else [])

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def _block(self, kind: int, body: bytes, options: Sequence[tuple[int, bytes]]) -> None:
        for code, value in options:
            body += struct.pack("<HH", code, len(value)) + _padded(value)
        if options:
            body += struct.pack("<HH", 0, 0)
        size = struct.pack("<I", 12 + len(body))
        self._file.write(struct.pack("<I", kind) + size + body + size)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
