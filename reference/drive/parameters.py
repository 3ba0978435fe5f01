"""Where parameters come from and what they may be: query, form body on POST, JSON body (uz-fiscal §4.1).

Pure: the request's parts go in, a `Parameters` comes out whose readers raise BadParameterError with the
field's name and its rule. Names match without regard to case; of several values the body's stands before the
query's, the first before later ones, as Go reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from reference.drive.errors import BadParameterError, CardError
from reference.drive.records import FileState
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import MAX_SHORT, encode_time, parse_json_time

BARE: Final = ""
"""Name under which a JSON body that is a bare value is kept (uz-fiscal G2-T-05)."""
BODY: Final = "request body"
"""What a bare value is called in a Reason."""
PAGE_DIGITS: Final = 18
"""Of a Limit or Offset: what every database counts to. The guide gives Limit no largest value."""
FORM: Final = "application/x-www-form-urlencoded"
_TRUE: Final = frozenset({"1", "t", "true", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "f", "false", "no", "n", "off"})


def parse_json_body(body: bytes) -> Any:
    """The JSON value in a body (UTF-8, a byte order mark is let pass); BadParameterError says where it
    breaks."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise BadParameterError("body", "request body is nested too deeply") from None
    except ValueError as error:
        raise BadParameterError("body", f"request body is not JSON: {error}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def collect(method: str, content_type: str, query: str, body: bytes) -> Parameters:
    """All parameters of a request. A form body on a GET is not read, as Go servers do not (uz-fiscal
    G2-T-04)."""
    pairs: list[tuple[str, Any]] = []
    text = body.strip()
    if method != "GET" and text:
        is_form = content_type.split(";")[0].strip().lower() == FORM
        # Clients forget the content type, or let their library set the form's on a JSON body.
        if text[:1] in (b"{", b"[", b'"') or not is_form or text.isdigit():
            pairs += _json_pairs(parse_json_body(body))
        else:
            pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    pairs += parse_qsl(query, keep_blank_values=True)
    return Parameters(pairs)


def _json_pairs(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(name), content) for name, content in value.items() if content is not None]
    return [(BARE, value)]


class Parameters:
    """The parameters of one request by lower-case name."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self._values: dict[str, list[Any]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def pairs(self) -> list[tuple[str, Any]]:
        """Every name, in lower case, with each of its values."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def _first(self, name: str) -> Any:
        values = self._values.get(name.lower())
        return None if not values else values[0]

    def text(self, name: str) -> str | None:
        """The value as text, None when it is missing; a list or object is no text."""
        value = self._first(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        raise BadParameterError(name, f"{name or BODY} must be a text or a whole number")

    def texts(self, name: str) -> list[str]:
        """All values, split at commas, blanks dropped: `a,b`, repeated, or a JSON array."""
        found: list[str] = []
        for value in self._values.get(name.lower(), []):
            for one in value if isinstance(value, list) else [value]:
                found += [part.strip() for part in str(one).split(",")]
        return [text for text in found if text]

    def number(self, name: str) -> int | None:
        """A whole number, None when it is missing or blank."""
        text = (self.text(name) or "").strip()
        if not text:
            return None
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise BadParameterError(name, f"{name or BODY} must be a whole number, not {text[:40]!r}")
        return int(text) if len(digits) <= 40 else 10**40

    def flag(self, name: str, default: bool) -> bool:
        """true or false in the usual spellings."""
        text = (self.text(name) or "").strip().lower()
        if not text:
            return default
        if text not in _TRUE | _FALSE:
            raise BadParameterError(name, f"{name} must be true or false, not {text[:40]!r}")
        return text in _TRUE

    # --- the documented ones -------------------------------------------------------------------------

    def txid(self) -> int:
        """TXID, also as a bare JSON number or number in a text (uz-fiscal G2-T-05, HB-09)."""
        value = self.number("TXID")
        if value is None:
            value = self.number(BARE)
        if value is None or value < 1:
            raise BadParameterError("TXID", "TXID must be a positive whole number")
        return value

    def index(self) -> int:
        """Reverse index, default 0; above 32767 the module's own word for it (uz-fiscal G2-S-15)."""
        value = self.number("Index")
        if value is None:
            return 0
        if not 0 <= value <= MAX_SHORT:
            raise CardError(StatusWord.INVALID_INDEX)
        return value

    def time(self, now: datetime) -> datetime:
        """DateTime: `now`, missing, or `YYYY-MM-DD HH:MM:SS` in Tashkent time (uz-fiscal §4.2)."""
        text = (self.text("DateTime") or "now").strip()
        if text.lower() == "now":
            return now
        try:
            time = parse_json_time(text, "DateTime")
        except CodecError as error:
            raise BadParameterError("DateTime", f"DateTime: {error.text}") from None
        try:
            encode_time(time)
        except CodecError:
            raise CardError(StatusWord.INVALID_DATETIME) from None
        return time

    def status(self) -> FileState:
        """Status of files, 0…4, default 0 New."""
        value = self.number("Status") or 0
        if not 0 <= value <= max(FileState):
            raise BadParameterError("Status", f"Status must be in range [0, {max(FileState)}]")
        return FileState(value)

    def numbers(self) -> list[int]:
        """Numbers: receipt numbers in a comma list, at least one, at most 32 (uz-fiscal CL-01)."""
        found = []
        for text in self.texts("Numbers"):
            if not (text.isascii() and text.isdigit()) or len(text) > 16:
                raise BadParameterError("Numbers", f"Numbers must be receipt numbers, not {text[:40]!r}")
            found.append(int(text))
        if not 1 <= len(found) <= 32:
            raise BadParameterError("Numbers", "Numbers must name 1 to 32 receipt numbers")
        return found

    def octets(self, name: str) -> bytes:
        """Bytes in hex; which length is right, the module says."""
        text = (self.text(name) or "").strip()
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise BadParameterError(name, f"{name} must be hexadecimal") from None
        if not data:
            raise BadParameterError(name, f"{name} is missing")
        return data


def page(name: str, text: str, low: int) -> int:
    """A number in a path: Limit or Offset."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= PAGE_DIGITS else -1
    if value < low:
        raise BadParameterError(name, f"{name} must be a whole number from {low} to {'9' * PAGE_DIGITS}")
    return value
