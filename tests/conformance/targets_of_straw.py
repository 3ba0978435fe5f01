"""Targets just real enough to be opened by the judge, for tests of the engine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from reference.protocol.uz.apdu import ATR_VENDOR
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo
from tests.waiting import PATIENCE

CHALLENGE = bytes.fromhex("6ae708515ad6ee84")
TERMINAL = "ZZ000000000000"
LAST = datetime(2026, 7, 1, 9, 0, 0)


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP port whose connections go to `handle`, one after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if not ended.is_set():
                    connection.settimeout(10)
                    try:
                        handle(connection)
                    except OSError:
                        continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with socket.socket() as waker:
            waker.connect_ex(listener.getsockname())
        listener.close()
        thread.join(PATIENCE)


def hang_up(connection: socket.socket) -> None:
    """An operator that accepts and closes."""


class StrawModule:
    """A module that answers readings from attributes and all else from `answers`, by hex prefix."""

    def __init__(self) -> None:
        self.terminal = TERMINAL
        self.mode = 1
        self.answers: dict[str, bytes] = {}
        self.seen: list[str] = []

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(bytes((len(ATR_VENDOR),)) + ATR_VENDOR)
        while size := connection.recv(1):
            command = b""
            while len(command) < size[0]:
                command += connection.recv(size[0] - len(command))
            self.seen.append(command.hex())
            answer = self.answer(command.hex())
            if not answer:
                return
            connection.sendall(bytes((len(answer),)) + answer)

    def answer(self, command: str) -> bytes:
        """The response APDU; empty to hang up."""
        for prefix, answer in self.answers.items():
            if command.startswith(prefix):
                return answer
        if command.startswith("00a40400"):
            return b"\x90\x00"
        if command.startswith("00000000"):
            return b"\x04\x00\x90\x00"
        if command.startswith("00000100"):
            info = FiscalInfo(
                applet_version=0x0400,
                terminal_id=self.terminal,
                sync_challenge=CHALLENGE,
                locked=False,
                mode=self.mode,
                pos_locked=False,
                pos_auth=False,
            )
            return info.encode() + b"\x90\x00"
        if command.startswith("00000200"):
            memory = FiscalMemoryInfo(
                terminal_id=self.terminal,
                receipt_seq=0,
                last_operation=LAST,
                receipts_count=0,
                zreports_count=0,
            )
            return memory.encode() + b"\x90\x00"
        if command.startswith("001100"):
            return b"\x90\x17"
        return b"\x6d\x00"
