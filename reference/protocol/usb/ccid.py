"""The messages of CCID 1.1 chapter 6, one class each, and the table of which answer belongs to which command.

A bulk message is bMessageType, dwLength, bSlot, bSeq and three bytes of its own, then dwLength bytes. Classes
declare what follows dwLength; type and length are made when encoding and checked when decoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Self

from reference.protocol.usb.ccid_codes import CommandStatus, IccStatus, Offset, SlotError
from reference.protocol.usb.ccid_notices import Notice as Notice
from reference.protocol.usb.ccid_notices import RDR_to_PC_HardwareError as RDR_to_PC_HardwareError
from reference.protocol.usb.ccid_notices import RDR_to_PC_NotifySlotChange as RDR_to_PC_NotifySlotChange
from reference.protocol.usb.ccid_notices import decode_notice as decode_notice
from reference.protocol.usb.errors import CcidError, CommandError, UsbError
from reference.protocol.usb.fields import U8, U16, U32, Record, Rest, Three, Two

HEADER_SIZE: Final = 10
"""Bytes before abData."""
_NO_RFU2: Final = bytes(2)
_NO_RFU3: Final = bytes(3)
_HEAD: Final = struct.Struct("<BI")


class Message(Record):
    """What every bulk message begins with. `TYPE` is its bMessageType."""

    __slots__ = ()
    ERROR: ClassVar[type[UsbError]] = CcidError
    RULE: ClassVar[str] = "CCID 1.1 §6"
    TYPE: ClassVar[int] = 0

    bSlot: U8
    bSeq: U8

    def encode(self) -> bytes:
        """The whole message; CcidError for a value that its field cannot hold."""
        body = super().encode()
        return _HEAD.pack(self.TYPE, len(body) - HEADER_SIZE + _HEAD.size) + body

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message these bytes are; CcidError for another type or a dwLength that is not theirs."""
        message_type, length = _head(data)
        if message_type != cls.TYPE:
            text = f"{message_type:#04x}, not {cls.TYPE:#04x}"
            raise CcidError(text, field=f"{cls.__name__}.bMessageType", rule=cls.RULE)
        if length != len(data) - HEADER_SIZE:
            text = f"{length}, but {len(data) - HEADER_SIZE} bytes follow the header"
            raise CcidError(text, field=f"{cls.__name__}.dwLength", rule=cls.RULE)
        return super().decode(data[_HEAD.size :])


class Answer(Message):
    """What every bulk answer has besides: how the card is, how the command went, and why not."""

    __slots__ = ()

    bStatus: U8
    bError: U8

    @property
    def bmICCStatus(self) -> int:
        """An IccStatus, or 3, which is reserved."""
        return self.bStatus & 3

    @property
    def bmCommandStatus(self) -> int:
        """A CommandStatus, or 3, which is reserved."""
        return self.bStatus >> 6


def status(icc: IccStatus, command: CommandStatus = CommandStatus.PROCESSED) -> int:
    """bStatus of a card and a command."""
    return icc | command << 6


# --- commands: PC_to_RDR (§6.1) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PC_to_RDR_IccPowerOn(Message):
    """§6.1.1. Answered by RDR_to_PC_DataBlock with the ATR."""

    TYPE: ClassVar[int] = 0x62
    bSlot: U8 = 0
    bSeq: U8 = 0
    bPowerSelect: U8 = 0
    abRFU: Two = _NO_RFU2


@dataclass(frozen=True, slots=True)
class PC_to_RDR_IccPowerOff(Message):
    """§6.1.2."""

    TYPE: ClassVar[int] = 0x63
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3


@dataclass(frozen=True, slots=True)
class PC_to_RDR_GetSlotStatus(Message):
    """§6.1.3."""

    TYPE: ClassVar[int] = 0x65
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3


@dataclass(frozen=True, slots=True)
class PC_to_RDR_XfrBlock(Message):
    """§6.1.4. abData is an APDU, a part of one or a TPDU, by the exchange level of dwFeatures."""

    TYPE: ClassVar[int] = 0x6F
    bSlot: U8 = 0
    bSeq: U8 = 0
    bBWI: U8 = 0
    wLevelParameter: U16 = 0
    abData: Rest = b""


