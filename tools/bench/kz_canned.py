"""The bare server beside which the Kazakh operator is measured: a frame comes in, always the same goes out.

Run as a process of its own (`python -m tools.bench.kz_canned --answer HEX`). It cuts frames by their SIZE
(kz-ofd §2.2) and looks at nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from typing import Final

_SIZE: Final = slice(4, 8)
_BACKLOG: Final = 1024


class CannedProtocol(asyncio.Protocol):
    """One connection: as many answers as whole frames came."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch off Nagle's algorithm, as every socket of the house does."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer every whole frame."""
        buffer = self.buffer + data if self.buffer else data
        while len(buffer) >= _SIZE.stop:
            size = int.from_bytes(buffer[_SIZE], "little")
            if len(buffer) < size:
                break
            buffer = buffer[size:]
            self.transport.write(self.answer)
        self.buffer = buffer


async def _serve(answer: bytes) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: CannedProtocol(answer), "127.0.0.1", 0, backlog=_BACKLOG)
    port = listener.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"ready": True, "addresses": {"canned": f"127.0.0.1:{port}"}}) + "\n")
    sys.stdout.flush()
    await listener.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer", type=bytes.fromhex, required=True, help="the frame to answer, in hex")
    asyncio.run(_serve(parser.parse_args().answer))


if __name__ == "__main__":
    main()
