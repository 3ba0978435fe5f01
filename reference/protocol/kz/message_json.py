"""Messages as plain JSON values and back: what people, transcripts and vectors read.

Fields by their proto names, enums by name, integers as numbers, bytes as lower-case hex; what is not in the
message is not in the JSON. Unknown fields and unknown enum numbers stay on the wire and out of the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from reference.protocol.kz.errors import RangeError

JsonValue = str | int | bool | dict[str, "JsonValue"] | list["JsonValue"]


def message_to_json(message: Any) -> dict[str, JsonValue]:
    """Return the fields that are present, in the order of their numbers."""
    return {
        field.name: [_out(field, item) for item in value] if field.is_repeated else _out(field, value)
        for field, value in message.ListFields()
    }


def fill_from_json(message: Any, value: Mapping[str, Any]) -> None:
    """Set a message's fields from such a JSON object. Raises RangeError naming the field."""
    fields = message.DESCRIPTOR.fields_by_name
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            raise RangeError(f"{message.DESCRIPTOR.name} has no such field", field=name, clause="§11")
        try:
            _set(message, field, item)
        except RangeError as error:
            raise RangeError(error.text, field=f"{name}.{error.field}", clause=error.clause) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise RangeError(str(error), field=name, clause="§11") from error


def _set(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        items = getattr(message, field.name)
        for item in value:
            if field.message_type is not None:
                fill_from_json(items.add(), item)
            else:
                items.append(_in(field, item))
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        fill_from_json(inner, value)
    else:
        setattr(message, field.name, _in(field, value))


def _out(field: FieldDescriptor, value: Any) -> JsonValue:
    if field.message_type is not None:
        return message_to_json(value)
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if isinstance(value, bytes):
        # A string field holds bytes when they are no UTF-8; a bytes field always does.
        return value.hex() if field.type == _BYTES else value.decode("utf-8", "replace")
    plain: str | int | bool = value
    return plain


def _in(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        if value not in field.enum_type.values_by_name:
            raise ValueError(f"{field.enum_type.name} has no {value}")
        return field.enum_type.values_by_name[value].number
    return bytes.fromhex(value) if field.type == _BYTES else value


_BYTES: Final = FieldDescriptor.TYPE_BYTES
