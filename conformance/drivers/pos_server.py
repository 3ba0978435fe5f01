"""An HTTP server of the judge's own that a point of sale calls: it can be gone, cut answers, or hold them.

What it answers its owner decides (`Answer`); every exchange goes to the tap. A port, once chosen, stays its
own while nobody listens there, so that "gone and back again" is at the same address.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import urlsplit

from conformance.drivers.wire import Tap
from conformance.events import Direction, Layer
from conformance.verdicts import TargetUnreachable

PATIENCE: Final = 30.0
"""Real seconds within which something that nothing holds up has to happen: only a hang takes so long."""
_RESET: Final = b"\1\0\0\0\0\0\0\0"
_MOST: Final = 8 << 20


class Line(Enum):
    """What becomes of the connection."""

    ANSWERED = "the answer goes out whole"
    CUT_BEFORE = "closed before anything is done"
    CUT_AFTER = "done, and closed without an answer"
    HALF = "done, and closed after half of the answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header, empty without it."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: status, body, and what becomes of the line."""

    status: int
    body: bytes
    kind: str = "application/json"
    line: Line = Line.ANSWERED


def json_answer(status: int, value: Any, line: Line = Line.ANSWERED) -> Answer:
    """JSON."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), line=line)


class PlayedServer:
    """Listens on `host:port` (0: a free port). `answer` is asked in the thread of the connection."""

    def __init__(self, answer: Callable[[Asked], Answer], tap: Tap, host: str, port: int) -> None:
        self._answer = answer
        self.tap = tap
        self._place = (host, port)
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._kept: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self._place[0]}:{self._place[1]}"

    @property
    def listening(self) -> bool:
        """Whether somebody who dials now finds it."""
        return self._listening is not None

    def open(self) -> None:
        """Listen. TargetUnreachable when the port is somebody else's."""
        if self._listening is not None:
            return
        try:
            server = bound(*self._place)
        except OSError as error:
            raise TargetUnreachable(f"the judge cannot listen at {self.url}: {error.strerror}") from error
        self._place = (self._place[0], int(server.getsockname()[1]))
        if self._kept is None:
            self._kept = bound(*self._place)
        server.listen(32)
        self._listening = server
        self._accepting = threading.Thread(target=self._accept, args=(server,), daemon=True)
        self._accepting.start()

    def shut(self) -> None:
        """Listen no more and drop every connection: who dials finds nobody."""
        server, self._listening = self._listening, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        if self._accepting is not None:
            self._accepting.join(PATIENCE)
            self._accepting = None
        with self._lock:
            waiting = list(self._open)
        for connection in waiting:
            cut(connection)

    def close(self) -> None:
        """Shut, and let go of the port."""
        self.shut()
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        for thread in self._threads:
            thread.join(PATIENCE)
        self._threads.clear()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens inside; afterwards the same address answers again."""
        self.shut()
        try:
            yield
        finally:
            self.open()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        played = self

        class Handler(_Handler):
            server_of = played

        try:
            with contextlib.suppress(OSError):
                Handler(connection, connection.getpeername(), None)  # type: ignore[arg-type]
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def answered(self, asked: Asked) -> Answer:
        """The answer, both written to the tap."""
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        told = f"{asked.method} {target} {asked.body.decode('utf-8', 'replace')}".encode()
        self.tap(Layer.HTTP, Direction.RECEIVED, told)
        answer = self._answer(asked)
        if answer.line in (Line.CUT_BEFORE, Line.CUT_AFTER):
            self.tap(Layer.HTTP, Direction.CLOSED, b"", told)
        else:
            body = answer.body if answer.line is Line.ANSWERED else answer.body[: len(answer.body) // 2]
            self.tap(Layer.HTTP, Direction.SENT, f"{answer.status} ".encode() + body, told)
        return answer


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server_of: PlayedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """GET and POST alike."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        told = self.headers.get("Content-Length") or "0"
        if not (told.isascii() and told.isdigit()):
            self._send(Answer(400, b"Content-Length is no number", "text/plain"))
            self.close_connection = True
            return
        body = self.rfile.read(min(int(told), _MOST))
        place = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, place.path, place.query, headers, body)
        self._send(self.server_of.answered(asked))

    def _send(self, answer: Answer) -> None:
        if answer.line in (Line.CUT_BEFORE, Line.CUT_AFTER):
            self._cut()
            return
        phrase = self.responses.get(HTTPStatus(answer.status), ("",))[0]
        head = (
            f"HTTP/1.1 {answer.status} {phrase}\r\nContent-Type: {answer.kind}\r\n"
            f"Content-Length: {len(answer.body)}\r\n\r\n"
        )
        half = answer.line is Line.HALF
        self.wfile.write(head.encode() + (answer.body[: len(answer.body) // 2] if half else answer.body))
        if half:
            self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        cut(self.connection)


def bound(host: str, port: int) -> socket.socket:
    """A socket on this port, which others of the judge may share; OSError: somebody else has it."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


def cut(connection: socket.socket) -> None:
    """Reset a connection."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
