"""A wire of the judge's own writes down what came in the order in which it came, and on which connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from conformance.drivers.wire import BY_US, Wire
from conformance.events import Direction, Layer
from reference.links.address import Endpoint
from tests.waiting import PATIENCE

Noted = tuple[Direction, bytes, bytes, int]


@pytest.fixture
def port() -> Iterator[int]:
    """Says two bytes to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"ab")

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    serving.join(PATIENCE)


def test_bytes_come_before_the_close_behind_them(port: int) -> None:
    noted: list[Noted] = []

    def tap(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
        noted.append((direction, raw, about, line))

    with Wire(Endpoint("127.0.0.1", port), tap, Layer.MESSAGE, 5) as wire:
        assert wire.receive_until(lambda data: len(data) >= 18, about=b"?") == b"ab"
    line = noted[0][3]
    assert noted == [(Direction.RECEIVED, b"ab", b"?", line), (Direction.CLOSED, b"", b"?", line)]


def test_each_connection_has_a_number_of_its_own(port: int) -> None:
    noted: list[Noted] = []

    def tap(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"", line: int = 0) -> None:
        noted.append((direction, raw, about, line))

    endpoint = Endpoint("127.0.0.1", port)
    with Wire(endpoint, tap, Layer.MESSAGE, 5) as first, Wire(endpoint, tap, Layer.MESSAGE, 5) as second:
        assert second.receive(2) == b"ab"
        assert first.receive(2) == b"ab"
    lines = [line for direction, _, _, line in noted if direction is Direction.RECEIVED]
    assert len(set(lines)) == 2
    assert 0 not in lines
    closed = [(about, line) for direction, _, about, line in noted if direction is Direction.CLOSED]
    assert closed == [(BY_US, lines[0]), (BY_US, lines[1])]