@dataclass(frozen=True, slots=True)
class PC_to_RDR_GetParameters(Message):
    """§6.1.5."""

    TYPE: ClassVar[int] = 0x6C
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3


@dataclass(frozen=True, slots=True)
class PC_to_RDR_ResetParameters(Message):
    """§6.1.6."""

    TYPE: ClassVar[int] = 0x6D
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3


@dataclass(frozen=True, slots=True)
class PC_to_RDR_SetParameters(Message):
    """§6.1.7. abProtocolDataStructure has 5 bytes for T=0, 7 for T=1."""

    TYPE: ClassVar[int] = 0x61
    bSlot: U8 = 0
    bSeq: U8 = 0
    bProtocolNum: U8 = 0
    abRFU: Two = _NO_RFU2
    abProtocolDataStructure: Rest = b""


@dataclass(frozen=True, slots=True)
class PC_to_RDR_Escape(Message):
    """§6.1.8: whatever a vendor defines."""

    TYPE: ClassVar[int] = 0x6B
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3
    abData: Rest = b""


@dataclass(frozen=True, slots=True)
class PC_to_RDR_IccClock(Message):
    """§6.1.9."""

    TYPE: ClassVar[int] = 0x6E
    bSlot: U8 = 0
    bSeq: U8 = 0
    bClockCommand: U8 = 0
    abRFU: Two = _NO_RFU2


@dataclass(frozen=True, slots=True)
class PC_to_RDR_T0APDU(Message):
    """§6.1.10: the class bytes of GET RESPONSE and ENVELOPE. bmChanges bit 0 and 1 say which are given."""

    TYPE: ClassVar[int] = 0x6A
    bSlot: U8 = 0
    bSeq: U8 = 0
    bmChanges: U8 = 0
    bClassGetResponse: U8 = 0
    bClassEnvelope: U8 = 0


@dataclass(frozen=True, slots=True)
class PC_to_RDR_Secure(Message):
    """§6.1.11: PIN entry at the reader."""

    TYPE: ClassVar[int] = 0x69
    bSlot: U8 = 0
    bSeq: U8 = 0
    bBWI: U8 = 0
    wLevelParameter: U16 = 0
    abData: Rest = b""


@dataclass(frozen=True, slots=True)
class PC_to_RDR_Mechanical(Message):
    """§6.1.12."""

    TYPE: ClassVar[int] = 0x71
    bSlot: U8 = 0
    bSeq: U8 = 0
    bFunction: U8 = 0
    abRFU: Two = _NO_RFU2


@dataclass(frozen=True, slots=True)
class PC_to_RDR_Abort(Message):
    """§6.1.13: the bulk half of an abort; the control request ABORT is the other."""

    TYPE: ClassVar[int] = 0x72
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3


@dataclass(frozen=True, slots=True)
class PC_to_RDR_SetDataRateAndClockFrequency(Message):
    """§6.1.14. Clock in kHz, data rate in bit/s."""

    TYPE: ClassVar[int] = 0x73
    bSlot: U8 = 0
    bSeq: U8 = 0
    abRFU: Three = _NO_RFU3
    dwClockFrequency: U32 = 0
    dwDataRate: U32 = 0


# --- answers: RDR_to_PC (§6.2) ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RDR_to_PC_DataBlock(Answer):
    """§6.2.1. In a time extension bError is a multiplier of the waiting time."""

    TYPE: ClassVar[int] = 0x80
    bSlot: U8 = 0
    bSeq: U8 = 0
    bStatus: U8 = 0
    bError: U8 = 0
    bChainParameter: U8 = 0
    abData: Rest = b""


@dataclass(frozen=True, slots=True)
class RDR_to_PC_SlotStatus(Answer):
    """§6.2.2."""

    TYPE: ClassVar[int] = 0x81
    bSlot: U8 = 0
    bSeq: U8 = 0
    bStatus: U8 = 0
    bError: U8 = 0
    bClockStatus: U8 = 0


