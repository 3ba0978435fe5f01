"""T=0 (ISO 7816-3 §10): the card's side of TPDUs, and how either side gets an answer of more than a word.

A card whose command has data to give answers 61xx, and the host fetches it with GET RESPONSE (uz-fiscal
FM-S-10). `Card` keeps what waits to be fetched; `apdus` is the host's side around any exchange of TPDUs.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from reference.protocol.usb.errors import TpduError

GET_RESPONSE: Final = 0xC0
MORE: Final = 0x61
WRONG_LE: Final = 0x6C
NULL: Final = 0x60
"""Procedure byte: the card needs more time."""
_HEADER: Final = 5
_NOTHING_WAITS: Final = b"\x69\x85"
_RULE: Final = "ISO 7816-3 §10.3"


class Card:
    """What a card keeps between TPDUs: the rest of an answer."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = b""

    def reset(self) -> None:
        """Forget, as at power up."""
        self._waiting = b""

    def fetch(self, tpdu: bytes) -> bytes | None:
        """The answer to a GET RESPONSE (00 C0 00 00 xx); None for any other, which drops what waits."""
        if len(tpdu) != _HEADER or tpdu[0] or tpdu[1] != GET_RESPONSE:
            self._waiting = b""
            return None
        waiting = self._waiting
        if not waiting:
            return _NOTHING_WAITS
        wanted = tpdu[4] or 256
        data, status = waiting[:-2], waiting[-2:]
        if wanted > len(data):
            return bytes((WRONG_LE, len(data) & 0xFF))
        if wanted == len(data):
            self._waiting = b""
            return waiting
        self._waiting = data[wanted:] + status
        return data[:wanted] + _more(len(data) - wanted)

    def answer(self, response: bytes) -> bytes:
        """What goes out for a whole answer: it, when it is a status word only, else 61xx."""
        if len(response) <= 2:
            return response
        self._waiting = response
        return _more(len(response) - 2)


def to_tpdu(apdu: bytes) -> bytes:
    """The TPDU that carries a short APDU (ISO 7816-3 §12.2): no Le after data, P3 for a bare header.

    TpduError for what is no short APDU.
    """
    if len(apdu) < 4:
        raise TpduError(f"{len(apdu)} bytes, a header has 4", field="APDU", rule=_RULE)
    if len(apdu) == 4:
        return apdu + b"\0"
    if len(apdu) == _HEADER:
        return apdu
    size = _HEADER + apdu[4]
    if len(apdu) not in (size, size + 1):
        raise TpduError(f"{len(apdu) - _HEADER} bytes follow Lc = {apdu[4]}", field="Lc", rule=_RULE)
    return apdu[:size]


def apdus(apdu: bytes) -> Generator[bytes, bytes, bytes]:
    """The TPDUs that carry one APDU to the card: yields each, is sent its answer, returns the response.

    61xx is followed by GET RESPONSE until nothing is left, 6Cxx by the same command with the right Le.
    TpduError for an answer without a status word.
    """
    tpdu = to_tpdu(apdu)
    response = yield tpdu
    gathered = b""
    while True:
        if len(response) < 2:
            raise TpduError(f"{len(response)} bytes, a status word has 2", field="SW1 SW2", rule=_RULE)
        first, second = response[-2], response[-1]
        if first == MORE:
            gathered += response[:-2]
            tpdu = bytes((0, GET_RESPONSE, 0, 0, second))
        elif first == WRONG_LE and len(tpdu) == _HEADER:
            tpdu = tpdu[:4] + bytes((second,))
        else:
            return gathered + response
        response = yield tpdu


def _more(size: int) -> bytes:
    return bytes((MORE, min(size, 256) & 0xFF))


class Sent:
    """The bytes of a command TPDU as a card takes them on the line, by its procedure bytes (§10.3.3)."""

    def __init__(self, tpdu: bytes) -> None:
        if len(tpdu) < _HEADER:
            raise TpduError(f"{len(tpdu)} bytes, a header has 5", field="TPDU", rule=_RULE)
        self._instruction = tpdu[1]
        self._left = tpdu[_HEADER:]
        self.header = tpdu[:_HEADER]

    def procedure(self, byte: int) -> bytes | None:
        """The bytes a procedure byte asks for: INS all that is left, its complement one, 60 none yet.

        None for SW1, which ends the command; TpduError for any other byte.
        """
        if byte == NULL:
            return b""
        if byte == self._instruction:
            data, self._left = self._left, b""
            return data
        if byte == self._instruction ^ 0xFF:
            data, self._left = self._left[:1], self._left[1:]
            return data
        if byte >> 4 in (6, 9):
            return None
        raise TpduError(f"{byte:#04x} is none", field="procedure byte", rule="ISO 7816-3 §10.3.3")
