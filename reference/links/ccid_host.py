"""The host's half of CCID 1.1: power, status and APDUs as messages over any pipe that carries them.

Calls go down as PC_to_RDR messages, answers come up as RDR_to_PC messages; usb_ccid.py and serial.py are the
pipes. The exchange level of the reader's dwFeatures decides what an APDU becomes: itself, a chain of pieces,
or TPDUs of T=0.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol, TypeVar

from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.protocol.usb import t0
from reference.protocol.usb.atr import Atr
from reference.protocol.usb.ccid import (
    HEADER_SIZE,
    Answer,
    Message,
    PC_to_RDR_Abort,
    PC_to_RDR_GetSlotStatus,
    PC_to_RDR_IccPowerOff,
    PC_to_RDR_IccPowerOn,
    PC_to_RDR_SetParameters,
    PC_to_RDR_XfrBlock,
    RDR_to_PC_DataBlock,
    RDR_to_PC_SlotStatus,
    decode_answer,
)
from reference.protocol.usb.ccid_codes import Chain, CommandStatus, IccStatus, Level, SlotError, error_text
from reference.protocol.usb.descriptors import CcidDescriptor, CcidFeatures
from reference.protocol.usb.errors import AtrError, CcidError, TpduError
from reference.protocol.usb.parameters import ProtocolDataT0

STRAY_ANSWERS: Final = 16
"""Answers to earlier commands that are passed over before a reader counts as out of step."""


_XFR_BLOCK: Final = struct.Struct("<BIBBBH")
_DATA_BLOCK: Final = struct.Struct("<BI5B")

A = TypeVar("A", bound=Answer)


class Pipe(Protocol):
    """Whole CCID messages to a reader and back. Each side raises LinkLost, LinkTimeout or NoModule."""

    def send(self, message: bytes) -> None:
        """Hand over one message; the time-out of its answer begins to run."""

    def receive(self) -> bytes:
        """The next message. A time extension of the reader's does not lengthen the time-out (EM-03)."""


