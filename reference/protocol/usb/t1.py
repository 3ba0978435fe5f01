"""T=1 (ISO 7816-3 §11): blocks, and the card's side of them.

    NAD PCB LEN INF… LRC     I-blocks carry parts of APDUs, R-blocks acknowledge or ask again, S-blocks manage

A host sends a block and the card answers it with one. `Card` is fed each block and says what goes back, or
that a command is whole; `Card.answer` then takes the response.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.protocol.usb.atr import check_byte
from reference.protocol.usb.errors import TpduError

DEFAULT_IFS: Final = 32
"""Bytes of INF either side takes until it says otherwise (§11.4.2)."""
MAX_IFS: Final = 254
LONGEST_COMMAND: Final = 65_544
_PROLOGUE: Final = 3
_RULE: Final = "ISO 7816-3 §11.3"

RESYNCH: Final = 0xC0
IFS: Final = 0xC1
ABORT: Final = 0xC2
WTX: Final = 0xC3
RESPONSE: Final = 0x20
"""Set in an S-block's PCB that answers a request."""
BROKEN_CHECK: Final = 1
BROKEN_OTHERWISE: Final = 2
_R: Final = 0x80
_MORE: Final = 0x20


@dataclass(frozen=True, slots=True)
class Block:
    """One block; `pcb` says of which kind."""

    pcb: int
    inf: bytes = b""
    nad: int = 0

    @classmethod
    def information(cls, number: int, inf: bytes, *, more: bool = False, nad: int = 0) -> Block:
        """An I-block with N(S) `number`."""
        return cls(number << 6 | (_MORE if more else 0), inf, nad)

    @classmethod
    def ready(cls, number: int, error: int = 0, nad: int = 0) -> Block:
        """An R-block with N(R) `number`."""
        return cls(_R | number << 4 | error, b"", nad)

    @property
    def is_information(self) -> bool:
        """Whether it is an I-block."""
        return not self.pcb & 0x80

    @property
    def is_ready(self) -> bool:
        """Whether it is an R-block."""
        return self.pcb & 0xC0 == _R

    @property
    def number(self) -> int:
        """N(S) of an I-block, N(R) of an R-block."""
        return self.pcb >> (6 if self.is_information else 4) & 1

    @property
    def more(self) -> bool:
        """Whether another I-block follows this one in a chain."""
        return self.is_information and bool(self.pcb & _MORE)

    def encode(self) -> bytes:
        """The bytes, check byte included; TpduError for more than 254 bytes of INF."""
        if len(self.inf) > MAX_IFS:
            raise TpduError(f"{len(self.inf)} bytes, at most {MAX_IFS}", field="INF", rule=_RULE)
        content = bytes((self.nad, self.pcb, len(self.inf))) + self.inf
        return content + bytes((check_byte(content),))

    @classmethod
    def decode(cls, data: bytes) -> Block:
        """Take a block apart; TpduError with the field LRC for a wrong check byte, else LEN or PCB."""
        if len(data) <= _PROLOGUE or len(data) != _PROLOGUE + data[2] + 1 or data[2] > MAX_IFS:
            raise TpduError(f"{len(data)} bytes are no block", field="LEN", rule=_RULE)
        if check_byte(data):
            raise TpduError(f"{data[-1]:#04x} is wrong", field="LRC", rule=_RULE)
        block = cls(data[1], data[_PROLOGUE:-1], data[0])
        if block.is_information:
            known = not block.pcb & 0x1F
        elif block.is_ready:
            known = not block.pcb & 0x2C and not block.inf
        else:
            known = block.pcb & ~RESPONSE in (RESYNCH, IFS, ABORT, WTX)
        if not known:
            raise TpduError(f"{block.pcb:#04x} is none", field="PCB", rule=_RULE)
        return block


class Card:
    """The card's end of a T=1 line. `ifsc` is the INF it takes, by TA3 of its ATR."""

    __slots__ = ("_chain", "_expected", "_host_takes", "_last", "_nad", "_number", "_rest", "ifsc")

    def __init__(self, ifsc: int = DEFAULT_IFS) -> None:
        self.ifsc = ifsc
        self.reset()

    def reset(self) -> None:
        """As after power up."""
        self._number = 0
        self._expected = 0
        self._host_takes = DEFAULT_IFS
        self._chain = bytearray()
        self._rest = b""
        self._nad = 0
        self._last = b""

    def take(self, data: bytes) -> bytes | None:
        """The block to send back; None when a command is whole, which `command` then gives."""
        try:
            block = Block.decode(data)
        except TpduError as error:
            return self._refuse(BROKEN_CHECK if error.field == "LRC" else BROKEN_OTHERWISE)
        self._nad = (block.nad & 0x0F) << 4 | block.nad >> 4
        if block.is_information:
            return self._information(block)
        if block.is_ready:
            return self._ready(block)
        return self._supervise(block)

    def command(self) -> bytes:
        """The APDU that has come."""
        command = bytes(self._chain)
        self._chain.clear()
        return command

    def answer(self, response: bytes) -> bytes:
        """The first block of a response; the others are fetched with R-blocks."""
        self._rest = response
        return self._next_piece()

    def _information(self, block: Block) -> bytes | None:
        if block.number != self._expected or len(block.inf) > self.ifsc or self._rest:
            return self._refuse(BROKEN_OTHERWISE)
        if len(self._chain) + len(block.inf) > LONGEST_COMMAND:
            self._chain.clear()
            return self._refuse(BROKEN_OTHERWISE)
        self._expected ^= 1
        self._chain += block.inf
        if not block.more:
            return None
        return self._say(Block.ready(self._expected, nad=self._nad))

    def _ready(self, block: Block) -> bytes:
        if self._rest and block.number == self._number:
            return self._next_piece()
        return self._last or self._refuse(BROKEN_OTHERWISE)

    def _supervise(self, block: Block) -> bytes:
        kind = block.pcb & ~RESPONSE
        if block.pcb & RESPONSE or kind == WTX:
            # The card asks for nothing, and more time is the card's to ask for.
            return self._refuse(BROKEN_OTHERWISE)
        if kind == IFS:
            if len(block.inf) != 1 or not 0 < block.inf[0] <= MAX_IFS:
                return self._refuse(BROKEN_OTHERWISE)
            self._host_takes = block.inf[0]
        elif kind == RESYNCH:
            self._number = self._expected = 0
            self._chain.clear()
            self._rest = b""
        else:
            self._chain.clear()
            self._rest = b""
        return self._say(Block(kind | RESPONSE, block.inf, self._nad))

    def _next_piece(self) -> bytes:
        piece, self._rest = self._rest[: self._host_takes], self._rest[self._host_takes :]
        block = Block.information(self._number, piece, more=bool(self._rest), nad=self._nad)
        self._number ^= 1
        return self._say(block)

    def _refuse(self, error: int) -> bytes:
        """Ask for the block again; that is not remembered as the last one said."""
        return Block.ready(self._expected, error, self._nad).encode()

    def _say(self, block: Block) -> bytes:
        self._last = block.encode()
        return self._last
