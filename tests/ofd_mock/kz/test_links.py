"""Links: what does not fit into the peer's window is sent later, in order, and closing waits for it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ofd_mock.kz.links import Link, Port
from tests.waiting import eventually

PATIENCE = 20.0
MUCH = bytes(range(256)) * 4 * 4096


class Till(Link):
    """Answers every byte with what its test wants."""

    __slots__ = ("test",)

    def __init__(self, test: Served, port: Port, file: socket.socket) -> None:
        super().__init__(port, file)
        self.test = test

    def made(self) -> None:
        self.read(on=True)

    def received(self, data: bytes) -> None:
        self.test.came += data
        for command in data.decode("ascii"):
            if command == "m":
                self.write(MUCH)
            elif command == "c":
                self.close()
            elif command == "a":
                self.abort()
            elif command == "p":
                self.read(on=False)
                self.test.paused.append(self)

    def ended(self) -> None:
        self.test.ends += 1
        self.close()

    def lost(self) -> None:
        self.test.losses += 1


class Served:
    def __init__(self) -> None:
        self.came = b""
        self.ends = self.losses = self.rounds = 0
        self.paused: list[Link] = []
        self.loop = asyncio.new_event_loop()
        self.port = Port(lambda port, file: Till(self, port, file), self.after)
        self.number = 0

    def after(self) -> None:
        self.rounds += 1

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.number), PATIENCE)


@contextmanager
def served() -> Iterator[Served]:
    test = Served()
    thread = threading.Thread(target=test.loop.run_forever, daemon=True)
    thread.start()
    test.number = test.call(test.port.start("127.0.0.1", 0))

    async def end() -> None:
        test.port.refuse()
        test.port.close()

    try:
        yield test
    finally:
        test.call(end())
        test.loop.call_soon_threadsafe(test.loop.stop)
        thread.join(PATIENCE)
        test.loop.close()


def all_of(file: socket.socket) -> bytes:
    parts = []
    while data := file.recv(1 << 20):
        parts.append(data)
    return b"".join(parts)


def test_what_does_not_fit_is_sent_later_and_before_closing() -> None:
    with served() as test, test.connect() as file:
        file.sendall(b"mmc")
        assert all_of(file) == MUCH + MUCH
        assert (test.losses, test.ends) == (1, 0)


def test_an_abort_leaves_the_rest_unsent() -> None:
    with served() as test, test.connect() as file:
        file.sendall(b"mma")
        with suppress(ConnectionResetError):
            assert len(all_of(file)) < 2 * len(MUCH)
        eventually(lambda: test.losses == 1, 10)


def test_a_paused_link_is_not_read_and_goes_on_where_it_was() -> None:
    with served() as test, test.connect() as file, test.connect() as other:
        file.sendall(b"p")
        other.sendall(b"c")
        assert all_of(other) == b""
        file.sendall(b"xc")
        third = test.connect()
        third.sendall(b"c")
        assert all_of(third) == b""
        third.close()
        assert b"x" not in test.came

        async def go_on() -> None:
            test.paused[0].read(on=True)

        test.call(go_on())
        assert all_of(file) == b""
        assert b"x" in test.came


def test_the_end_of_a_peer_is_told_once() -> None:
    with served() as test, test.connect() as file:
        file.sendall(b"m")
        assert file.recv(1)
        file.close()
        with test.connect() as other:
            other.shutdown(socket.SHUT_WR)
            assert all_of(other) == b""
        eventually(lambda: test.losses == 2, 10)
        assert test.rounds >= 2
