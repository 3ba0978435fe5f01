"""JSON objects of the dialects, read by Go's rules: names without regard to case, unknown ones ignored, a
missing or null one is its zero value (uz-fiscal G1-T-08). What is there must have the right type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reference.drive.dialects.rpc1.codes import service_error
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import encode_time, parse_json_time

ILLEGAL: Final = 65532
"""`illegal argument` (uz-fiscal G1-R-04)."""
_SHOWN: Final = 60


class Fields:
    """The members of one JSON object. Rpc1Error 65532 names the field that breaks a rule."""

    def __init__(self, value: object, path: str = "params") -> None:
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise service_error(ILLEGAL, f"{path} must be an object, not {_shown(value)}")
        self.path = path
        self.members: dict[str, Any] = {
            str(name).lower(): member for name, member in value.items() if member is not None
        }

    def get(self, name: str) -> Any:
        """The member as it stands, None when it is missing or null."""
        return self.members.get(name.lower())

    def first(self, *names: str) -> Any:
        """The first of several spellings that is there."""
        return next((found for name in names if (found := self.get(name)) is not None), None)

    def text(self, name: str) -> str:
        """A text, blank when missing."""
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise service_error(ILLEGAL, f"{name} must be a text, not {_shown(value)}")
        return value

    def number(self, name: str) -> int:
        """A whole number of zero or more, zero when missing."""
        value = self.get(name)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise service_error(ILLEGAL, f"{name} must be an integer, not {_shown(value)}")
        if value < 0:
            raise service_error(ILLEGAL, f"{name} must not be negative, is {_shown(value)}")
        return value

    def part(self, name: str) -> Fields:
        """An object, empty when missing."""
        return Fields(self.get(name), name)

    def time(self, name: str, now: datetime) -> datetime:
        """`YYYY-MM-DD HH:MM:SS`, `now` when missing or blank (uz-fiscal TM-02)."""
        text = self.text(name)
        if not text:
            return now
        try:
            time = parse_json_time(text, name)
            encode_time(time)
        except CodecError as error:
            raise service_error(ILLEGAL, f"{name}: {error.text}") from None
        return time


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
