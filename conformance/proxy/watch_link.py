"""Judge of a fiscal module by the traffic of its link alone (uz-fiscal §5).

What the module itself said is the ground: its last operation, whether a shift is open, the numbers and signs
it gave. Nothing is held against it that somebody else could have changed out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from conformance.proxy.module_memory import ModuleMemory
from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Pairing, Talk
from reference.protocol.uz.apdu import Command, Instruction, find_instruction, split_response
from reference.protocol.uz.errors import CodecError, UzError
from reference.protocol.uz.objects import OBJECTS, FiscalInfo, FiscalMemoryInfo, ReceiptInfo, ZReportInfo
from reference.protocol.uz.status_words import StatusWord, status_text
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import decode_time

TWO_DAYS: Final = timedelta(days=2)
_LOCKS: Final = frozenset((StatusWord.LOCKED_SYNC_WITH_SERVER, StatusWord.POS_AUTH_FAIL))
_TIMED: Final = frozenset(("ZREPORT_OPEN", "ZREPORT_CLOSE", "RECEIPT_REGISTER"))
_REFUSALS: Final = {
    "FM-C-04": StatusWord.INVALID_DATETIME,
    "FM-C-05": StatusWord.INVALID_BCD,
    "FM-C-06": StatusWord.INVALID_TYPE,
    "FM-C-07": StatusWord.INVALID_OPERATION,
    "FM-C-08": StatusWord.WRONG_DATA,
}
"""Words of step 4 of the checks: several faults of one command may be told in any order."""


class LinkWatcher(Pairing):
    """Judges the module behind one address."""

    judges = Side.RESPONSE
    greets = True

    def __init__(self) -> None:
        super().__init__()
        self._memory = ModuleMemory()
        self._selected: set[int] = set()

    def forget(self) -> None:
        """The module is another one, for all that is known."""
        self._memory = ModuleMemory()

    def ended(self, line: int) -> Iterator[Finding]:
        """A connection's end is a power cut: the selection is gone (EM-06), and so may be an answer."""
        self._selected.discard(line)
        yield from super().ended(line)

    def unanswered(self, requests: list[Unit]) -> Iterator[Finding]:
        """What a command without an answer did is not known."""
        for request in requests:
            if isinstance(request.value, Command):
                self._memory.unsure(request.value)
        yield from ()

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Judge one answer by its command and by what the module said before."""
        line, request = talk.line, talk.request
        if talk.greeting:
            yield from _judge_reset(response)
            return
        if request is None:
            yield Finding("EM-02", "the module speaks without being asked", "no bytes", response.raw.hex())
            return
        if not isinstance(response.value, bytes):
            yield Finding(
                "FM-S-01",
                f"{request.title}: {response.trouble}",
                "data and a status word",
                response.raw.hex(),
            )
            return
        data, sw = split_response(response.value)
        if not isinstance(request.value, Command):
            yield from _expect("EM-05", request, (StatusWord.WRONG_LENGTH,), sw)
            return
        yield from self._judge(line, request, request.value, data, sw)

    def _judge(self, line: int, request: Unit, command: Command, data: bytes, sw: int) -> Iterator[Finding]:
        if request.title == "SELECT" and sw == StatusWord.NO_ERROR:
            self._selected.add(line)
        if request.title == "DESELECT":
            self._selected.discard(line)
        if line not in self._selected:
            return
        found = find_instruction(command.ins, command.p1, command.p2)
        if command.cla != 0:
            yield from _expect("ISO-01", request, (StatusWord.CLA_NOT_SUPPORTED,), sw)
        elif isinstance(found, StatusWord):
            yield from _expect("FM-S-06", request, (found,), sw)
        elif not found.data.allows(len(command.data)):
            clause = "FM-C-01" if found.name in _TIMED else "FM-S-09"
            yield from _expect(clause, request, (StatusWord.WRONG_LENGTH,), sw)
        elif found.name in _TIMED:
            yield from self._judge_operation(found, request, command, data, sw)
        else:
            yield from self._judge_reading(found, request, command, data, sw)

    def _judge_operation(
        self, found: Instruction, request: Unit, command: Command, data: bytes, sw: int
    ) -> Iterator[Finding]:
        faults = dict(_faults(found.name, command.data))
        if faults:
            allowed = {_REFUSALS[clause] for clause in faults} | _LOCKS
            yield from _expect(next(iter(faults)), request, tuple(sorted(allowed)), sw)
            return
        memory = self._memory
        if sw != StatusWord.NO_ERROR:
            memory.refused(sw)
            return
        if found.name == "RECEIPT_REGISTER":
            block = TotalBlock.decode(command.data)
            known = memory.answer_to(command.data)
            if known is not None:
                if known != data:
                    text = "the same total block was answered otherwise before"
                    yield Finding("FM-R-01", text, known.hex(), data.hex())
                return
            yield from self._judge_time(block.time)
            yield from self._judge_registration(block, command.data, data)
            memory.operated(block.time)
            return
        time = decode_time(command.data)
        yield from self._judge_time(time)
        yield from memory.shift_opened() if found.name == "ZREPORT_OPEN" else memory.shift_closed()
        memory.operated(time)

    def _judge_time(self, time: datetime) -> Iterator[Finding]:
        last = self._memory.last_operation
        if last is None:
            return
        if time <= last:
            yield Finding("FM-T-03", f"an operation at {time} is taken after one at {last}", "9030", "9000")
        elif time > last + TWO_DAYS:
            yield Finding("FM-T-04", f"an operation at {time} is taken after one at {last}", "9091", "9000")

    def _judge_registration(self, block: TotalBlock, raw: bytes, data: bytes) -> Iterator[Finding]:
        try:
            info = ReceiptInfo.decode(data)
        except UzError as error:
            yield Finding(
                "S-5.5", f"the answer to RECEIPT_REGISTER: {error}", "a3 FiscalSignInfo", data.hex()
            )
            return
        if (info.fiscal_sign is None) != (block.type != 0):
            expected = "a fiscal sign" if block.type == 0 else "no fiscal sign"
            yield Finding("FM-R-11", f"receipt of type {block.type}", expected, info.fiscal_sign or "none")
        yield from self._memory.registered(raw, data, info)

    def _judge_reading(
        self, found: Instruction, request: Unit, command: Command, data: bytes, sw: int
    ) -> Iterator[Finding]:
        if sw == StatusWord.NO_ERROR and found.name == "SYNC":
            self._memory.synced()
        if sw in _LOCKS and found.name.startswith("GET_"):
            yield Finding("FM-I-06", f"{found.name} is refused while locked", "9000", status_text(sw))
        by_number = found.name == "GET_RECEIPT_FILE" and command.data
        if found.indexed and found.name != "ACK" and not by_number and command.p1p2 > 0x7FFF:
            yield from _expect("FM-I-01", request, (StatusWord.INVALID_INDEX,), sw)
            return
        # A challenge may begin with any byte; only what should be an object is read as one.
        awaited = data[:1] and found.answer.startswith(f"{data[0]:02x} ")
        if sw != StatusWord.NO_ERROR or not awaited or data[0] not in OBJECTS:
            return
        try:
            value = OBJECTS[data[0]].decode(data)
        except UzError as error:
            yield Finding("S-5.5", f"{found.name}: {error}", found.answer, data.hex())
            return
        yield from self._learn(value, command)

    def _learn(self, value: object, command: Command) -> Iterator[Finding]:
        if isinstance(value, FiscalInfo | FiscalMemoryInfo) and value.terminal_id is not None:
            self._memory.belongs_to(value.terminal_id)
        if isinstance(value, FiscalMemoryInfo):
            yield from self._memory.told(value)
        if isinstance(value, ZReportInfo) and command.p1p2 == 0 and not command.data:
            yield from self._memory.shift_told(value.open_time is not None and value.close_time is None)


def _faults(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Clauses of step 4 that the data of an operation breaks, with what is wrong."""
    try:
        if name != "RECEIPT_REGISTER":
            decode_time(data)
            return
        TotalBlock.decode(data)
    except CodecError as error:
        clause = (error.clause or "").rpartition(" ")[2]
        first = "FM-C-04" if name != "RECEIPT_REGISTER" else clause
        yield first, str(error)
        if name == "RECEIPT_REGISTER":
            yield from _more_faults(data)


