"""What a watcher knows of a module's memory, all of it from the module's own answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from conformance.proxy.watching import Finding
from reference.protocol.uz.apdu import Command, Instruction, find_instruction
from reference.protocol.uz.objects import FiscalMemoryInfo, ReceiptInfo
from reference.protocol.uz.status_words import StatusWord


class ModuleMemory:
    """Last operation, shift, numbers and signs; None where nothing certain is known."""

    def __init__(self) -> None:
        self._terminal: str | None = None
        self._forget()

    def _forget(self) -> None:
        self.last_operation: datetime | None = None
        self._open: bool | None = None
        self._operations: int | None = None
        self._number: int | None = None
        self._answers: dict[bytes, bytes] = {}
        self._signs: dict[str, int] = {}

    def belongs_to(self, terminal: str) -> None:
        """The module says who it is; another one has another memory."""
        if self._terminal not in (None, terminal):
            self._forget()
        self._terminal = terminal

    def synced(self) -> None:
        """The operator may have set the time (FM-Y-02)."""
        self.last_operation = None

    def unsure(self, command: Command) -> None:
        """A command whose answer was lost may have been executed or not."""
        found = find_instruction(command.ins, command.p1, command.p2)
        name = found.name if isinstance(found, Instruction) else ""
        if name in ("ZREPORT_OPEN", "ZREPORT_CLOSE", "RECEIPT_REGISTER", "SYNC"):
            self.last_operation = self._open = self._operations = self._number = None

    def refused(self, sw: int) -> None:
        """What a refusal says of the shift (FM-Z-01…03)."""
        if sw == StatusWord.ZREPORT_IS_NOT_CLOSED:
            self._open = True
        elif sw in (StatusWord.ZREPORT_IS_NOT_OPENED, StatusWord.ZREPORT_IS_ALREADY_CLOSED):
            self._open = False

    def operated(self, time: datetime) -> None:
        """An operation was taken: its time is the last operation's now."""
        self.last_operation = time

    def answer_to(self, block: bytes) -> bytes | None:
        """The answer this very total block had before, None for a new one."""
        return self._answers.get(block)

    # shifts

    def shift_opened(self) -> Iterator[Finding]:
        """ZREPORT_OPEN was taken."""
        if self._open:
            yield Finding("FM-Z-01", "a shift is opened while one is open", "9022", "9000")
        self._open, self._operations = True, 0

    def shift_closed(self) -> Iterator[Finding]:
        """ZREPORT_CLOSE was taken."""
        if self._open is False:
            yield Finding("FM-Z-03", "a shift is closed while none is open", "9023", "9000")
        elif self._operations == 0:
            yield Finding("FM-Z-04", "a shift without operations is closed", "9032", "9000")
        self._open, self._operations = False, None

    def shift_told(self, is_open: bool) -> Iterator[Finding]:
        """Information on the last shift says whether it is open."""
        if self._open is not None and self._open is not is_open:
            words = ("closed", "open")
            text = "the last shift is told otherwise than it was left"
            yield Finding("S-5.5", text, words[self._open], words[is_open])
        self._open = is_open

    # receipts

    def registered(self, block: bytes, answer: bytes, info: ReceiptInfo) -> Iterator[Finding]:
        """RECEIPT_REGISTER was taken with a new total block."""
        if self._open is False:
            yield Finding("FM-Z-02", "a receipt is registered while no shift is open", "9021", "9000")
        self._open = True
        if self._operations is not None:
            self._operations += 1
        self._answers[block] = answer
        number = info.receipt_seq
        if number is None:
            yield Finding("S-5.5", "the answer to RECEIPT_REGISTER has no number", "ReceiptSeq", answer.hex())
            return
        if self._number is not None and number != self._number + 1:
            text = f"receipt {number} follows receipt {self._number}"
            yield Finding("ZR-07", text, str(self._number + 1), str(number))
        self._number = number
        sign = info.fiscal_sign
        if sign is not None and self._signs.setdefault(sign, number) != number:
            text = f"receipt {number} has the sign of receipt {self._signs[sign]}"
            yield Finding("S-17.3", text, "a sign of its own", sign)

    def told(self, info: FiscalMemoryInfo) -> Iterator[Finding]:
        """FiscalMemoryInfo came: compare it with what is known, then believe it."""
        last, number = info.last_operation, info.receipt_seq
        if last is not None:
            if self.last_operation is not None and last != self.last_operation:
                clause = "FM-T-03" if last < self.last_operation else "FM-T-07"
                text = "the last operation is told otherwise than it was taken"
                yield Finding(clause, text, str(self.last_operation), str(last))
            self.last_operation = last
        if number is not None:
            if self._number is not None and number != self._number:
                text = "the last receipt number is told otherwise than it was given"
                yield Finding("ZR-07", text, str(self._number), str(number))
            self._number = number
