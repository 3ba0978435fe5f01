"""The codes of CCID 1.1 chapter 6: what a reader says about a card, a command and a mistake."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class IccStatus(IntEnum):
    """bmICCStatus, bits 1…0 of bStatus (CCID 1.1 table 6.2-3)."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class CommandStatus(IntEnum):
    """bmCommandStatus, bits 7…6 of bStatus (CCID 1.1 table 6.2-3)."""

    PROCESSED = 0
    FAILED = 1
    TIME_EXTENSION = 2


class SlotError(IntEnum):
    """bError of a failed command (CCID 1.1 table 6.2-2); 1 to 127 is the offset of the field at fault."""

    CMD_ABORTED = 0xFF
    ICC_MUTE = 0xFE
    XFR_PARITY_ERROR = 0xFD
    XFR_OVERRUN = 0xFC
    HW_ERROR = 0xFB
    BAD_ATR_TS = 0xF8
    BAD_ATR_TCK = 0xF7
    ICC_PROTOCOL_NOT_SUPPORTED = 0xF6
    ICC_CLASS_NOT_SUPPORTED = 0xF5
    PROCEDURE_BYTE_CONFLICT = 0xF4
    DEACTIVATED_PROTOCOL = 0xF3
    BUSY_WITH_AUTO_SEQUENCE = 0xF2
    PIN_TIMEOUT = 0xF0
    PIN_CANCELLED = 0xEF
    CMD_SLOT_BUSY = 0xE0
    CMD_NOT_SUPPORTED = 0x00


MEANINGS: Final[dict[int, str]] = {
    SlotError.CMD_ABORTED: "host aborted the current activity",
    SlotError.ICC_MUTE: "CCID timed out while talking to the ICC",
    SlotError.XFR_PARITY_ERROR: "parity error while talking to the ICC",
    SlotError.XFR_OVERRUN: "overrun error while talking to the ICC",
    SlotError.HW_ERROR: "an all inclusive hardware error occurred",
    SlotError.BAD_ATR_TS: "the ATR's first byte is wrong",
    SlotError.BAD_ATR_TCK: "the ATR's check byte is wrong",
    SlotError.ICC_PROTOCOL_NOT_SUPPORTED: "the ICC does not offer that protocol",
    SlotError.ICC_CLASS_NOT_SUPPORTED: "the ICC's class is not supported",
    SlotError.PROCEDURE_BYTE_CONFLICT: "the ICC sent an impossible procedure byte",
    SlotError.DEACTIVATED_PROTOCOL: "that protocol is switched off",
    SlotError.BUSY_WITH_AUTO_SEQUENCE: "an automatic sequence is going on",
    SlotError.PIN_TIMEOUT: "nobody typed a PIN in time",
    SlotError.PIN_CANCELLED: "the PIN's entry was cancelled",
    SlotError.CMD_SLOT_BUSY: "the slot is at work on another command",
    SlotError.CMD_NOT_SUPPORTED: "the command is not supported",
}


def error_text(code: int) -> str:
    """`FE - ICC_MUTE: …`, or the offset of the field at fault, or a vendor's or reserved code."""
    if code in MEANINGS:
        return f"{code:02X} - {SlotError(code).name}: {MEANINGS[code]}"
    if code < 0x80:
        return f"{code:02X} - field at offset {code} is wrong or not supported"
    kind = "user defined" if 0x81 <= code <= 0xC0 else "reserved"
    return f"{code:02X} - {kind}"


class ClockStatus(IntEnum):
    """bClockStatus of RDR_to_PC_SlotStatus (CCID 1.1 §6.2.2)."""

    RUNNING = 0
    STOPPED_LOW = 1
    STOPPED_HIGH = 2
    STOPPED_UNKNOWN = 3


class PowerSelect(IntEnum):
    """bPowerSelect of PC_to_RDR_IccPowerOn (CCID 1.1 §6.1.1)."""

    AUTOMATIC = 0
    VOLTS_5_0 = 1
    VOLTS_3_0 = 2
    VOLTS_1_8 = 3


class ClockCommand(IntEnum):
    """bClockCommand of PC_to_RDR_IccClock (CCID 1.1 §6.1.9)."""

    RESTART = 0
    STOP = 1


class MechanicalFunction(IntEnum):
    """bFunction of PC_to_RDR_Mechanical (CCID 1.1 §6.1.12)."""

    ACCEPT_CARD = 1
    EJECT_CARD = 2
    CAPTURE_CARD = 3
    LOCK_CARD = 4
    UNLOCK_CARD = 5


class Level(IntEnum):
    """wLevelParameter at extended APDU level (CCID 1.1 §6.1.4)."""

    WHOLE = 0x0000
    BEGINS = 0x0001
    ENDS = 0x0002
    CONTINUES = 0x0003
    ANSWER_WANTED = 0x0010


class Chain(IntEnum):
    """bChainParameter at extended APDU level (CCID 1.1 §6.2.1)."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    COMMAND_WANTED = 0x10


class Offset(IntEnum):
    """Where a field stands in a message, which is the bError of a command that it spoils."""

    dwLength = 1
    bSlot = 5
    byte7 = 7
    byte8 = 8
    byte9 = 9
    abData = 10
