"""A small HTTP/1.1 client: connections kept, any thread, no redirects, no proxies, nothing decoded.

The judge asks small questions by the ten thousand; a client for the whole web spends more time on each than
the part that answers it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from reference.runtime.connections import DEFAULT_PORTS, SAFE_IN_TARGET, KeptConnections

PIECE: Final = 65536
LONGEST_HEAD: Final = 1 << 20
_NO_BODY: Final = frozenset({204, 304})


class HttpError(OSError):
    """The exchange broke: nobody there, no answer in time, or an answer that is no HTTP."""


class HttpUnreachableError(HttpError):
    """No connection could be made: nothing has been sent."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer: headers as they came, and the whole body."""

    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    content: bytes

    def header(self, name: str) -> str:
        """The last header of this name, empty if there is none."""
        return next((value for each, value in reversed(self.headers) if each.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        """The body by its charset, UTF-8 without one; what cannot be read is replaced."""
        _, _, charset = self.header("content-type").lower().partition("charset=")
        try:
            return self.content.decode(charset.split(";")[0].strip(" \"'") or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    @property
    def raw(self) -> bytes:
        """The answer as it stood on the wire, a chunked body in one piece."""
        lines = [
            f"HTTP/1.1 {self.status} {self.phrase}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.content


class QuickHttp:
    """One server at `base` (http://HOST:PORT or https://…). `seconds` is how long it may keep silent.

    HttpError for a base that is no address.
    """

    def __init__(self, base: str, seconds: float) -> None:
        try:
            parts = urlsplit(base)
            port = parts.port or DEFAULT_PORTS[parts.scheme]
        except (ValueError, KeyError) as error:
            raise HttpError(f"{base!r} is no address of the form http://HOST:PORT") from error
        if not parts.hostname:
            raise HttpError(f"{base!r} names no host")
        self.host = parts.netloc.rpartition("@")[2]
        self._connections = KeptConnections((parts.hostname, port), tls=parts.scheme == "https")
        self._seconds = seconds

    def request_bytes(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        """A request as it goes out; `headers` replace the usual ones of their names."""
        usual = {"Host": self.host, "Accept": "*/*", "Connection": "keep-alive", "User-Agent": "kassalab"}
        if body or method not in ("GET", "HEAD", "DELETE"):
            usual["Content-Length"] = str(len(body))
        given = dict(headers or {})
        names = {name.lower() for name in given}
        told = [(name, value) for name, value in usual.items() if name.lower() not in names]
        target = quote(path, safe=SAFE_IN_TARGET) or "/"
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (*told, *given.items())),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def exchange(self, request: bytes, seconds: float | None = None) -> HttpAnswer:
        """Send a request's bytes and read its answer. HttpUnreachableError, HttpError."""
        limit = self._seconds if seconds is None else seconds
        try:
            connection = self._connections.take(limit, limit)
        except OSError as error:
            raise HttpUnreachableError(str(error) or type(error).__name__) from error
        try:
            connection.sendall(request)
            answer, kept = _read_answer(connection, is_head=request.startswith(b"HEAD "))
        except (OSError, ValueError) as error:
            connection.close()
            raise HttpError(str(error) or type(error).__name__) from error
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


class _Reader:
    """Bytes of a connection, as many as are asked for."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.data = b""

    def more(self) -> bool:
        """Read a piece; False at the end."""
        piece = self._connection.recv(PIECE)
        self.data += piece
        return bool(piece)

    def until(self, mark: bytes) -> bytes:
        """What stands before `mark`, which is passed over."""
        while (end := self.data.find(mark)) < 0:
            if len(self.data) > LONGEST_HEAD:
                raise ValueError("no end of the headers")
            if not self.more():
                raise ValueError("the connection was closed before the end of the answer")
        found, self.data = self.data[:end], self.data[end + len(mark) :]
        return found

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        pieces, have = [self.data], len(self.data)
        while have < size:
            piece = self._connection.recv(PIECE)
            if not piece:
                raise ValueError(f"the connection was closed after {have} of {size} bytes of the body")
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self.data = whole[size:]
        return whole[:size]


def _read_answer(connection: socket.socket, *, is_head: bool) -> tuple[HttpAnswer, bool]:
    """The next answer, and whether the connection can be used again."""
    reader = _Reader(connection)
    while True:
        first, *lines = reader.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        number, _, phrase = rest.partition(" ")
        if not version.startswith("HTTP/1.") or not (number.isdecimal() and len(number) == 3):
            raise ValueError(f"the answer is no HTTP: {first[:60]!r}")
        status = int(number)
        if status >= 200:
            break
    headers = tuple(_headers(lines))
    named = {name.lower(): value for name, value in headers}
    kept = version != "HTTP/1.0" and named.get("connection", "").lower() != "close"
    if is_head or status in _NO_BODY:
        return HttpAnswer(status, phrase, headers, b""), kept
    if named.get("transfer-encoding", "").lower() == "chunked":
        content = _chunked(reader)
    elif "content-length" in named:
        content = reader.take(int(named["content-length"]))
    else:
        kept = False
        while reader.more():
            continue
        content, reader.data = reader.data, b""
    return HttpAnswer(status, phrase, headers, content), kept and not reader.data


def _headers(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"a line among the headers is none: {line[:60]!r}")
        yield name, value.strip()


def _chunked(reader: _Reader) -> bytes:
    content = b""
    while size := int(reader.until(b"\r\n").split(b";")[0], 16):
        content += reader.take(size)
        reader.until(b"\r\n")
    while reader.until(b"\r\n"):
        continue  # trailers
    return content
