"""The length-byte link: uz-fiscal §7."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reference.links.address import AddressRefusedError, Endpoint
from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.links.patience import Patience, PatienceSpent, send
from reference.links.tcp import TcpLink
from reference.links.urls import make_link, parse_module_url
from reference.protocol.uz.apdu import ATR_VENDOR
from reference.runtime.clock import LabClock
from tests.waiting import PATIENCE

Serve = Callable[[socket.socket], None]
HELLO = bytes((len(ATR_VENDOR),)) + ATR_VENDOR


@contextmanager
def emulator(serve: Serve) -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield Endpoint("127.0.0.1", server.getsockname()[1])
        thread.join(PATIENCE)
        assert not thread.is_alive()


def answering(*answers: bytes) -> Serve:
    """Says hello, then one answer for each command read."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        for answer in answers:
            size = connection.recv(1)
            if not size:
                return
            connection.recv(size[0])
            connection.sendall(answer)

    return serve


def test_an_exchange() -> None:
    """EM-01, EM-02"""
    with emulator(answering(b"\x04\x04\x00\x90\x00", b"\xff" + bytes(253) + b"\x90\x00")) as endpoint:
        link = TcpLink(endpoint)
        assert link.name == str(endpoint)
        assert link.open() == ATR_VENDOR
        assert link.transmit(bytes(5)) == b"\x04\x00\x90\x00"
        assert len(link.transmit(bytes(255))) == 255
        link.close()
        link.close()


def test_frames_in_pieces() -> None:
    def serve(connection: socket.socket) -> None:
        for byte in HELLO:
            connection.send(bytes((byte,)))
        connection.recv(16)
        for byte in b"\x03\x01\x90\x00":
            connection.send(bytes((byte,)))

    with emulator(serve) as endpoint:
        link = TcpLink(endpoint)
        assert link.open() == ATR_VENDOR
        assert link.transmit(bytes(5)) == b"\x01\x90\x00"
        link.close()


@pytest.mark.parametrize("size", [0, 256])
def test_commands_that_fit_no_frame(size: int) -> None:
    with pytest.raises(ValueError, match=r"EM-02"):
        TcpLink(Endpoint("127.0.0.1", 1)).transmit(bytes(size))


def test_not_connected() -> None:
    with pytest.raises(LinkLost, match=r"not connected"):
        TcpLink(Endpoint("127.0.0.1", 1)).transmit(bytes(5))


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1])
    with pytest.raises(NoModule, match=r"refused"):
        TcpLink(endpoint).open()
    with pytest.raises(NoModule, match=r"loopback"):
        TcpLink(Endpoint("8.8.8.8", 1)).open()


def test_closed_at_power_up() -> None:
    with (
        emulator(lambda connection: connection.close()) as endpoint,
        pytest.raises(NoModule, match=r"closed"),
    ):
        TcpLink(endpoint).open()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed by the module"),
        (b"\x04\x90", "closed by the module"),
        (b"\x02\x90\x00\x01", "nobody asked for"),
    ],
)
def test_broken_in_the_middle(answer: bytes, why: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        connection.recv(16)
        connection.sendall(answer)

    with emulator(serve) as endpoint:
        link = TcpLink(endpoint)
        link.open()
        with pytest.raises(LinkLost, match=why):
            link.transmit(bytes(5))
        with pytest.raises(LinkLost, match=r"not connected"):
            link.transmit(bytes(5))


def test_reset_by_the_module() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        connection.recv(16)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with emulator(serve) as endpoint:
        link = TcpLink(endpoint)
        link.open()
        with pytest.raises(LinkLost):
            link.transmit(bytes(5))


def test_silence_lasts_fifteen_lab_seconds() -> None:
    """EM-03: a jump of lab time ends the wait; a fast clock alone does not, before GRACE."""
    lab = LabClock.private(rate=1.0)
    done = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        connection.recv(16)
        lab.advance(15)
        done.wait(PATIENCE)

    with emulator(serve) as endpoint:
        link = TcpLink(endpoint, clock=lab.part("drive"))
        link.open()
        with pytest.raises(LinkTimeout, match=r"no answer for 15 s"):
            link.transmit(bytes(5))
        done.set()
    lab.close()


def test_silence_at_power_up_is_no_absence() -> None:
    """EM-04: somebody else may have the module."""
    lab = LabClock.private(rate=1000.0)
    done = threading.Event()
    with emulator(lambda _connection: done.wait(PATIENCE) or None) as endpoint:  # type: ignore[func-returns-value]
        with pytest.raises(LinkTimeout):
            TcpLink(endpoint, clock=lab.part("drive")).open()
        done.set()
    lab.close()


def test_patience_without_a_clock_and_with_a_stopped_one() -> None:
    patience = Patience(None, 0.1)
    patience.wait()
    with pytest.raises(PatienceSpent):
        patience.wait()
    lab = LabClock.private(rate=0.0)
    stopped = Patience(lab.part("drive"), 0.05)
    for _ in range(3):
        stopped.wait()
    with pytest.raises(PatienceSpent):
        stopped.wait()
    lab.close()


def test_a_peer_that_does_not_read() -> None:
    left, right = socket.socketpair()
    with left, right, pytest.raises(PatienceSpent):
        send(left, bytes(32 * 1024 * 1024), Patience(None, 0.1))


def test_urls() -> None:
    for text in ("tcp://127.0.0.1:4387", "module:tcp://127.0.0.1:4387/", "TCP://127.0.0.1"):
        assert str(parse_module_url(text)) == "tcp://127.0.0.1:4387"
    link = make_link("module:tcp://localhost:99")
    assert link.name == "localhost:99"
    assert make_link(parse_module_url("tcp://h:1")).name == "h:1"


@pytest.mark.parametrize("text", ["", "tcp://", "127.0.0.1:4387", "usb://1", "module:", "tcp://h:p"])
def test_what_is_no_module_address(text: str) -> None:
    with pytest.raises(AddressRefusedError):
        parse_module_url(text)
