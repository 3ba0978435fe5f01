"""Frames of the Kazakh register protocol as trees of named fields (kz-ofd §2.2, §11, §12).

A body does not say whether it is a Request or a Response: it is a Response where it has a result and reads
without a rest. Money is shown in tenge, dates as dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet

from conformance.tree import Tree, of_json
from reference.protocol.kz.dialects import Command, Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.envelope import Envelope, bare_strings, read_request, read_response
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.frames import APPCODE, HEADER_SIZE, Header
from reference.protocol.kz.message_json import message_to_json
from reference.protocol.kz.results import result_row

BEGINNING: Final = APPCODE.to_bytes(2, "little")
_COMMANDS: Final = frozenset(Command)
_MONEY: Final = ({"bills", "coins"}, {"bills"}, {"coins"})


def is_frame(raw: bytes) -> bool:
    """Whether bytes begin as a frame of this protocol does."""
    return raw[:2] == BEGINNING


def decode_kz(raw: bytes) -> Tree:
    """The frames that the bytes hold, one after the other, and what is left over."""
    found = tuple(_frames(raw))
    return found[0] if len(found) == 1 else Tree(f"{len(found)} pieces", "", found)


def _frames(raw: bytes) -> Iterator[Tree]:
    while raw:
        try:
            header = Header.decode(raw[:HEADER_SIZE])
        except KzError as error:
            yield Tree("bytes", f"{raw.hex()} ({error})")
            return
        size = max(header.size, HEADER_SIZE)
        yield _frame(header, raw[HEADER_SIZE:size], whole=len(raw) >= size == header.size)
        raw = raw[size:]


def _frame(header: Header, body: bytes, *, whole: bool) -> Tree:
    fields = (
        Tree("version", str(header.version)),
        Tree("size", str(header.size) if whole else f"{header.size} ({HEADER_SIZE + len(body)} bytes here)"),
        Tree("id", str(header.id)),
        Tree("token", str(header.token)),
        Tree("reqnum", str(header.reqnum)),
    )
    dialect = dialect_for(header.version) or fallback_dialect()
    try:
        kind, envelope = _read(dialect, body)
    except KzError as error:
        return Tree("frame", "", (*fields, Tree("body", f"{body.hex()} ({error})")))
    return Tree(_title(kind, envelope, dialect), "", (*fields, _message(kind, envelope)))


def _read(dialect: Dialect, body: bytes) -> tuple[str, Envelope]:
    try:
        response = read_response(dialect, body)
    except KzError:
        return "Request", read_request(dialect, body)
    result = response.message.result
    if result.HasField("result_code") and not len(UnknownFieldSet(result)):
        return "Response", response
    return "Request", read_request(dialect, body)


def _title(kind: str, envelope: Envelope, dialect: Dialect) -> str:
    command = "no command"
    if envelope.command is not None:
        known = envelope.command in _COMMANDS
        command = Command(envelope.command).name if known else f"command {envelope.command}"
    if kind == "Request":
        return f"KZ request {command}"
    code = int(envelope.message.result.result_code)
    row = result_row(code, dialect.version)
    return f"KZ answer {command}: {code} {row.name if row.code == code else '(no code of the protocol)'}"


def _message(kind: str, envelope: Envelope) -> Tree:
    value = _readable(message_to_json(envelope.message))
    tree = of_json(kind, value)
    if kind == "Request":
        texts = bare_strings(envelope.message.ticket.extension_options)
        tree = Tree(kind, "", (*tree.children, *(Tree("bare string", text) for text in texts)))
    return tree


def _readable(value: Any) -> Any:
    """Money as tenge, dates as dates; all else as it is."""
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = value.keys()
    if names in _MONEY:
        return f"{value.get('bills', 0)}.{value.get('coins', 0):02d}"
    if names <= {"date", "time"} and isinstance(value.get("date"), Mapping):
        return " ".join(filter(None, (_date(value["date"]), _time(value.get("time")))))
    return {name: _readable(each) for name, each in value.items()}


def _date(value: Mapping[str, Any]) -> str:
    return "-".join(
        f"{value.get(name, 0):0{width}d}" for name, width in (("year", 4), ("month", 2), ("day", 2))
    )


def _time(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return ""
    return ":".join(f"{value.get(name, 0):02d}" for name in ("hour", "minute", "second"))
