"""A loopback server that gives the HTTP answers of a recording, to whatever client of the judge asks."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from conformance.events import Direction, Exchange, Layer
from conformance.replay.questions import question
from reference.links.address import Endpoint

_OF_THE_CONNECTION: Final = {"content-length", "transfer-encoding", "content-encoding", "connection", "date"}
_SHORT: Final = re.compile(rb"([1-5][0-9]{2}) (.*)", re.DOTALL)
_BEGINNING: Final = re.compile(rb"(?P<method>[A-Z]+) (?P<target>\S+)")

Answer = Callable[[], Exchange | None]
"""Gives the answer when it is wanted, None when somebody else took it."""


class Player:
    """Answers that are due, by the request that they are for."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, str], deque[tuple[bytes, Answer]]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def place(self) -> Endpoint:
        """Where it listens."""
        return Endpoint("127.0.0.1", int(self._server.server_address[1]))

    def expect(self, sent: bytes, answer: Answer) -> None:
        """The next request like `sent` gets this answer; a closed connection is hung up on."""
        with self._lock:
            self._due.setdefault(_key(sent), deque()).append((sent.partition(b"\r\n\r\n")[2], answer))

    def forget(self) -> None:
        """A case is over: nothing is due any more."""
        with self._lock:
            self._due.clear()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, method: str, path: str, body: bytes) -> Exchange | None:
        key = (method, unquote(urlsplit(path).path))
        while (due := self._next_due(key, body)) is not None:
            # What was asked on a bare connection is due here too, and its answer was taken there.
            if (answer := due()) is not None:
                return answer
        return None

    def _next_due(self, key: tuple[str, str], body: bytes) -> Answer | None:
        """An answer that may be long in coming: nothing is locked meanwhile."""
        with self._lock:
            due = self._due.get(key)
            if not due:
                return None
            chosen = next((each for each in due if each[0] == body), due[0])
            due.remove(chosen)
            return chosen[1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        player = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave together, or every answer waits for an acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = player._answer(self.command, self.path, body)
                if answer is None or answer.direction is Direction.CLOSED:
                    self.close_connection = True
                    return
                self._give(*read_answer(answer.raw))

            def _give(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads a log of this server."""

        return Handler


def read_answer(raw: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of an answer as transcripts keep it: whole, `200 text`, or the body alone."""
    if raw.startswith(b"HTTP/"):
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        kept = [(name, value) for name, value in pairs if name.lower() not in _OF_THE_CONNECTION]
        return int(first.split(" ", 2)[1]), kept, body
    short = _SHORT.fullmatch(raw)
    return (200, [], raw) if short is None else (int(short[1]), [], short[2])


def _key(sent: bytes) -> tuple[str, str]:
    found = _BEGINNING.match(question(Layer.HTTP, sent))
    if found is None:
        return "", ""
    return found["method"].decode(), unquote(urlsplit(found["target"].decode("latin-1")).path)
