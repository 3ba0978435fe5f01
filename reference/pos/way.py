"""The way to another program of the shop: one HTTP/1.1 server, its connections kept, nothing ever repeated.

What goes wrong is said in the one way that counts for what was asked: whether it may have got there. A kept
connection that the server has let go is not used again; one that breaks in an exchange is not tried anew.
"""

from __future__ import annotations

import http.client
import re
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_SAFE: Final = "/?%:@!$&'()*+,;=-._~[]"
_NO_HEADERS: Final[Mapping[str, str]] = {}
_SCHEMES: Final = {"http": 80, "https": 443}
_LINE_ENDS: Final = re.compile(r"[\0\r\n]")


class WayError(Exception):
    """No answer. `sent`: whether the other side may have got what was asked."""

    def __init__(self, text: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `phrase` is the server's word for the status."""

    status: int
    phrase: str
    content: bytes
    charset: str = "utf-8"

    @property
    def text(self) -> str:
        """The content by its charset; what cannot be read is replaced."""
        try:
            return self.content.decode(self.charset, "replace")
        except (LookupError, ValueError):  # no such charset, or one that replaces nothing
            return self.content.decode("utf-8", "replace")


class Way(Protocol):
    """The way to one server; several threads may use it."""

    def post(self, path: str, content: bytes, kind: str, headers: Mapping[str, str] = _NO_HEADERS) -> Answer:
        """Ask at `path` with `content` of the media type `kind`; WayError when no answer came."""

    def close(self) -> None:
        """Close the connections."""


class HttpWay:
    """The way to the server at `url`; paths are put behind it. It takes `connect` real seconds to reach the
    server at most, and the server may keep silent for `silence`."""

    def __init__(self, url: str, connect: float, silence: float) -> None:
        parts = urlsplit(url)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._known = parts.scheme in _SCHEMES and bool(parts.hostname)
        self._address = (parts.hostname or "", parts.port or _SCHEMES.get(parts.scheme, 0))
        self._host = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._connect, self._silence = connect, silence
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []

    def post(self, path: str, content: bytes, kind: str, headers: Mapping[str, str] = _NO_HEADERS) -> Answer:
        """One exchange."""
        try:
            asked = self._request(path, content, kind, headers)
        except ValueError as error:
            raise WayError(_said(error), sent=False) from error
        connection = self._connection()
        try:
            connection.sendall(asked)
            answer, kept = _answer(connection)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise WayError(_said(error), sent=True) from error
        except BaseException:
            connection.close()
            raise
        if kept:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are not at work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _request(self, path: str, content: bytes, kind: str, headers: Mapping[str, str]) -> bytes:
        """In one piece, so that the server wakes for it once; ValueError for what is no request."""
        if not self._known:
            raise ValueError("the address must be http://host or https://host")
        target = quote(f"{self._path}{path}", safe=_SAFE) or "/"
        told = {"Host": self._host, "Content-Length": str(len(content)), **headers}
        if content:
            told["Content-Type"] = kind
        if wrong := next((name for name, value in told.items() if _LINE_ENDS.search(value)), None):
            raise ValueError(f"header {wrong} has more than one line")
        lines = (f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", "")
        return "\r\n".join(lines).encode("latin-1") + content

    def _connection(self) -> socket.socket:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connected()
            if not _speaks(connection):
                return connection
            connection.close()  # the server has closed it, or says what nobody asked

    def _connected(self) -> socket.socket:
        try:
            connection = socket.create_connection(self._address, self._connect)
        except (OSError, UnicodeError) as error:
            raise WayError(_said(error), sent=False) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_hostname=self._address[0])
            connection.settimeout(self._silence)
        except OSError as error:
            connection.close()
            raise WayError(_said(error), sent=False) from error
        return connection


def _answer(connection: socket.socket) -> tuple[Answer, bool]:
    """The next answer, and whether the connection can be used again."""
    with http.client.HTTPResponse(connection, method="POST") as response:
        response.begin()
        made = Answer(response.status, response.reason, response.read(), _charset(response))
        return made, not response.will_close


def form_of(fields: Mapping[str, Any] | None) -> bytes:
    """Fields as a form has them."""
    return urlencode(fields).encode() if fields else b""


def _speaks(connection: socket.socket) -> bool:
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))


def _charset(answer: http.client.HTTPResponse) -> str:
    _, found, charset = (answer.getheader("Content-Type") or "").lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") if found else "utf-8"


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
