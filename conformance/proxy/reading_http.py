"""Units of the HTTP wires: REST on 3449 and JSON-RPC on 3448."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import h11

from conformance.any_json import any_json
from conformance.proxy.splitting import ask
from conformance.proxy.units import Piece, Side, Unit
from conformance.proxy.watch_gen1 import Gen1Watcher
from conformance.proxy.watch_rest import DriveWatcher
from conformance.proxy.watching import Watcher

NAMES: Final = {
    "method": "GET, POST, …",
    "path": "path of the request, without its query",
    "command": "path without the module's id; on the RPC wire the method called: Api.GetInfo",
    "device": "last part of the path: the factory id",
    "status": "status of the answer: 200, 400, …",
    "type": "content type, without parameters",
}


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A parsed message: `start` is (method, target) or (status,); names of headers in lower case."""

    start: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def read(piece: Piece, side: Side, asked: Unit | None) -> Unit:
    """The request or answer in a message."""
    names = dict(asked.names) if asked is not None and side is Side.RESPONSE else {}
    if piece.trouble:
        return Unit(side, piece.raw, piece.trouble, names, trouble=piece.trouble)
    method = names.get("method", "GET")
    try:
        message = parse(piece.raw, side, method)
    except h11.ProtocolError as error:
        return Unit(side, piece.raw, f"no HTTP message: {error}", names, trouble=str(error))
    if side is Side.REQUEST:
        return _request(piece.raw, message)
    names |= {"status": message.start[0], "type": message.content_type}
    title = f"{message.start[0]} {message.body[:80].decode('utf-8', 'replace')}"
    return Unit(side, piece.raw, title, names, message, interim=piece.interim)


def parse(raw: bytes, side: Side, method: str = "GET") -> HttpMessage:
    """The one message in `raw`. Raises h11.ProtocolError; `method` is what an answer answers."""
    parser = h11.Connection(
        h11.SERVER if side is Side.REQUEST else h11.CLIENT, max_incomplete_event_size=1 << 20
    )
    if side is Side.RESPONSE:
        ask(parser, method)
    parser.receive_data(raw)
    start: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    body = bytearray()
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA and parser.their_state is h11.SEND_BODY:
            parser.receive_data(b"")  # a body that goes on to the end of the stream
            continue
        match event:
            case h11.Request():
                start = (event.method.decode("ascii"), event.target.decode("latin-1"))
            case h11.Response() | h11.InformationalResponse():
                start = (str(event.status_code),)
            case h11.Data():
                body += event.data
                continue
            case _:
                return HttpMessage(start, headers, bytes(body))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}


def _request(raw: bytes, message: HttpMessage) -> Unit:
    method, target = message.start
    path = unquote(target.partition("?")[0])
    base, _, last = path.rpartition("/")
    names = {
        "method": method,
        "path": path,
        "device": last,
        "type": message.content_type,
        "command": _called(message) or base,
    }
    return Unit(Side.REQUEST, raw, f"{method} {target}", names, message)


def _called(message: HttpMessage) -> str:
    """Method of a call by JSON-RPC or a wrapper's like of it, empty if it is none."""
    try:
        body = any_json(message.body)
    except ValueError:
        return ""
    method = body.get("method") if isinstance(body, dict) else None
    return method if isinstance(method, str) else ""


def watchers() -> tuple[Watcher, ...]:
    """Judges of the REST wire."""
    return (DriveWatcher(),)


def gen1_watchers() -> tuple[Watcher, ...]:
    """Judges of the wires of generation 1."""
    return (Gen1Watcher(),)