def _more_faults(data: bytes) -> Iterator[tuple[str, str]]:
    """The faults of a total block that a reader which stops at the first does not come to."""
    type_, operation, items = data[64], data[65], int.from_bytes(data[66:68], "big")
    try:
        decode_time(data[56:64])
    except CodecError as error:
        yield "FM-C-04", str(error)
    if any(nibble > 9 for byte in data[32:56] for nibble in (byte >> 4, byte & 15)):
        yield "FM-C-05", "a sum is not BCD"
    if type_ > 2:
        yield "FM-C-06", f"type {type_}"
    if operation > 1:
        yield "FM-C-07", f"operation {operation}"
    if not 0 < items <= 0x7FFF:
        yield "FM-C-08", f"{items} items"


def _judge_reset(response: Unit) -> Iterator[Finding]:
    if response.raw[1:2] not in (b"\x3b", b"\x3f"):
        yield Finding(
            "EM-01", "the connection does not begin with an answer to reset", "3b…", response.raw.hex()
        )


def _expect(clause: str, request: Unit, allowed: tuple[StatusWord, ...], sw: int) -> Iterator[Finding]:
    if sw not in allowed:
        expected = " or ".join(status_text(word) for word in allowed)
        yield Finding(clause, f"{request.title} {request.raw[1:].hex()}", expected, status_text(sw))
