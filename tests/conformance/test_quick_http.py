"""The judge's small HTTP client against a server that sends exactly the bytes a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from conformance.quick_http import HttpError, HttpUnreachableError, QuickHttp

SECONDS = 20.0


class Server:
    """Answers requests with the given bytes, connection after connection; remembers what came."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self.answers: list[bytes | None] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            self.heard.append(data)
            answer = self.answers.pop(0)
            if answer is None:
                return
            for place in range(0, len(answer), 7):
                connection.sendall(answer[place : place + 7])
            if b"close" in answer or (b"Length" not in answer and b"chunked" not in answer):
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def client(server: Server) -> Iterator[QuickHttp]:
    made = QuickHttp(server.base, SECONDS)
    yield made
    made.close()


def ask(client: QuickHttp, path: str = "/state", method: str = "GET", **given: object) -> bytes:
    return client.exchange(client.request_bytes(method, path, **given)).content  # type: ignore[arg-type]


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def test_request_has_the_usual_headers_and_those_given_in_their_place(client: QuickHttp) -> None:
    raw = client.request_bytes(
        "POST", "/a b/\u0431?x=1", {"host": "else", "Content-Type": "text/plain"}, b"body"
    )
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /a%20b/%D0%B1?x=1 HTTP/1.1"
    assert headers == [
        "Accept: */*",
        "Connection: keep-alive",
        "User-Agent: kassalab",
        "Content-Length: 4",
        "host: else",
        "Content-Type: text/plain",
    ]
    assert body == b"body"
    assert b"Content-Length: 0" in client.request_bytes("POST", "/")
    assert b"Content-Length" not in client.request_bytes("GET", "/")


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (GOOD, b"{}"),
        (CHUNKED, b"abc0123456789"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!", b"!"),
        (b"HTTP/1.1 404 \r\ncontent-length: 0\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_bodies_of_every_kind(server: Server, client: QuickHttp, answer: bytes, content: bytes) -> None:
    server.answers = [answer, GOOD]
    assert ask(client) == content
    assert ask(client) == b"{}"


def test_answer_tells_its_parts(server: Server, client: QuickHttp) -> None:
    body = "ошибка".encode("cp1251")
    head = (
        f"HTTP/1.1 500 Oh no\r\nContent-Type: text/plain; charset=windows-1251\r\nContent-Length: {len(body)}"
    )
    server.answers = [head.encode() + b"\r\n\r\n" + body]
    answer = client.exchange(client.request_bytes("GET", "/"))
    assert (answer.status, answer.phrase, answer.text) == (500, "Oh no", "ошибка")
    assert answer.header("CONTENT-TYPE") == "text/plain; charset=windows-1251"
    assert answer.header("X-None") == ""
    assert answer.raw == head.encode() + b"\r\n\r\n" + body


def test_head_has_no_body(server: Server, client: QuickHttp) -> None:
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", GOOD]
    assert ask(client, method="HEAD") == b""
    assert ask(client) == b"{}"


def test_connections_are_kept_and_a_closed_one_is_not_used(server: Server, client: QuickHttp) -> None:
    closing = GOOD.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    server.answers = [GOOD, GOOD, closing, GOOD]
    for _ in range(3):
        assert ask(client) == b"{}"
    assert server.connections == 1
    assert ask(client) == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "closed before the end of the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: close\r\n\r\nabc", "after 3 of 9 bytes"),
        (b"SSH-2.0-nothing\r\n\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "a line among the headers is none"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n", "invalid literal"),
    ],
)
def test_what_is_no_answer_is_an_error(
    server: Server, client: QuickHttp, answer: bytes | None, text: str
) -> None:
    server.answers = [answer]
    with pytest.raises(HttpError, match=text):
        ask(client)


def test_silence_ends_after_its_time(server: Server, client: QuickHttp) -> None:
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"]
    with pytest.raises(HttpError, match="timed out"):
        client.exchange(client.request_bytes("GET", "/"), 0.05)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(HttpUnreachableError):
        ask(QuickHttp(base, 1))


@pytest.mark.parametrize(
    "base", ["127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://a:b"]
)
def test_base_that_is_no_address(base: str) -> None:
    with pytest.raises(HttpError, match=r"no address|no host"):
        QuickHttp(base, 1)


def test_many_threads_share_a_client(server: Server, client: QuickHttp) -> None:
    server.answers = [GOOD.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")] * 16
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(ask(client))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert found == [b"{}"] * 16
