"""What the world outside has seen of a shop: signs that left the module, and receipts handed to guests.

It is the driver's own memory, which no cut takes: a sign that was seen once may never stand for anything
else, and a receipt that a guest holds must be the one in every book.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from reference.protocol.uz.apdu import Command, Instruction, find_instruction
from reference.protocol.uz.objects import ReceiptInfo
from reference.protocol.uz.status_words import StatusWord

_REGISTER: Final = "RECEIPT_REGISTER"


@dataclass(slots=True)
class Witness:
    """`signs` are by receipt number: the TotalBlock and the sign; `paper` by order: the drive's answer."""

    signs: dict[int, tuple[bytes, str]] = field(default_factory=dict)
    paper: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def copy(self) -> Witness:
        """The same memory, to go another way with."""
        return Witness(dict(self.signs), dict(self.paper), list(self.faults))

    def heard(self, command: bytes, answer: bytes) -> None:
        """An answer of the module has arrived at the drive."""
        row = find_instruction(*command[1:4])
        if not isinstance(row, Instruction) or row.name != _REGISTER:
            return
        if answer[-2:] != StatusWord.NO_ERROR.wire:
            return
        info = ReceiptInfo.decode(answer[:-2])
        number, block = info.receipt_seq or 0, Command.decode(command).data
        sign = info.fiscal_sign or ""
        known = self.signs.setdefault(number, (block, sign))
        if known != (block, sign):
            self.faults.append(f"receipt number {number} was signed for two receipts")

    def printed(self, order: str, answer: dict[str, Any]) -> None:
        """A guest holds this receipt."""
        known = self.paper.setdefault(order, answer)
        if known != answer:
            self.faults.append(
                f"order {order} was printed as receipt {known['ReceiptSeq']} and as {answer['ReceiptSeq']}"
            )
