"""The bare mechanism beside which the module is measured: an echo of frames, maybe with a group commit.

Run as a process of its own (`python -m tools.bench.echo`), so that it gets the same core and the same
loopback as the emulator does. Frames are the module's: one length byte, then the bytes (uz-fiscal EM-02).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from pathlib import Path

from reference.runtime.journal import Journal


class EchoServer:
    """Answers of one loop turn share one append and one fdatasync, as the emulator's do."""

    def __init__(self, answer: bytes, journal: Journal | None, record: bytes) -> None:
        self.answer = bytes((len(answer),)) + answer
        self.journal = journal
        self.record = record
        self.waiting: list[asyncio.WriteTransport] = []

    def asked(self, transport: asyncio.WriteTransport) -> None:
        """Take one frame; the answer leaves at the end of the loop turn, when it is safe."""
        if self.journal is None:
            transport.write(self.answer)
            return
        if not self.waiting:
            asyncio.get_running_loop().call_soon(self._commit, self.journal)
        self.journal.append(self.record)
        self.waiting.append(transport)

    def _commit(self, journal: Journal) -> None:
        journal.commit()
        waiting, self.waiting = self.waiting, []
        for transport in waiting:
            transport.write(self.answer)


class EchoProtocol(asyncio.Protocol):
    """One connection: reassembles frames and hands them over."""

    def __init__(self, server: EchoServer) -> None:
        self.server = server
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch off Nagle's algorithm, as every socket of the house does."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Hand over every whole frame."""
        buffer = self.buffer + data
        start = 0
        while start < len(buffer) and len(buffer) > start + buffer[start]:
            start += 1 + buffer[start]
            self.server.asked(self.transport)
        self.buffer = buffer[start:]


async def _serve(server: EchoServer) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: EchoProtocol(server), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"ready": True, "addresses": {"echo": f"127.0.0.1:{port}"}}) + "\n")
    sys.stdout.flush()
    await listener.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer-bytes", type=int, required=True, help="size of an answer")
    parser.add_argument("--record-bytes", type=int, default=0, help="durable bytes a request; 0 = none")
    parser.add_argument("--dir", type=Path, help="folder of the journal")
    chosen = parser.parse_args()
    journal = None
    if chosen.record_bytes:
        journal = Journal(chosen.dir / "echo.journal")
        list(journal.recover())
    server = EchoServer(bytes(chosen.answer_bytes), journal, bytes(chosen.record_bytes))
    asyncio.run(_serve(server))


if __name__ == "__main__":
    main()
