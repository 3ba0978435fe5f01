"""Protocol and parameters selection (ISO 7816-3 §9): how a host chooses among what a card's ATR offers.

FF PPS0 [PPS1] [PPS2] [PPS3] PCK     asked by the host; a card that agrees says the same back
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.protocol.usb.atr import check_byte
from reference.protocol.usb.errors import TpduError

PPSS: Final = 0xFF
"""First byte of a request; no command begins with it."""
_RULE: Final = "ISO 7816-3 §9.2"


@dataclass(frozen=True, slots=True)
class Pps:
    """What is asked for: T, and Fi and Di as TA1 has them, or None."""

    protocol: int
    fi_di: int | None = None

    def encode(self) -> bytes:
        """The request, which is also the answer of a card that agrees."""
        more = b"" if self.fi_di is None else bytes((self.fi_di,))
        content = bytes((PPSS, (0x10 if more else 0) | self.protocol)) + more
        return content + bytes((check_byte(content),))

    @classmethod
    def decode(cls, data: bytes) -> Pps:
        """Take a request apart; TpduError for what is none. PPS2 and PPS3 are read and mean nothing here."""
        if len(data) < 3 or data[0] != PPSS:
            raise TpduError(f"{data.hex() or 'nothing'} is none", field="PPS", rule=_RULE)
        size = 3 + (data[1] >> 4 & 7).bit_count()
        if len(data) != size:
            raise TpduError(f"{len(data)} bytes, PPS0 says {size}", field="PPS0", rule=_RULE)
        if check_byte(data):
            raise TpduError(f"{data[-1]:#04x} is wrong", field="PCK", rule=_RULE)
        return cls(data[1] & 15, data[2] if data[1] & 0x10 else None)
