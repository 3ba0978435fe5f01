"""Request and Response as whole bodies: all fields optional, written in ascending order (kz-ofd §2.6).

Two things of the wire do not survive a plain parse and are looked after here: a command number outside the
version's enum, which an answer must repeat (FR-11), and a bare string where 2.0.x has key and value (§12.1).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.errors import BodyError
from reference.protocol.kz.results import result_text

_COMMAND_TAG: Final = 1
_BARE_STRING_PATH: Final = (2, 9, 3)
"""Request.ticket, TicketRequest.extension_options, ExtensionOptions.auxiliary."""
_BARE_STRING_TAG: Final = 2
"""Where a bare string is put inside its KeyValuePair: the value, without a key."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_FIELDS: Final = 10_000
"""Fields looked through for a bare string; a body of more is refused: garbage must cost little."""


class Envelope(NamedTuple):
    """A parsed body: `command` is the number received (None: missing), `message` a Request or Response."""

    command: int | None
    message: Any


def read_request(dialect: Dialect, body: bytes) -> Envelope:
    """Return the Request of a frame's body. Raises BodyError (kz-ofd FR-10)."""
    kind = dialect.messages.Request
    try:
        message = kind.FromString(body)
    except DecodeError:
        message = _read_hybrid(kind, body)
    return Envelope(_command(message), message)


def read_response(dialect: Dialect, body: bytes) -> Envelope:
    """Return the Response of a frame's body. Raises BodyError."""
    try:
        message = dialect.messages.Response.FromString(body)
    except DecodeError as error:
        raise BodyError(str(error)) from error
    return Envelope(_command(message), message)


def new_response(dialect: Dialect, code: int, text: str | None = None) -> Any:
    """Return a Response with its result; a refusal always has a text (kz-ofd §5.2), by default the table's.

    The command is written by `encode_response`, so that any number can be repeated.
    """
    response = dialect.messages.Response()
    response.result.result_code = code
    if text is not None:
        response.result.result_text = text
    elif code != 0:
        response.result.result_text = result_text(code, dialect.version)
    return response


def encode_response(command: int, response: Any) -> bytes:
    """Return the body of an answer to a command number, known to the version or not (kz-ofd §3.2, FR-11)."""
    response.ClearField("command")
    return b"\x08" + _varint(command) + bytes(response.SerializeToString())


def refusal(dialect: Dialect, command: int, code: int, text: str | None = None) -> bytes:
    """Return the body of an answer that is only a result code and its text."""
    return encode_response(command, new_response(dialect, code, text))


def enum_number(message: Any, field: str) -> int | None:
    """Return an enum field's number as received, one outside the version's enum included; None if absent.

    Such a number counts as a missing field (kz-ofd PA-2), unless a hybrid of §12.1 is known to send it.
    """
    if message.HasField(field):
        number: int = getattr(message, field)
        return number
    numbers = _unknown(message, message.DESCRIPTOR.fields_by_name[field].number, _VARINT)
    return numbers[-1] if numbers else None


def set_enum_number(message: Any, field: str, number: int) -> None:
    """Write an enum field's number, one outside the version's enum too: it travels as an unknown field."""
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    if number in descriptor.enum_type.values_by_number:
        setattr(message, field, number)
    else:
        message.MergeFromString(_varint(descriptor.number << 3) + _varint(number))


def bare_strings(options: Any) -> tuple[str, ...]:
    """Return the strings that stand bare in ExtensionOptions 3, as hybrids of kz-ofd §12.1 write them."""
    if "auxiliary" in options.DESCRIPTOR.fields_by_name:
        bare = [pair for pair in options.auxiliary if not pair.HasField("key")]
        return tuple(_text(pair.value or pair.SerializeToString()) for pair in bare)
    return tuple(_text(data) for data in _unknown(options, _BARE_STRING_PATH[-1], _BYTES))


def _command(message: Any) -> int | None:
    if message.HasField("command"):
        number: int = message.command
        return number
    return enum_number(message, "command")


def _unknown(message: Any, tag: int, wire_type: int) -> list[Any]:
    fields: Any = UnknownFieldSet(message)
    return [field.data for field in fields if field.field_number == tag and field.wire_type == wire_type]


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _read_hybrid(kind: Any, body: bytes) -> Any:
    """Parse again with bare strings of ExtensionOptions 3 wrapped as values without a key."""
    try:
        return kind.FromString(_wrap_bare_strings(kind, body, _BARE_STRING_PATH))
    except DecodeError as error:
        raise BodyError(str(error)) from error


def _wrap_bare_strings(kind: Any, data: bytes, path: tuple[int, ...]) -> bytes:
    """Copy a message's bytes; an element at `path` that is no KeyValuePair is wrapped. Raises BodyError."""
    inner = kind.DESCRIPTOR.fields_by_number.get(path[0])
    if inner is None:
        return data
    inner_kind = inner.message_type._concrete_class
    out = bytearray()
    position = 0
    for _ in range(_MOST_FIELDS):
        if position >= len(data):
            return bytes(out)
        start = position
        tag, position = _read_varint(data, position)
        position, payload = _skip(data, position, tag & 7)
        if tag >> 3 != path[0] or payload is None:
            out += data[start:position]
            continue
        if len(path) > 1:
            payload = _wrap_bare_strings(inner_kind, payload, path[1:])
        else:
            payload = _as_pair(inner_kind, payload)
        out += _varint(tag) + _varint(len(payload)) + payload
    raise BodyError(f"more than {_MOST_FIELDS} fields")


def _as_pair(kind: Any, payload: bytes) -> bytes:
    try:
        kind.FromString(payload)
    except DecodeError:
        return _varint(_BARE_STRING_TAG << 3 | _BYTES) + _varint(len(payload)) + payload
    return payload


def _skip(data: bytes, position: int, wire_type: int) -> tuple[int, bytes | None]:
    """Return the position behind one field, and its payload if it is length-delimited. Raises BodyError."""
    payload: bytes | None = None
    if wire_type == _VARINT:
        _, position = _read_varint(data, position)
    elif wire_type == _BYTES:
        size, position = _read_varint(data, position)
        payload = data[position : position + size]
        position += size
    elif wire_type in (_FIXED32, _FIXED64):
        position += 4 if wire_type == _FIXED32 else 8
    else:
        raise BodyError(f"wire type {wire_type} is not read")
    if position > len(data):
        raise BodyError("a field runs past the end")
    return position, payload


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise BodyError("a number runs past the end")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise BodyError("a number is longer than ten bytes")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
