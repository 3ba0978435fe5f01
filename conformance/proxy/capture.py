"""Both TCP connections of every line as a packet capture: interface `client` is what the client saw, `server`
what the server saw.
"""

from __future__ import annotations

from typing import BinaryIO

from conformance.proxy.units import Side
from conformance.reports.pcapng import End, LinkType, PcapngWriter, TcpConversation
from reference.runtime.clock import PartClock


class Capture:
    """A StreamTap that writes pcapng. Times are the lab's."""

    def __init__(self, file: BinaryIO, clock: PartClock) -> None:
        self._writer = PcapngWriter(file)
        self._clock = clock
        self._interfaces = {leg: self._writer.interface(LinkType.RAW_IP, leg) for leg in ("client", "server")}
        self._open: dict[tuple[int, str], TcpConversation] = {}

    def opened(self, line: int, leg: str, client: End, server: End) -> None:
        """A TCP connection is there."""
        conversation = TcpConversation(self._writer, self._interfaces[leg], client, server)
        self._open[line, leg] = conversation
        conversation.open(self._clock.now_ns())

    def data(self, line: int, leg: str, side: Side, data: bytes) -> None:
        """Bytes of one direction."""
        conversation = self._open[line, leg]
        conversation.data(self._clock.now_ns(), data, from_client=side is Side.REQUEST)
        self._writer.flush()

    def closed(self, line: int, leg: str) -> None:
        """The connection is over."""
        self._open.pop((line, leg)).close(self._clock.now_ns())
        self._writer.flush()
