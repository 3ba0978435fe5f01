"""The way to another program of the shop: one HTTP/1.1 server, its connections kept, nothing ever repeated.

What goes wrong is said in the one way that counts for what was asked: whether it may have got there. A kept
connection that the server has let go is not used again; one that breaks in an exchange is not tried anew.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from reference.runtime.connections import DEFAULT_PORTS, SAFE_IN_TARGET, KeptConnections

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_NO_HEADERS: Final[Mapping[str, str]] = {}
_LINE_ENDS: Final = re.compile(r"[\0\r\n]")
_PIECE: Final = 65536
_PLAIN: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) ([^\r\n]*)\r\n((?:[\w-]+:[^\r\n]*\r\n)*)\r\n", re.ASCII
)
_TOLD: Final = re.compile(
    rb"^(content-length|content-type|connection|transfer-encoding):[ \t]*([^\r]*)", re.ASCII | re.I | re.M
)
_NO_BODY: Final = (204, 304)
_MOST_HEADERS: Final = 100
"""Of http.client, the empty line behind them counted."""


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
        self._known = parts.scheme in DEFAULT_PORTS and bool(parts.hostname)
        address = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
        self._connections = KeptConnections(address, tls=parts.scheme == "https")
        self._host = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._connect, self._silence = connect, silence

    def post(self, path: str, content: bytes, kind: str, headers: Mapping[str, str] = _NO_HEADERS) -> Answer:
        """One exchange."""
        try:
            asked = self._request(path, content, kind, headers)
        except ValueError as error:
            raise WayError(_said(error), sent=False) from error
        try:
            connection = self._connections.take(self._connect, self._silence)
        except OSError as error:
            raise WayError(_said(error), sent=False) from error
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
            self._connections.keep(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are not at work."""
        self._connections.close()

    def _request(self, path: str, content: bytes, kind: str, headers: Mapping[str, str]) -> bytes:
        """In one piece, so that the server wakes for it once; ValueError for what is no request."""
        if not self._known:
            raise ValueError("the address must be http://host or https://host")
        target = quote(f"{self._path}{path}", safe=SAFE_IN_TARGET) or "/"
        told = {"Host": self._host, "Content-Length": str(len(content)), **headers}
        if content:
            told["Content-Type"] = kind
        if wrong := next((name for name, value in told.items() if _LINE_ENDS.search(value)), None):
            raise ValueError(f"header {wrong} has more than one line")
        lines = (f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", "")
        return "\r\n".join(lines).encode("latin-1") + content


def _answer(connection: socket.socket) -> tuple[Answer, bool]:
    """The next answer, and whether the connection can be used again."""
    begun = connection.recv(_PIECE)
    return _plain_answer(connection, begun) or _any_answer(connection, begun)


def _plain_answer(connection: socket.socket, begun: bytes) -> tuple[Answer, bool] | None:
    """An answer as nearly every server gives it, by its first piece; None for any other.

    A till asks for some each sale: http.client spends more on one than the till does on the question.
    """
    head = _PLAIN.match(begun)
    if head is None or head[3].count(b"\n") >= _MOST_HEADERS:
        return None
    found = _TOLD.findall(head[3])
    told = {name.lower(): value.strip().decode("latin-1") for name, value in found}
    length, status = told.get(b"content-length", ""), int(head[1])
    simple = len(told) == len(found) and b"transfer-encoding" not in told and length.isdecimal()
    if not simple or status in _NO_BODY:
        return None
    content, size = begun[head.end() :], int(length)
    while len(content) < size:
        piece = connection.recv(_PIECE)
        if not piece:
            raise http.client.IncompleteRead(content, size - len(content))
        content += piece
    made = Answer(
        status,
        head[2].strip().decode("latin-1"),
        content[:size],
        _charset(told.get(b"content-type", "")),
    )
    return made, "close" not in told.get(b"connection", "").lower() and len(content) == size


def _any_answer(connection: socket.socket, begun: bytes) -> tuple[Answer, bool]:
    """Any other, as http.client reads it."""
    with http.client.HTTPResponse(_Begun(connection, begun), method="POST") as response:  # type: ignore[arg-type]
        response.begin()
        charset = _charset(response.getheader("Content-Type") or "")
        made = Answer(response.status, response.reason, response.read(), charset)
        return made, not response.will_close


class _Begun(io.RawIOBase):
    """A connection whose first piece has been read already, as http.client asks for one."""

    def __init__(self, connection: socket.socket, begun: bytes) -> None:
        self._connection = connection
        self._begun = begun

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What comes, from its first byte."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 at the end."""
        if not self._begun:
            return self._connection.recv_into(buffer)
        size = min(len(buffer), len(self._begun))
        buffer[:size], self._begun = self._begun[:size], self._begun[size:]
        return size


def form_of(fields: Mapping[str, Any] | None) -> bytes:
    """Fields as a form has them."""
    return urlencode(fields).encode() if fields else b""


def _charset(kind: str) -> str:
    _, found, charset = kind.lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") if found else "utf-8"


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
