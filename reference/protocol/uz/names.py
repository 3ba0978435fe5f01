"""NAME: item names in one byte a character, by a table of 256 (uz-fiscal §8.2)."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from reference.protocol.uz.errors import CodecError

MAX_NAME: Final = 63
CUT_NAME: Final = 62
"""What is written of a name longer than MAX_NAME: one byte less than would fit (uz-fiscal NM-02)."""


class _Dropping(dict[int, int | None]):
    """A translation that deletes every character it does not know."""

    def __missing__(self, key: int) -> None:
        return None


def _load() -> str:
    text = files("reference.protocol.uz").joinpath("name-table.json").read_text(encoding="utf-8")
    table = {int(code, 16): char for code, char in json.loads(text).items()}
    return "".join(table[code] for code in range(256))


CHARACTERS: Final = _load()
"""The character of each code 00…FF."""

_TO_CODE: Final = _Dropping({ord(char): code for code, char in enumerate(CHARACTERS)})
_TO_CHARACTER: Final = dict(enumerate(CHARACTERS))


def map_name(text: str) -> bytes:
    """Codes of all characters the table has; others are dropped without a substitute (uz-fiscal NM-01)."""
    return text.translate(_TO_CODE).encode("latin-1")


def encode_name(text: str) -> bytes:
    """The bytes of a name field, at most 63; of a longer name the first 62 (uz-fiscal NM-02).

    Empty when no character is left after mapping: the receipt codec refuses such a name (uz-fiscal NM-04).
    """
    codes = map_name(text)
    return codes if len(codes) <= MAX_NAME else codes[:CUT_NAME]


def decode_name(data: bytes, field: str = "Name") -> str:
    """The name in 1…63 bytes; CodecError for another length (uz-fiscal NM-03)."""
    if not 1 <= len(data) <= MAX_NAME:
        raise CodecError(f"{len(data)} bytes, not 1…{MAX_NAME}", field=field, clause="uz-fiscal NM-03")
    return data.decode("latin-1").translate(_TO_CHARACTER)
