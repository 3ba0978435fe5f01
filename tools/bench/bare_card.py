"""The bare mechanism beside which a card in pcscd is measured: the least a card behind vpcd can do.

Run as a process of its own (`python -m tools.bench.bare_card HOST:PORT`), as the emulator is. It takes any
power, has an ATR, and gives every command the same answer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sys
import threading
from typing import Final

from reference.protocol.uz.apdu import ATR_ISO
from tools.bench.children import BenchError, host_port

QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)
ATR_WANTED: Final = b"\x04"
DIALS: Final = 100
"""Tries, a tenth of a second apart."""


def serve(address: str, answer: bytes) -> None:
    """Be in the reader until it closes."""
    with _dialled(address) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (size := _read(line, 2)) is not None:
            frame = _read(line, int.from_bytes(size, "big"))
            if frame is None:
                return
            if frame == ATR_WANTED:
                _write(line, ATR_ISO)
            elif len(frame) > 1:
                _write(line, answer)


def _dialled(address: str) -> socket.socket:
    """pcscd opens the ports of its readers one after the other, some time after it has begun to serve."""
    pause = threading.Event()
    for _ in range(DIALS):
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(host_port(address))
        pause.wait(0.1)
    raise BenchError(f"no reader at {address}")


def _read(line: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        if QUICK_ACK is not None:
            line.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        piece = line.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return data


def _write(line: socket.socket, data: bytes) -> None:
    line.sendall(len(data).to_bytes(2, "big") + data)


def main() -> None:
    """Serve until pcscd or the starter ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", help="HOST:PORT of the vpcd driver")
    parser.add_argument("--answer-bytes", type=int, required=True, help="size of an answer")
    chosen = parser.parse_args()
    sys.stdout.write(json.dumps({"ready": True, "addresses": {}}) + "\n")
    sys.stdout.flush()
    serve(chosen.reader, bytes(chosen.answer_bytes - 2) + b"\x90\x00")


if __name__ == "__main__":
    main()
