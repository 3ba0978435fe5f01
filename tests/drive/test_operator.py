"""The client on real sockets: uz-fiscal §11.1, §11.9."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from reference.drive import operator as operator_module
from reference.drive.errors import UnreachableError
from reference.drive.operator import Operator
from reference.links.address import Endpoint
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    Request,
    Response,
    SenderInfo,
    StatusCode,
    StatusInfo,
)
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from tests.waiting import PATIENCE

REQUEST = Request(
    "ZZ000000000000", datetime(2026, 7, 1, 9, 0), SenderInfo("test"), (File(0xC9, 1, bytes(8)),)
)
GOOD = Response(StatusInfo(StatusCode.OK), (AckFile(FileStatus.Acknowledge, body=b"x" * 90),)).encode()


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """A server that hands each connection to `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield Endpoint("127.0.0.1", server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


@pytest.fixture
def lab() -> Iterator[LabClock]:
    clock = LabClock.private(rate=0)
    yield clock
    clock.close()


def client(lab: LabClock, *endpoints: Endpoint, timeout: float = 5.0) -> Operator:
    clock = lab.part("drive")
    faults = FaultPoints({"operator.connect": ""}, clock, "drive")
    return Operator(endpoints, random.Random(1), clock, faults, timeout=timeout)


def read_request(connection: socket.socket) -> bytes:
    return connection.recv(65536)


def test_one_exchange(lab: LabClock) -> None:
    got: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        got.append(read_request(connection))
        for byte in GOOD:
            connection.send(bytes((byte,)))

    handed: list[str] = []
    with listening(serve) as endpoint:
        reply = client(lab, endpoint).exchange(lambda: REQUEST, lambda: handed.append("now"))
    assert reply.response.acks[0].body == b"x" * 90
    assert (reply.address, handed) == (str(endpoint), ["now"])
    assert Request.decode(got[0]) == REQUEST


def flipped() -> bytes:
    return GOOD[:-1] + bytes((GOOD[-1] ^ 1,))


def no_acks() -> bytes:
    return Response(StatusInfo(StatusCode.OK)).encode()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed after 0 bytes"),
        (GOOD[:20], "closed after 20 bytes"),
        (b"HTTP/1.1 400", "answer not readable"),
        (flipped(), "answer not readable"),
        (no_acks(), "0 acks for 1 files"),
        (REQUEST.encode(), "answer not readable"),
        (b"\x06\x8b\xff\xff\x7f", "answer not readable"),
    ],
)
def test_what_is_no_answer_fails_the_address(lab: LabClock, answer: bytes, why: str) -> None:
    """CL-02, CL-03"""

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    with listening(serve) as endpoint:
        with pytest.raises(UnreachableError, match=f"^failed to sync: {endpoint}: {why}"):
            client(lab, endpoint).exchange(lambda: REQUEST)

        def right(connection: socket.socket) -> None:
            read_request(connection)
            connection.sendall(GOOD)

        with listening(right) as other:
            operator = client(lab, endpoint, other)
            for _ in range(4):
                assert operator.exchange(lambda: REQUEST).address == str(other)
            assert operator.address == str(other)
            operator.forget_address()
            assert operator.address is None


def test_an_error_status_without_acks_is_an_answer(lab: LabClock) -> None:
    """CL-03: ours looks at the status first."""
    answer = Response(StatusInfo(StatusCode.NotActive, 1, "unpaid")).encode()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    with listening(serve) as endpoint:
        reply = client(lab, endpoint).exchange(lambda: REQUEST)
    assert reply.response.status.code == StatusCode.NotActive


def test_a_silent_operator_costs_five_lab_seconds(lab: LabClock) -> None:
    """OF-04: the time-out is lab time, so a jump ends the wait."""
    asked = threading.Event()
    done = threading.Event()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        done.wait(PATIENCE)

    with listening(serve) as endpoint:
        failures: list[str] = []

        def exchange() -> None:
            with pytest.raises(UnreachableError) as failed:
                client(lab, endpoint, timeout=3600).exchange(lambda: REQUEST)
            failures.append(failed.value.reason)

        thread = threading.Thread(target=exchange)
        thread.start()
        assert asked.wait(PATIENCE)
        lab.advance(3600)
        thread.join(PATIENCE)
        done.set()
    assert failures == [f"failed to sync: {endpoint}: no answer for 3600 s"]


def test_nobody_listens(lab: LabClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1])
    handed: list[str] = []
    with pytest.raises(UnreachableError, match=r"refused"):
        client(lab, endpoint).exchange(lambda: REQUEST, lambda: handed.append("now"))
    assert handed == []


def test_addresses_of_the_real_world_are_refused(lab: LabClock) -> None:
    """ID-05"""
    for host in ("203.0.113.7", "test.ofd.uz"):
        expected = "loopback nor private" if host[0] == "2" else "live fiscal service"
        if host == "203.0.113.7":
            host = "8.8.8.8"
        with pytest.raises(UnreachableError, match=expected):
            client(lab, Endpoint(host, 13447)).exchange(lambda: REQUEST)


def test_the_fault_point(lab: LabClock) -> None:
    operator = client(lab, Endpoint("127.0.0.1", 9))
    operator._faults.add(point="operator.connect", action="refuse")
    with pytest.raises(UnreachableError, match=r"fault point operator.connect"):
        operator.exchange(lambda: REQUEST)


def test_the_end_breaks_off_what_is_under_way(lab: LabClock) -> None:
    asked, done = threading.Event(), threading.Event()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        done.wait(2 * PATIENCE)  # else its leaving would look like the end

    with listening(serve) as endpoint:
        operator = client(lab, endpoint)
        failures: list[str] = []

        def exchange() -> None:
            with pytest.raises(UnreachableError) as failed:
                operator.exchange(lambda: REQUEST)
            failures.append(failed.value.reason)

        thread = threading.Thread(target=exchange)
        thread.start()
        assert asked.wait(PATIENCE)
        operator.end()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        exchange()
        done.set()
    assert "closed after 0 bytes" in failures[0]
    assert "being stopped" in failures[1]


def test_the_end_breaks_off_a_connection_that_is_just_being_made(
    lab: LabClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(lambda connection: connection.recv(1)) as endpoint:
        operator = client(lab, endpoint)
        connect = operator_module.connect

        def slowly(*where: Any) -> Any:
            made = connect(*where)
            operator.end()
            return made

        monkeypatch.setattr(operator_module, "connect", slowly)
        with pytest.raises(UnreachableError, match="being stopped"):
            operator.exchange(lambda: REQUEST)
