"""The way over real sockets: what is kept, what is never repeated, and what may have arrived."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from reference.pos.way import FORM, JSON, HttpWay, WayError, form_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n17"


class Server:
    """Does one thing of `script` with each request; `heard` are the requests, by connection."""

    def __init__(self, *script: bytes) -> None:
        self.script = list(script)
        self.heard: list[list[bytes]] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}/below"

    def _run(self) -> None:
        while self.script:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            self.heard.append([])
            with caller:
                self._serve(caller)

    def _serve(self, caller: socket.socket) -> None:
        while self.script:
            whole = b""
            while not whole.endswith((b"\r\n\r\n", b"}", b"=1")):
                piece = caller.recv(4096)
                if not piece:
                    return
                whole += piece
            self.heard[-1].append(whole)
            answer = self.script.pop(0)
            caller.sendall(answer)
            if not answer or b"close" in answer:
                return


@contextmanager
def between(*script: bytes) -> Iterator[tuple[Server, HttpWay]]:
    server = Server(*script)
    way = HttpWay(server.url, 5.0, 60.0)
    with closing(server.door), closing(way):
        yield server, way
    server.thread.join()


def test_one_connection_serves_many_questions() -> None:
    with between(OK, OK, OK) as (server, way):
        for path in ("/a", "/b ü", "/c"):
            assert way.post(path, b"{}", JSON, {"X-Key": "k"}).text == "17"
    [[first, second, _]] = server.heard
    head, body = first.split(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /below/a HTTP/1.1"
    assert {b"X-Key: k", b"Content-Type: application/json", b"Content-Length: 2"} <= set(head.split(b"\r\n"))
    assert body == b"{}"
    assert second.startswith(b"POST /below/b%20%C3%BC HTTP/1.1\r\n")


def test_nothing_is_sent_as_no_type() -> None:
    with between(OK) as (server, way):
        way.post("/a", form_of(None), FORM)
    [[asked]] = server.heard
    assert b"Content-Length: 0" in asked
    assert b"Content-Type" not in asked


def test_forms() -> None:
    assert (
        form_of({"DateTime": "2026-07-01 09:00:00", "Index": 0})
        == b"DateTime=2026-07-01+09%3A00%3A00&Index=0"
    )


@pytest.mark.parametrize("closing_word", [b"Connection: close\r\n", b""])
def test_a_connection_that_the_server_let_go_is_not_used(closing_word: bytes) -> None:
    """Whether it said so, or went without a word while nobody asked."""
    last = OK.replace(b"Content", closing_word + b"X-Then: close\r\nContent")
    with between(last, OK) as (server, way):
        assert way.post("/a", b"{}", JSON).status == 200
        while not closing_word and not _gone(way):
            continue
        assert way.post("/b", b"{}", JSON).status == 200
    assert [len(asked) for asked in server.heard] == [1, 1]


def _gone(way: HttpWay) -> bool:
    return way._connections._idle[0].recv(1, socket.MSG_PEEK) == b""


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: close\r\n\r\n17", b"nonsense close\r\n\r\n"],
    ids=("no answer", "half an answer", "no HTTP"),
)
def test_what_may_have_arrived_is_not_sent_again(answer: bytes) -> None:
    with between(answer, OK) as (server, way):
        with pytest.raises(WayError) as caught:
            way.post("/a", b"{}", JSON)
        assert caught.value.sent
        assert len(server.heard) == 1
        assert way.post("/b", b"{}", JSON).content == b"17"
    assert [asked[0].split()[1] for asked in server.heard] == [b"/below/a", b"/below/b"]


def test_who_is_not_there_got_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(WayError) as caught:
        HttpWay(f"http://127.0.0.1:{port}", 5.0, 60.0).post("/a", b"{}", JSON)
    assert not caught.value.sent


def test_a_server_that_keeps_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        way = HttpWay(f"http://127.0.0.1:{door.getsockname()[1]}", 5.0, 0.05)
        with pytest.raises(WayError, match=r"timed out") as caught:
            way.post("/a", b"{}", JSON)
    assert caught.value.sent


def test_answers_in_pieces_and_in_other_letters() -> None:
    chunked = b"HTTP/1.1 404 Nowhere\r\nTransfer-Encoding: chunked\r\n"
    words = "Ошибка".encode("cp1251")
    with between(
        chunked + b"Content-Type: text/plain; charset=windows-1251\r\n\r\n6\r\n" + words + b"\r\n0\r\n\r\n",
        chunked + b"Content-Type: text/plain; charset=none\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ) as (_, way):
        told = way.post("/a", b"{}", JSON)
        assert (told.status, told.phrase, told.text) == (404, "Nowhere", "Ошибка")
        assert way.post("/a", b"{}", JSON).text == "x"


@pytest.mark.parametrize("key", ["k\r\nX-More: 1", "k\n", "ключ"], ids=("lines", "line end", "no Latin-1"))
def test_what_is_no_request_is_not_sent(key: str) -> None:
    """And does not count as if it had arrived: an order would be held back for it."""
    with between(OK) as (server, way):
        with pytest.raises(WayError) as caught:
            way.post("/a", b"{}", JSON, {"Authorization": key})
        assert not caught.value.sent
        way.post("/b", b"{}", JSON)
    assert [asked[0].split()[1] for asked in server.heard] == [b"/below/b"]


@pytest.mark.parametrize("scheme", ["", "ftp://"])
def test_nothing_goes_to_an_address_of_another_kind(scheme: str) -> None:
    """A word without http:// names no host: what is told there must not end at another door."""
    with between(OK) as (server, way):
        other = HttpWay(f"{scheme}{server.url.removeprefix('http://')}", 5.0, 60.0)
        with closing(other), pytest.raises(WayError, match="http://host") as caught:
            other.post("/a", b"{}", JSON)
        assert not caught.value.sent
        way.post("/b", b"{}", JSON)
    assert [asked[0].split()[1] for asked in server.heard] == [b"/below/b"]


@pytest.mark.parametrize("charset", ["undefined", "hex", "nobodys"])
def test_a_charset_that_cannot_be_read_by_stops_nobody(charset: str) -> None:
    told = OK.replace(
        b"Content-Length", f"Content-Type: text/plain; charset={charset}\r\nContent-Length".encode()
    )
    with between(told) as (_, way):
        assert way.post("/a", b"{}", JSON).text == "17"
