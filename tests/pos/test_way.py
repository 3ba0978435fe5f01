"""The way over real sockets: what is kept, what is never repeated, and what may have arrived."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from reference.pos.way import FORM, JSON, Answer, HttpWay, WayError, _answer, form_of

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


HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "plain": OK,
    "other case": HEAD + b"content-LENGTH: 2\r\nCONNECTION: Keep-Alive\r\n\r\n17",
    "a refusal": b"HTTP/1.1 500 Not so \r\nContent-Type: a; charset='koi8-r'\r\nContent-Length:3 \r\n\r\nabc",
    "nothing": HEAD + b"Content-Length: 0\r\n\r\n",
    "no phrase": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n17",
    "no space": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n17",
    "it closes": HEAD + b"Connection: Close, x\r\nContent-Length: 2\r\n\r\n17",
    "to the end": HEAD + b"X: y\r\n\r\nwhole",
    "first a word": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "no content": b"HTTP/1.1 204 None\r\nContent-Length: 2\r\n\r\n",
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\n17\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n17",
    "a folded line": HEAD + b"X: y\r\n z\r\nContent-Length: 2\r\n\r\n17",
    "short line ends": HEAD.replace(b"\r", b"") + b"Content-Length: 2\n\n17",
    "no header": HEAD + b"nonsense\r\nContent-Length: 2\r\n\r\n17",
    "an old one": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n17",
    "a bad length": HEAD + b"Content-Length: two\r\n\r\n17",
    "half": HEAD + b"Content-Length: 9\r\n\r\n17",
    "half a head": HEAD + b"Content-Len",
    "no answer": b"",
    "no HTTP": b"nonsense\r\n\r\n",
    "99 headers": HEAD + b"X: y\r\n" * 98 + b"Content-Length: 2\r\n\r\n17",
    "100 headers": HEAD + b"X: y\r\n" * 99 + b"Content-Length: 2\r\n\r\n17",
}


@pytest.mark.parametrize("pieces", [1, 7], ids=("whole", "in pieces"))
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_as_the_standard_library_reads_it(answer: bytes, pieces: int) -> None:
    """Most are read by the way itself, and no other than http.client would."""
    read = [_read(reading, answer, pieces) for reading in (_answer, _by_http_client)]
    assert read[0] == read[1]


def test_a_connection_with_more_than_its_answer_is_not_used_again() -> None:
    assert _read(_answer, OK + OK, 1) == (Answer(200, "OK", b"17"), False)


def _read(reading: Callable[[socket.socket], tuple[Answer, bool]], answer: bytes, pieces: int) -> object:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(60.0)
        said = threading.Thread(target=_say, args=(theirs, answer, pieces))
        said.start()
        try:
            return reading(ours)
        except (OSError, http.client.HTTPException) as error:
            return type(error), str(error)
        finally:
            said.join()


def _say(theirs: socket.socket, answer: bytes, pieces: int) -> None:
    size = -(-len(answer) // pieces) or 1
    for start in range(0, len(answer), size):
        theirs.sendall(answer[start : start + size])
        os.sched_yield()
    theirs.shutdown(socket.SHUT_WR)


def _by_http_client(connection: socket.socket) -> tuple[Answer, bool]:
    with http.client.HTTPResponse(connection, method="POST") as response:
        response.begin()
        _, found, charset = (response.getheader("Content-Type") or "").lower().partition("charset=")
        named = charset.split(";")[0].strip(" \"'") if found else "utf-8"
        return Answer(response.status, response.reason, response.read(), named), not response.will_close
