"""From a pydantic model to the fields of an HTML form on the control page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pydantic


@dataclass(frozen=True, slots=True)
class FormField:
    """One input: `kind` is text, number, boolean, choice or json; `default` None shows nothing."""

    name: str
    kind: str
    required: bool
    description: str
    default: object
    choices: tuple[str, ...] = ()


def form_fields(model: type[pydantic.BaseModel]) -> list[FormField]:
    """The fields of `model` in order, each with the input that suits its JSON schema."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    fields = []
    for name, outer in schema.get("properties", {}).items():
        inner = _resolve(outer, definitions)
        choices = tuple(str(choice) for choice in inner.get("enum", ()))
        kind = "choice" if choices else _KINDS.get(str(inner.get("type")), "json")
        text = str(outer.get("description") or inner.get("description") or "")
        fields.append(FormField(name, kind, name in required, text, outer.get("default"), choices))
    return fields


_KINDS = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the part of an optional field that is not null."""
    if "$ref" in schema:
        return _resolve(definitions[str(schema["$ref"]).rsplit("/", 1)[-1]], definitions)
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return _resolve(options[0], definitions) if len(options) == 1 else schema
