"""What bytes mean: APDU, objects, TLV, message frames of both countries and HTTP as trees of named fields.

Decoding never raises: what cannot be read is shown as it is, with the reason beside it. The command
`kassalab decode`, the console and the HTML report show the same trees.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import lru_cache

from conformance.any_json import any_json
from conformance.decode_kz import decode_kz, is_frame
from conformance.events import Direction, Exchange, Layer
from conformance.tree import Tree
from reference.protocol.uz import message, standin, tlv
from reference.protocol.uz.apdu import (
    Command,
    StatusWord,
    find_instruction,
    split_response,
    status_text,
)
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.objects import OBJECTS
from reference.protocol.uz.receipt import decode_full_receipt
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import decode_time

__all__ = [
    "Tree",
    "decode_bytes",
    "decode_command",
    "decode_exchange",
    "decode_frame",
    "decode_http",
    "decode_response",
    "forget_decoded",
]

LARGEST = 65536
"""Bytes of an exchange that is still shown field by field."""

REMEMBERED = 2048
"""Bytes of a question and its answer whose tree is kept for the next time."""

_DATA: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "GET_INFO": ("tags", lambda data: data.hex(" ")),
    "GET_FISCAL_MEMORY_INFO": ("tags", lambda data: data.hex(" ")),
    "GET_ZREPORT_INFO": ("tags", lambda data: data.hex(" ")),
    "GET_RECEIPT_INFO": ("tags", lambda data: data.hex(" ")),
    "ZREPORT_OPEN": ("time", decode_time),
    "ZREPORT_CLOSE": ("time", decode_time),
    "RECEIPT_REGISTER": ("TotalBlock", lambda data: TotalBlock.decode(data, strict=False)),
    "ACK": ("AckFile", standin.read_ack_file),
    "SYNC": ("SyncFile", standin.read_sync_file),
}
"""What the data of a command is, where it is more than bytes."""
_FILE_TYPES = frozenset(message.FileType)


def decode_exchange(exchange: Exchange) -> Tree:
    """Tree of what crossed the wire in one exchange."""
    if exchange.direction is Direction.CLOSED:
        return Tree("connection closed")
    if len(exchange.raw) > LARGEST:
        start = exchange.raw[:48]
        shown = start.decode("latin-1") if exchange.layer is Layer.HTTP else start.hex()
        return Tree(f"{len(exchange.raw)} bytes", f"{shown!r}… (too many to be shown field by field)")
    raw, about = exchange.raw, exchange.about
    if len(raw) + len(about) > REMEMBERED:
        return _LAYERS[exchange.layer](raw, exchange.direction, about)
    return _decoded(exchange.layer, raw, exchange.direction, about)


@lru_cache(maxsize=8192)
def _decoded(layer: Layer, raw: bytes, direction: Direction, about: bytes) -> Tree:
    """The same bytes are shown by several reports, and come again and again in a run."""
    return _LAYERS[layer](raw, direction, about)


def forget_decoded() -> None:
    """Keep no tree for the next time: for measurements, which must find each exchange new."""
    _decoded.cache_clear()


def decode_command(raw: bytes) -> Tree:
    """A command APDU with its instruction's name and its data by the instruction's table."""
    if raw[:2] == b"\x00\xa4":
        return Tree("SELECT" if len(raw) > 5 else "DESELECT", raw[5:].decode("ascii", "replace"))
    try:
        command = Command.decode(raw)
    except UzError as error:
        return Tree("APDU", f"{raw.hex()} ({error})")
    found = find_instruction(command.ins, command.p1, command.p2)
    name = f"unknown INS {command.ins:02X}" if isinstance(found, StatusWord) else found.name
    children = []
    if isinstance(found, StatusWord):
        children.append(Tree("P1 P2", f"{command.p1:02x} {command.p2:02x}"))
    elif found.indexed:
        children.append(Tree("index", str(command.p1 << 8 | command.p2)))
    if command.data:
        children.append(_command_data(name, command.data))
    return Tree(name, "", tuple(children))


def decode_response(raw: bytes, about: bytes = b"") -> Tree:
    """A response APDU: status word with its name, and its data as the object it is."""
    if len(raw) < 2:
        return Tree("answer", f"{raw.hex() or 'no bytes'} (no status word)")
    data, sw = split_response(raw)
    children = (decode_bytes(data),) if data else ()
    if data and about[:5] == b"\x00\x00\x00\x00\x00":
        children = (Tree("version", data.hex()),)
    return Tree("answer", status_text(sw), children)


def decode_frame(raw: bytes) -> Tree:
    """A frame of message version 6, request or response; a TLV tree where it is neither.

    What begins as a frame of the Kazakh registers' protocol is read as one.
    """
    if is_frame(raw):
        return decode_kz(raw)
    for name, decode in (("request", message.Request.decode), ("response", message.Response.decode)):
        try:
            return _of_value(f"message {name}", decode(raw))
        except UzError:
            continue
    if raw[:1] == b"\x06" and len(raw) > 5:
        return Tree("message frame that cannot be read", "", (_of_tlv(raw[1:-4]),))
    return Tree("bytes", raw.hex())


def decode_bytes(data: bytes) -> Tree:
    """Bytes as an object a0…a5, a full receipt 8d, a TLV tree, or plain hex, whichever they are."""
    kind = OBJECTS.get(data[0]) if data else None
    if kind is not None:
        try:
            return _of_value(f"{data[0]:02x} {kind.__name__}", kind.decode(data))
        except UzError:
            return _of_tlv(data)
    if data[:1] == b"\x8d":
        try:
            return _of_value("8d FullReceipt", decode_full_receipt(data))
        except UzError:
            return _of_tlv(data)
    return Tree("data", data.hex())


def decode_http(raw: bytes) -> Tree:
    """A request or answer: its first line, and a JSON body as a tree."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if b"\r\n" not in raw and (cut := raw.find(b"{")) > 0:  # the judge's short form: POST /keys/sell {…}
        head, body = raw[:cut].rstrip(), raw[cut:]
    first, *headers = head.decode("latin-1").split("\r\n")
    shown = [Tree(name, value.strip()) for name, _, value in (line.partition(":") for line in headers)]
    children = [Tree("headers", "", tuple(shown))] if shown else []
    if body:
        children.append(_of_body(body))
    return Tree(first or "(empty)", "", tuple(children))


def _command_data(name: str, data: bytes) -> Tree:
    title, decode = _DATA.get(name, ("data", bytes.hex))
    try:
        return _of_value(title, decode(data))
    except UzError as error:
        return Tree(title, f"{data.hex()} ({error})")


def _of_tlv(data: bytes) -> Tree:
    try:
        return Tree("TLV", "", tuple(_of_node(node) for node in tlv.tree(data)))
    except UzError as error:
        return Tree("data", f"{data.hex()} ({error})")


def _of_node(node: tlv.Node) -> Tree:
    name = f"{node.tag:02x}"
    if node.children:
        return Tree(name, "", tuple(_of_node(child) for child in node.children))
    return Tree(name, node.value.hex())


def _of_body(body: bytes) -> Tree:
    text = body.decode("utf-8", "replace")
    try:
        return _of_value("JSON", any_json(text))
    except ValueError:
        return Tree("body", text)


def _of_value(name: str, value: object) -> Tree:
    if type(value) is str:  # most of what is shown
        return Tree(name, value or '""')
    if isinstance(value, dict):
        return Tree(name, "", tuple([_of_value(str(key), inner) for key, inner in value.items()]))
    if isinstance(value, list | tuple):
        inner = tuple([_of_value(f"[{i}]", one) for i, one in enumerate(value)])
        return Tree(name, "" if value else "[]", inner)
    if isinstance(value, Tree):
        return Tree(name, "", (value,))
    names = _field_names(type(value))
    if names is not None:
        fields = [(each, _named(value, each)) for each in names]
        return Tree(name, "", tuple([_of_value(each, inner) for each, inner in fields if inner is not None]))
    return Tree(name, _text(value))


_FIELDS: dict[type, tuple[str, ...] | None] = {}


def _field_names(kind: type) -> tuple[str, ...] | None:
    """Names of a dataclass's fields, in order, None for any other class; each class is asked once."""
    if kind not in _FIELDS:
        whole = dataclasses.is_dataclass(kind)
        _FIELDS[kind] = tuple(each.name for each in dataclasses.fields(kind)) if whole else None
    return _FIELDS[kind]


def _named(owner: object, field: str) -> object:
    """A field of a value: a file's type by name, its header and an ack's body as the objects they are."""
    value: object = getattr(owner, field)
    if isinstance(owner, message.File) and field == "type" and value in _FILE_TYPES:
        return message.FileType(owner.type)
    if isinstance(owner, message.File) and field == "header" and owner.header[:1] in (b"\xa4", b"\xa5"):
        return decode_bytes(owner.header)
    if isinstance(owner, message.AckFile) and field == "body":
        return _operators_file(owner.body)
    return value


def _operators_file(body: bytes) -> object:
    """The ack or sync file for the module, or the bytes as they are."""
    for read in (standin.read_ack_file, standin.read_sync_file):
        try:
            return read(body)
        except UzError:
            continue
    return body


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return f"{value.value} {value.name}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value) or '""'


def _of_apdu(raw: bytes, direction: Direction, about: bytes) -> Tree:
    return decode_command(raw) if direction is Direction.SENT else decode_response(raw, about)


def _of_link(raw: bytes, direction: Direction, about: bytes) -> Tree:
    if direction is Direction.RECEIVED and raw[:1] in (b"\x3b", b"\x3f") and not about:
        return Tree("answer to reset", raw.hex())
    if len(raw) > 1 and raw[0] == len(raw) - 1:
        inner = (
            decode_command(raw[1:]) if direction is Direction.SENT else decode_response(raw[1:], about[1:])
        )
        return Tree("frame", raw.hex(), (inner,))
    return Tree("link bytes", raw.hex())


def _of_message(raw: bytes, direction: Direction, about: bytes) -> Tree:  # noqa: ARG001 - one shape for all
    return decode_frame(raw)


def _of_http(raw: bytes, direction: Direction, about: bytes) -> Tree:  # noqa: ARG001
    return decode_http(raw)


def _of_control(raw: bytes, direction: Direction, about: bytes) -> Tree:  # noqa: ARG001
    return Tree("control", raw.decode("utf-8", "replace"))


_LAYERS: dict[Layer, Callable[[bytes, Direction, bytes], Tree]] = {
    Layer.LINK: _of_link,
    Layer.APDU: _of_apdu,
    Layer.MESSAGE: _of_message,
    Layer.HTTP: _of_http,
    Layer.CONTROL: _of_control,
}
