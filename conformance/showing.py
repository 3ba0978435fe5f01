"""Values as a report shows them: what was expected, what was observed, and of two objects what differs."""

from __future__ import annotations

import dataclasses
from enum import Enum


def differing(expected: object, observed: object) -> tuple[str, object]:
    """Both sides of a comparison as a report shows them: of two objects of a kind only what differs."""
    if (
        expected == observed
        or type(expected) is not type(observed)
        or not dataclasses.is_dataclass(expected)
        or not dataclasses.is_dataclass(observed)
    ):
        return shown(expected), observed
    names = [
        field.name
        for field in dataclasses.fields(expected)
        if getattr(expected, field.name) != getattr(observed, field.name)
    ]
    sides = [
        ", ".join(f"{name}={shown(getattr(side, name))}" for name in names) for side in (expected, observed)
    ]
    return sides[0], sides[1]


def shown(value: object) -> str:
    """A value as a report shows it: bytes as hex, status words with their names, objects by their fields."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex() or "(no bytes)"
    if isinstance(value, Enum):
        return _enum_shown(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return ", ".join(f"{name}={shown(inner)}" for name, inner in fields if inner is not None)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    return str(value)


def _enum_shown(value: Enum) -> str:
    if type(value).__name__ == "StatusWord":
        return f"{value.value:04X} - {value.name}"
    if isinstance(value.value, str):
        return value.value
    return f"{value.value} ({value.name})"
