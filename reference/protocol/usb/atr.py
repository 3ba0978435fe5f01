"""Answer to reset (ISO 7816-3 §8): what a card says first, which protocols it offers, its check byte."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from reference.protocol.usb.errors import AtrError

DIRECT: Final = 0x3B
INVERSE: Final = 0x3F
MAX_SIZE: Final = 33
GLOBAL: Final = 15
"""T=15: no protocol, interface bytes for all of them."""


def check_byte(data: bytes) -> int:
    """Exclusive or of all bytes: TCK over T0 … TK, LRC over a block."""
    return reduce(xor, data, 0)


@dataclass(frozen=True, slots=True)
class Atr:
    """An answer to reset. `interface` holds TA, TB, TC, TD of each level, None for what is not there."""

    ts: int
    t0: int
    interface: tuple[tuple[int | None, int | None, int | None, int | None], ...]
    historical: bytes
    tck: int | None
    tck_wanted: int | None

    @property
    def protocols(self) -> tuple[int, ...]:
        """T of the protocols offered, first the one a card speaks without PPS; T=0 when none is named."""
        named = [level[3] & 15 for level in self.interface if level[3] is not None]
        return tuple(dict.fromkeys(t for t in named if t != GLOBAL)) or (0,)

    @property
    def fi_di(self) -> int:
        """TA1, or its default 11."""
        ta1 = self.interface[0][0]
        return 0x11 if ta1 is None else ta1

    @property
    def guard_time(self) -> int:
        """TC1, or its default 0."""
        return self.interface[0][2] or 0

    @property
    def checked(self) -> bool:
        """Whether the check byte is as ISO 7816-3 §8.2.5 wants it: right, or rightly not there."""
        return self.tck == self.tck_wanted

    @classmethod
    def decode(cls, data: bytes) -> Atr:
        """Take an ATR apart; AtrError for a structure that is none. A wrong TCK is for `checked` to say."""
        if not 2 <= len(data) <= MAX_SIZE:
            raise AtrError(f"{len(data)} bytes, not 2 to {MAX_SIZE}", field="ATR", rule="ISO 7816-3 §8.2.1")
        if data[0] not in (DIRECT, INVERSE):
            raise AtrError(f"{data[0]:#04x}, not 3B or 3F", field="TS", rule="ISO 7816-3 §8.1")
        levels, at = _interface_bytes(data)
        historical = data[at : at + (data[1] & 15)]
        rest = data[at + (data[1] & 15) :]
        if len(historical) < data[1] & 15:
            text = f"{len(historical)} historical bytes, T0 says {data[1] & 15}"
            raise AtrError(text, field="T0", rule="ISO 7816-3 §8.2.2")
        if len(rest) > 1:
            raise AtrError(f"{len(rest) - 1} bytes too many", field="ATR", rule="ISO 7816-3 §8.2.1")
        needs_check = any(level[3] is not None and level[3] & 15 for level in levels)
        wanted = check_byte(data[1 : at + (data[1] & 15)]) if needs_check else None
        return cls(data[0], data[1], levels, historical, rest[0] if rest else None, wanted)


def _interface_bytes(
    data: bytes,
) -> tuple[tuple[tuple[int | None, int | None, int | None, int | None], ...], int]:
    levels: list[tuple[int | None, int | None, int | None, int | None]] = []
    following, at = data[1] >> 4, 2
    while True:
        level: list[int | None] = []
        for bit in range(4):
            present = bool(following >> bit & 1)
            if present and at >= len(data):
                name = f"T{'ABCD'[bit]}{len(levels) + 1}"
                raise AtrError("announced but not there", field=name, rule="ISO 7816-3 §8.2.3")
            level.append(data[at] if present else None)
            at += present
        levels.append((level[0], level[1], level[2], level[3]))
        if level[3] is None:
            return tuple(levels), at
        following = level[3] >> 4
