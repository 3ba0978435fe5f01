"""A small reader of packet captures, written from the format's description and independent of the writer."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Packet:
    interface: int
    time_ns: int
    data: bytes
    comment: str = ""


@dataclass
class CaptureFile:
    interfaces: list[tuple[int, str, int]] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)


@dataclass
class Stream:
    """One TCP connection: bytes of both directions in order of their numbers, and how it began and ended."""

    client: tuple[str, int]
    server: tuple[str, int]
    interface: int
    flags: list[int] = field(default_factory=list)
    upward: bytes = b""
    downward: bytes = b""
    expected: dict[tuple[str, int], int] = field(default_factory=dict)


def options(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            assert at + 4 == len(data)
            return found
        found[code] = data[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    assert not data, "options end with opt_endofopt"
    return found


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, at + size - 4)[0] == size, "both lengths agree"
        yield kind, data[at + 8 : at + size - 4]
        at += size
    assert at == len(data)


def read(path: Path) -> CaptureFile:
    capture = CaptureFile()
    for place, (kind, body) in enumerate(blocks(path.read_bytes())):
        if kind == 0x0A0D0D0A:
            assert place == 0
            assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
        elif kind == 1:
            link_type, reserved, _ = struct.unpack_from("<HHI", body)
            assert reserved == 0
            said = options(body[8:])
            capture.interfaces.append((link_type, said[2].decode(), said[9][0]))
        else:
            assert kind == 6
            interface, high, low, size, whole = struct.unpack_from("<IIIII", body)
            assert size == whole
            assert interface < len(capture.interfaces)
            said = options(body[20 + (size + 3) // 4 * 4 :])
            time = high << 32 | low
            capture.packets.append(Packet(interface, time, body[20 : 20 + size], said.get(1, b"").decode()))
    return capture


def folded(data: bytes) -> int:
    """Ones' complement sum: FFFF over data that holds its own right checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def streams(capture: CaptureFile) -> list[Stream]:
    """The connections in order; every packet's lengths, checksums and numbers are checked on the way."""
    found: list[Stream] = []
    for packet in capture.packets:
        source, destination, tcp = _ip(packet.data)
        ports = struct.unpack_from(">HH", tcp)
        sequence, acknowledged, offset, flags = struct.unpack_from(">IIBB", tcp, 4)
        data = tcp[(offset >> 4) * 4 :]
        sender, receiver = (source, ports[0]), (destination, ports[1])
        if flags == 0x02:
            found.append(Stream(sender, receiver, packet.interface))
        stream = next(
            each
            for each in reversed(found)
            if each.interface == packet.interface and {each.client, each.server} == {sender, receiver}
        )
        if sender in stream.expected:
            assert sequence == stream.expected[sender], "no gap and no repeat"
        if flags & 0x10:
            assert acknowledged == stream.expected[receiver], "everything so far is acknowledged"
        stream.expected[sender] = (sequence + len(data) + bool(flags & 3)) % 2**32
        stream.flags.append(flags)
        if sender == stream.client:
            stream.upward += data
        else:
            stream.downward += data
    return found


def _ip(packet: bytes) -> tuple[str, str, bytes]:
    if packet[0] >> 4 == 6:
        size, protocol = struct.unpack_from(">HB", packet, 4)
        source, destination, tcp = packet[8:24], packet[24:40], packet[40:]
        assert size == len(tcp)
    else:
        assert packet[0] == 0x45
        assert folded(packet[:20]) == 0xFFFF
        assert struct.unpack_from(">H", packet, 2)[0] == len(packet)
        protocol = packet[9]
        source, destination, tcp = packet[12:16], packet[16:20], packet[20:]
    assert protocol == 6
    assert folded(source + destination + struct.pack(">HH", 6, len(tcp)) + tcp) == 0xFFFF
    return str(ipaddress.ip_address(source)), str(ipaddress.ip_address(destination)), tcp
