"""Kept connections: whose they are, which of them are given out again, and what becomes of them."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from reference.runtime.connections import KeptConnections
from tests.certificates import Certificates
from tests.waiting import PATIENCE


class Door:
    """A server that only accepts: `let_in` is its end of the next connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE)
        self.address: tuple[str, int] = self._listening.getsockname()

    def let_in(self) -> socket.socket:
        there, _ = self._listening.accept()
        there.settimeout(PATIENCE)
        return there

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def door() -> Iterator[Door]:
    with closing(Door()) as made:
        yield made


@pytest.fixture
def kept(door: Door) -> Iterator[KeptConnections]:
    with closing(KeptConnections(door.address, tls=False)) as made:
        yield made


def something_came(connection: socket.socket) -> None:
    look = select.poll()
    look.register(connection, select.POLLIN)
    assert look.poll(PATIENCE * 1000)


def test_what_is_given_back_is_given_out_again(kept: KeptConnections) -> None:
    first = kept.take(PATIENCE, PATIENCE)
    second = kept.take(PATIENCE, PATIENCE)
    assert first is not second
    kept.keep(first)
    assert kept.take(PATIENCE, 3.5) is first
    assert first.gettimeout() == 3.5
    first.close()
    second.close()


def test_it_may_keep_silent_for_longer_than_it_takes_to_reach_it(kept: KeptConnections) -> None:
    with kept.take(PATIENCE, 71.0) as connection:
        assert connection.gettimeout() == 71.0
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("word", [b"", b"HTTP/1.1 408 Too late\r\n\r\n"], ids=("gone", "speaks"))
def test_one_that_speaks_unasked_is_closed_before_anything_is_sent_on_it(
    kept: KeptConnections, door: Door, word: bytes
) -> None:
    """A question that may be asked only once must not go into a connection that has ended."""
    first = kept.take(PATIENCE, PATIENCE)
    with door.let_in() as there:
        kept.keep(first)
        there.sendall(word)
        if not word:
            there.shutdown(socket.SHUT_WR)
        something_came(first)
        with kept.take(PATIENCE, PATIENCE) as second, door.let_in() as there_anew:
            assert first.fileno() == -1
            second.sendall(b"once")
            assert there_anew.recv(4) == b"once"


def test_who_ends_it_all_leaves_none_open(kept: KeptConnections, door: Door) -> None:
    """Neither one that waited nor one that was at work and comes back afterwards."""
    waiting, at_work = kept.take(PATIENCE, PATIENCE), kept.take(PATIENCE, PATIENCE)
    kept.keep(waiting)
    kept.close()
    assert waiting.fileno() == -1
    at_work.sendall(b"the rest")
    kept.keep(at_work)
    assert at_work.fileno() == -1
    with door.let_in() as first, door.let_in() as second:
        assert first.recv(9) + second.recv(9) == b"the rest"


def test_two_never_have_the_same(kept: KeptConnections, door: Door) -> None:
    rounds, threads = 200, 4
    in_use: set[int] = set()
    guard = threading.Lock()

    def work(_: int) -> int:
        twice = 0
        for _ in range(rounds):
            connection = kept.take(PATIENCE, PATIENCE)
            with guard:
                twice += id(connection) in in_use
                in_use.add(id(connection))
            with guard:
                in_use.discard(id(connection))
            kept.keep(connection)
        return twice

    with ThreadPoolExecutor(threads) as pool:
        assert sum(pool.map(work, range(threads))) == 0
    taken = [kept.take(PATIENCE, PATIENCE) for _ in range(threads)]
    assert len({connection.fileno() for connection in taken}) == threads
    for connection in taken:
        connection.close()


@pytest.mark.parametrize("host", [".nowhere", "x" * 70], ids=("dot", "long"))
def test_what_is_no_name_of_a_host_is_nobody_there(host: str) -> None:
    with pytest.raises(OSError, match=r"no name of a host"):
        KeptConnections((host, 9), tls=False).take(PATIENCE, PATIENCE)


class SecureDoor(Door):
    """One that shows a certificate."""

    def __init__(self, shown: tuple[Path, Path]) -> None:
        super().__init__()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*shown)

    def let_in(self) -> socket.socket:
        return self._context.wrap_socket(super().let_in(), server_side=True)


def test_an_encrypted_one_may_have_more_than_the_wire_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record is opened as a whole: more than the answer may be there, and nothing on the wire."""
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority[0]))
    with closing(SecureDoor(certificates.make("localhost"))) as door, ThreadPoolExecutor(1) as pool:
        kept = KeptConnections(("localhost", door.address[1]), tls=True)
        letting_in = pool.submit(door.let_in)
        first = kept.take(PATIENCE, PATIENCE)
        with letting_in.result(PATIENCE) as there:
            there.sendall(b"answer")
            assert first.recv(6) == b"answer"
            kept.keep(first)
            assert kept.take(PATIENCE, PATIENCE) is first
            there.sendall(b"answer and more")
            assert first.recv(6) == b"answer"
            kept.keep(first)
            letting_in = pool.submit(door.let_in)
            with kept.take(PATIENCE, PATIENCE) as second, letting_in.result(PATIENCE):
                assert second is not first
                assert first.fileno() == -1


def test_a_certificate_of_nobody_we_know_leaves_nothing_open(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with closing(SecureDoor(certificates.make("localhost"))) as door, ThreadPoolExecutor(1) as pool:
        letting_in = pool.submit(door.let_in)
        with pytest.raises(ssl.SSLCertVerificationError):
            KeptConnections(("localhost", door.address[1]), tls=True).take(PATIENCE, PATIENCE)
        assert isinstance(letting_in.exception(PATIENCE), ssl.SSLError)