class CcidHost:
    """One slot of one reader. `descriptor` is the reader's class descriptor, `name` what messages call it."""

    def __init__(self, pipe: Pipe, descriptor: CcidDescriptor, slot: int, name: str, seq: int = 0) -> None:
        self.name = name
        self.slot = slot
        self._pipe = pipe
        self._seq = seq
        self._room = descriptor.dwMaxCCIDMessageLength - HEADER_SIZE
        features = descriptor.dwFeatures
        self._chains = bool(features & CcidFeatures.EXTENDED_APDU_LEVEL)
        self._apdu_level = self._chains or bool(features & CcidFeatures.SHORT_APDU_LEVEL)
        self._sets_parameters = not features & (CcidFeatures.AUTO_PARAMETERS | CcidFeatures.AUTO_NEGOTIATION)

    @property
    def seq(self) -> int:
        """bSeq of the next command; a host that comes back goes on counting, so that old answers show."""
        return self._seq

    def present(self) -> bool:
        """Whether there is a card in the slot; it is not powered for that."""
        answer = self._ask(PC_to_RDR_GetSlotStatus(self.slot, self._next()), RDR_to_PC_SlotStatus)
        return answer.bmICCStatus != IccStatus.ABSENT

    def power_on(self) -> bytes:
        """Power the card and give its ATR. NoModule when there is none or it says nothing."""
        answer = self._power_on()
        if answer.bmCommandStatus == CommandStatus.FAILED and answer.bError == SlotError.CMD_SLOT_BUSY:
            self.abort()
            answer = self._power_on()
        if answer.bmCommandStatus == CommandStatus.FAILED:
            raise NoModule(f"{self.name}: {self._why(answer)}")
        atr = answer.abData
        if not self._apdu_level and self._sets_parameters:
            self._set_parameters(atr)
        return atr

    def power_off(self) -> None:
        """Take the card's power."""
        self._ask(PC_to_RDR_IccPowerOff(self.slot, self._next()), RDR_to_PC_SlotStatus)

    def abort(self) -> None:
        """The bulk half of an abort (CCID 1.1 §5.3.1); on USB the control request goes before it."""
        self._ask(PC_to_RDR_Abort(self.slot, self._next()), RDR_to_PC_SlotStatus)

    def transmit(self, apdu: bytes) -> bytes:
        """The response to an APDU. ValueError for one that the reader's exchange level cannot carry."""
        if not self._apdu_level:
            return self._by_tpdus(apdu)
        if len(apdu) <= self._room:
            whole = self._plain(apdu)
            return self._whole_answer(whole) if isinstance(whole, RDR_to_PC_DataBlock) else whole
        if not self._chains:
            raise ValueError(f"a command of {len(apdu)} bytes does not fit a message of {self.name}")
        return self._whole_answer(self._in_pieces(apdu))

    # --- exchange levels -----------------------------------------------------------------------------

    def _by_tpdus(self, apdu: bytes) -> bytes:
        try:
            carrying = t0.apdus(apdu)
            tpdu = next(carrying)
        except TpduError as error:
            raise ValueError(f"not a command that T=0 can carry: {error}") from error
        try:
            while True:
                answer = self._plain(tpdu)
                tpdu = carrying.send(answer.abData if isinstance(answer, RDR_to_PC_DataBlock) else answer)
        except StopIteration as end:
            response: bytes = end.value
            return response
        except TpduError as error:
            raise LinkLost(f"{self.name}: {error}") from error

    def _in_pieces(self, apdu: bytes) -> RDR_to_PC_DataBlock:
        """The command in messages of the largest size; the answer to the last."""
        pieces = [apdu[at : at + self._room] for at in range(0, len(apdu), self._room)]
        levels = [Level.BEGINS, *[Level.CONTINUES] * (len(pieces) - 2), Level.ENDS]
        for piece, level in zip(pieces, levels, strict=True):
            answer = self._block(piece, level)
            if level is not Level.ENDS and answer.bChainParameter != Chain.COMMAND_WANTED:
                raise LinkLost(f"{self.name}: chain parameter {answer.bChainParameter:#04x} inside a command")
        return answer

    def _whole_answer(self, answer: RDR_to_PC_DataBlock) -> bytes:
        if answer.bChainParameter == Chain.WHOLE:
            return answer.abData
        pieces = [answer.abData]
        while answer.bChainParameter in (Chain.BEGINS, Chain.CONTINUES):
            answer = self._block(b"", Level.ANSWER_WANTED)
            pieces.append(answer.abData)
        if answer.bChainParameter != Chain.ENDS:
            raise LinkLost(f"{self.name}: chain parameter {answer.bChainParameter:#04x} inside an answer")
        return b"".join(pieces)

    # --- commands ------------------------------------------------------------------------------------

    def _power_on(self) -> RDR_to_PC_DataBlock:
        return self._ask(PC_to_RDR_IccPowerOn(self.slot, self._next()), RDR_to_PC_DataBlock)

    def _set_parameters(self, atr: bytes) -> None:
        """A reader at TPDU level is told how to speak T=0 (CCID 1.1 §6.1.7)."""
        try:
            told = Atr.decode(atr)
        except AtrError as error:
            raise NoModule(f"{self.name}: {error}") from error
        data = ProtocolDataT0(bmFindexDindex=told.fi_di, bGuardTimeT0=told.guard_time).encode()
        command = PC_to_RDR_SetParameters(self.slot, self._next(), 0, abProtocolDataStructure=data)
        answer = self._ask(command, Answer)
        if answer.bmCommandStatus == CommandStatus.FAILED and answer.bError != SlotError.CMD_NOT_SUPPORTED:
            raise NoModule(f"{self.name}: {self._why(answer)}")

    def _plain(self, data: bytes) -> bytes | RDR_to_PC_DataBlock:
        """XfrBlock with all of a command in it, which is nearly every message there is: written and, where
        its answer is as plain, read without a record."""
        slot, seq = self.slot, self._next()
        self._pipe.send(_XFR_BLOCK.pack(PC_to_RDR_XfrBlock.TYPE, len(data), slot, seq, 0, 0) + data)
        message = self._pipe.receive()
        size = max(0, len(message) - HEADER_SIZE)
        head = _DATA_BLOCK.pack(RDR_to_PC_DataBlock.TYPE, size, slot, seq, 0, 0, 0)
        if message.startswith(head):
            return message[HEADER_SIZE:]
        answer = self._answered(PC_to_RDR_XfrBlock(slot, seq), RDR_to_PC_DataBlock, message)
        if answer.bStatus:
            self._require_done(answer)
        return answer

    def _block(self, data: bytes, level: int) -> RDR_to_PC_DataBlock:
        command = PC_to_RDR_XfrBlock(self.slot, self._next(), 0, level, data)
        answer = self._ask(command, RDR_to_PC_DataBlock)
        if answer.bStatus:
            self._require_done(answer)
        return answer

    def _require_done(self, answer: Answer) -> None:
        if answer.bmCommandStatus == CommandStatus.FAILED:
            silent = answer.bError == SlotError.ICC_MUTE and answer.bmICCStatus == IccStatus.ACTIVE
            raise (LinkTimeout if silent else LinkLost)(f"{self.name}: {self._why(answer)}")
        if answer.bmICCStatus != IccStatus.ACTIVE:
            raise LinkLost(f"{self.name}: the card has lost its power")

    def _why(self, answer: Answer) -> str:
        if answer.bmICCStatus == IccStatus.ABSENT:
            return f"no card in slot {self.slot}"
        return error_text(answer.bError)

    def _next(self) -> int:
        seq = self._seq
        self._seq = (seq + 1) & 0xFF
        return seq

    def _ask(self, command: Message, kind: type[A]) -> A:
        """The answer that belongs to `command`; time extensions and answers to earlier commands are passed
        over."""
        self._pipe.send(command.encode())
        return self._answered(command, kind, self._pipe.receive())

    def _answered(self, command: Message, kind: type[A], message: bytes) -> A:
        strays = 0
        while True:
            try:
                answer = decode_answer(message)
            except CcidError as error:
                raise LinkLost(f"{self.name}: {error}") from error
            if answer.bSeq != command.bSeq or answer.bSlot != command.bSlot:
                strays += 1
                if strays > STRAY_ANSWERS:
                    raise LinkLost(f"{self.name}: answers to other commands only")
            elif answer.bmCommandStatus != CommandStatus.TIME_EXTENSION:
                if not isinstance(answer, kind):
                    raise LinkLost(f"{self.name}: {type(answer).__name__} answers {type(command).__name__}")
                return answer
            message = self._pipe.receive()
