"""Packet captures in the published pcapng format, for Wireshark and its relatives.

Bytes that went over a stream become IP and TCP packets with right numbers and checksums, so that a reader can
follow the stream; what was below TCP was never seen and is made up.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from datetime import datetime
from enum import IntFlag
from pathlib import Path
from typing import Final

from conformance.events import Direction, Exchange, Layer
from reference.protocol.usb.pcapng import LinkType as LinkType
from reference.protocol.usb.pcapng import PcapngWriter as PcapngWriter

MAX_SEGMENT: Final = 1460
FIRST_CLIENT_PORT: Final = 49152
LOOPBACK: Final = "127.0.0.1"
PORTS: Final = {
    Layer.LINK: 4387,
    Layer.APDU: 4387,
    Layer.HTTP: 3449,
    Layer.MESSAGE: 13447,
    Layer.CONTROL: 4388,
}
"""Ports by which a reader knows what is spoken, for exchanges that do not tell theirs."""
KZ_PORT: Final = 7777
_KZ_BEGINNING: Final = b"\xa2\x81"

End = tuple[str, int]
"""Numeric IP address and port."""


class _Flag(IntFlag):
    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


class TcpConversation:
    """One TCP connection made up around the bytes of its streams: handshake, segments, end."""

    def __init__(self, writer: PcapngWriter, interface: int, client: End, server: End) -> None:
        self._writer = writer
        self._interface = interface
        self._ends = (client, server)
        self._addresses = tuple(ipaddress.ip_address(host).packed for host, _ in self._ends)
        self._next = [1000, 2000]
        self._packets = 0

    def open(self, time_ns: int) -> None:
        """The three packets of a connection's beginning."""
        self._segment(time_ns, 0, _Flag.SYN)
        self._segment(time_ns, 1, _Flag.SYN | _Flag.ACK)
        self._segment(time_ns, 0, _Flag.ACK)

    def data(self, time_ns: int, data: bytes, *, from_client: bool, comment: str = "") -> None:
        """Bytes of one direction, in as many segments as they need; the comment stands at the first."""
        for start in range(0, len(data), MAX_SEGMENT):
            piece = data[start : start + MAX_SEGMENT]
            self._segment(time_ns, 0 if from_client else 1, _Flag.PSH | _Flag.ACK, piece, comment)
            comment = ""

    def close(self, time_ns: int, *, by_client: bool = True, abruptly: bool = False) -> None:
        """The end: both directions finished, or a reset."""
        first = 0 if by_client else 1
        if abruptly:
            self._segment(time_ns, first, _Flag.RST | _Flag.ACK)
            return
        self._segment(time_ns, first, _Flag.FIN | _Flag.ACK)
        self._segment(time_ns, 1 - first, _Flag.FIN | _Flag.ACK)
        self._segment(time_ns, first, _Flag.ACK)

    def _segment(self, time_ns: int, sender: int, flags: _Flag, data: bytes = b"", comment: str = "") -> None:
        receiver = 1 - sender
        acknowledged = self._next[receiver] if flags & _Flag.ACK else 0
        ports = (self._ends[sender][1], self._ends[receiver][1])
        head = struct.pack(
            ">HHIIBBHHH", *ports, self._next[sender], acknowledged, 5 << 4, flags, 0xFFFF, 0, 0
        )
        source, destination = self._addresses[sender], self._addresses[receiver]
        size = len(head) + len(data)
        pseudo = source + destination + struct.pack(">HH", 6, size)
        tcp = head[:16] + struct.pack(">H", _checksum(pseudo + head + data)) + head[18:] + data
        self._packets += 1
        packet = _ip_header(source, destination, size, self._packets) + tcp
        self._writer.packet(self._interface, time_ns, packet, comment)
        self._next[sender] = (self._next[sender] + len(data) + bool(flags & (_Flag.SYN | _Flag.FIN))) % (
            1 << 32
        )


def write_pcapng(exchanges: Iterable[Exchange], path: Path) -> None:
    """Write what crossed the wires of a run or record as one capture: a connection for each target, case and
    layer, a new one after each close. OSError when the file cannot be written.
    """
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        interface = writer.interface(LinkType.RAW_IP, "exchanges")
        open_: dict[tuple[str, str, Layer], TcpConversation] = {}
        clients = 0
        time_ns = 0
        for exchange in exchanges:
            time_ns = _time_ns(exchange.lab_time)
            key = (exchange.target, exchange.case_id, exchange.layer)
            if exchange.direction is Direction.CLOSED:
                if key in open_:
                    open_.pop(key).close(time_ns, by_client=False)
                continue
            if key not in open_:
                client = (LOOPBACK, FIRST_CLIENT_PORT + clients % (1 << 14))
                clients += 1
                open_[key] = TcpConversation(writer, interface, client, (LOOPBACK, _port(exchange)))
                open_[key].open(time_ns)
            sent = exchange.direction is Direction.SENT
            open_[key].data(time_ns, exchange.raw, from_client=sent, comment=exchange.case_id)
        for conversation in open_.values():
            conversation.close(time_ns)


def _port(exchange: Exchange) -> int:
    return KZ_PORT if exchange.raw.startswith(_KZ_BEGINNING) else PORTS[exchange.layer]


def _time_ns(lab_time: str) -> int:
    moment = datetime.fromisoformat(lab_time)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000


def _ip_header(source: bytes, destination: bytes, payload: int, number: int) -> bytes:
    if len(source) == 16:
        return struct.pack(">IHBB", 6 << 28, payload, 6, 64) + source + destination
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + payload, number & 0xFFFF, 0x4000, 64, 6, 0)
    head += source + destination
    return head[:10] + struct.pack(">H", _checksum(head)) + head[12:]


def _checksum(data: bytes) -> int:
    """The internet checksum: ones' complement of the ones' complement sum of 16-bit words."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