@dataclass(frozen=True, slots=True)
class RDR_to_PC_Parameters(Answer):
    """§6.2.3."""

    TYPE: ClassVar[int] = 0x82
    bSlot: U8 = 0
    bSeq: U8 = 0
    bStatus: U8 = 0
    bError: U8 = 0
    bProtocolNum: U8 = 0
    abProtocolDataStructure: Rest = b""


@dataclass(frozen=True, slots=True)
class RDR_to_PC_Escape(Answer):
    """§6.2.4."""

    TYPE: ClassVar[int] = 0x83
    bSlot: U8 = 0
    bSeq: U8 = 0
    bStatus: U8 = 0
    bError: U8 = 0
    bRFU: U8 = 0
    abData: Rest = b""


@dataclass(frozen=True, slots=True)
class RDR_to_PC_DataRateAndClockFrequency(Answer):
    """§6.2.5: what is in force now."""

    TYPE: ClassVar[int] = 0x84
    bSlot: U8 = 0
    bSeq: U8 = 0
    bStatus: U8 = 0
    bError: U8 = 0
    bRFU: U8 = 0
    dwClockFrequency: U32 = 0
    dwDataRate: U32 = 0


# --- the table --------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One line of CCID 1.1 table 6.1-1: a command and the answer that belongs to it."""

    command: type[Message]
    answer: type[Answer]


COMMANDS: Final[dict[int, Row]] = {
    row.command.TYPE: row
    for row in (
        Row(PC_to_RDR_IccPowerOn, RDR_to_PC_DataBlock),
        Row(PC_to_RDR_IccPowerOff, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_GetSlotStatus, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_XfrBlock, RDR_to_PC_DataBlock),
        Row(PC_to_RDR_GetParameters, RDR_to_PC_Parameters),
        Row(PC_to_RDR_ResetParameters, RDR_to_PC_Parameters),
        Row(PC_to_RDR_SetParameters, RDR_to_PC_Parameters),
        Row(PC_to_RDR_Escape, RDR_to_PC_Escape),
        Row(PC_to_RDR_IccClock, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_T0APDU, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_Secure, RDR_to_PC_DataBlock),
        Row(PC_to_RDR_Mechanical, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_Abort, RDR_to_PC_SlotStatus),
        Row(PC_to_RDR_SetDataRateAndClockFrequency, RDR_to_PC_DataRateAndClockFrequency),
    )
}
ANSWERS: Final[dict[int, type[Answer]]] = {row.answer.TYPE: row.answer for row in COMMANDS.values()}


def message_size(prefix: bytes) -> int | None:
    """Bytes of the bulk message that begins so; None while its dwLength has not come."""
    if len(prefix) < _HEAD.size:
        return None
    return HEADER_SIZE + int.from_bytes(prefix[1:5], "little")


def decode_command(data: bytes) -> Message:
    """The command these bytes are. CommandError tells a reader what to answer to what is none."""
    if len(data) < HEADER_SIZE:
        raise CommandError(f"{len(data)} bytes, a header has 10", Offset.dwLength, field="dwLength")
    row = COMMANDS.get(data[0])
    if row is None:
        text = f"{data[0]:#04x} is no command"
        raise CommandError(text, SlotError.CMD_NOT_SUPPORTED, field="bMessageType")
    try:
        return row.command.decode(data)
    except CcidError as error:
        raise CommandError(error.text, Offset.dwLength, field=error.field) from None


def decode_answer(data: bytes) -> Answer:
    """The answer these bytes are; CcidError for what is none."""
    found = ANSWERS.get(_head(data)[0])
    if found is None:
        raise CcidError(f"{data[0]:#04x} is no answer", field="bMessageType", rule=Message.RULE)
    return found.decode(data)


def _head(data: bytes) -> tuple[int, int]:
    if len(data) < HEADER_SIZE:
        raise CcidError(f"{len(data)} bytes, a header has 10", field="dwLength", rule=Message.RULE)
    message_type, length = _HEAD.unpack_from(data)
    return message_type, length
