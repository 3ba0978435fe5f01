"""Status words of applet 0400, each with a sentence for the person who gets it (uz-fiscal §5.6)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Self


class StatusWord(IntEnum):
    """One row of uz-fiscal §5.6; names exactly as there, the producer's misspelling included.

    `hint` says what happened and what to do, `clause` cites the rule that answers with this word,
    `wire` is the word as its two bytes.
    """

    hint: str
    clause: str
    wire: bytes

    def __new__(cls, value: int, clause: str, hint: str) -> Self:  # noqa: D102 - not called by anyone
        member = int.__new__(cls, value)
        member._value_ = value
        member.clause = f"uz-fiscal {clause}"
        member.hint = hint
        member.wire = value.to_bytes(2, "big")
        return member

    NO_ERROR = 0x9000, "§5.6", "The command took effect."
    INVALID_DATETIME = 0x9010, "FM-C-04", "The time is not a valid BCDDateTime; correct the host's time."
    INVALID_INDEX = 0x9011, "FM-I-01", "The index is outside 0…32767; pass a smaller one."
    INVALID_BCD = (
        0x9012,
        "FM-C-05",
        "A number is not BCD; the host encodes sums or the receipt number wrongly.",
    )
    INVALID_TYPE = 0x9013, "FM-C-06", "The receipt type is not purchase (0), advance (1) or credit (2)."
    INVALID_OPERATION = 0x9014, "FM-C-07", "The operation is neither sale (0) nor refund (1)."
    INVALID_ACK_SIGNATURE = (
        0x9015,
        "FM-A-01",
        "The acknowledgement is damaged or not from the operator; fetch it again by resending the file.",
    )
    WRONG_TERMINAL_ID = 0x9016, "FM-A-01", "The operator's file was made for another fiscal module."
    INVALID_SYNC_SIGNATURE = (
        0x9017,
        "FM-Y-01",
        "The sync file is damaged or not from the operator; synchronise the state again.",
    )
    WRONG_SYNC_CHALLENGE = 0x9018, "FM-Y-01", "This sync file was used before or is old; synchronise again."
    NOT_FOUND = 0x9020, "FM-I-04", "There is no such record, or it is acknowledged already."
    ZREPORT_IS_NOT_OPENED = 0x9021, "FM-Z-02", "No Z-report is open; open one first."
    ZREPORT_IS_NOT_CLOSED = 0x9022, "FM-Z-01", "A Z-report is still open; close it first."
    ZREPORT_IS_ALREADY_CLOSED = 0x9023, "FM-Z-03", "The Z-report is closed already; open the next one first."
    DATETIME_IS_IN_THE_PAST = (
        0x9030,
        "FM-T-03",
        "The time is not later than the module's last operation; wait a second or set the clock right.",
    )
    SEND_ALL_RECEIPTS_FIRST = (
        0x9031,
        "FM-T-05",
        "A receipt has waited more than 2 days; send all receipts to the operator first.",
    )
    CANNOT_CLOSE_EMPTY_ZREPORT = 0x9032, "FM-Z-04", "The Z-report holds no sale and no refund yet."
    RECIPT_SEQ_MAX_VALUE_REACHED = 0x9033, "FM-R-02", "Receipt numbers are used up; replace the module."
    CASH_CARD_ACCUMULATOR_OVERFLOW = (
        0x9034,
        "FM-R-07",
        "The lifetime total of refunds is full; replace the module.",
    )
    NOT_ENOUGH_SUM_FOR_REFUND = (
        0x9035,
        "FM-R-08",
        "Less cash or card was sold on this module than is to be refunded.",
    )
    VAT_ACCUMULATOR_OVERFLOW = 0x9036, "FM-R-06", "The lifetime total of VAT is full; replace the module."
    NOT_ENOUGH_VAT_FOR_REFUND = 0x9037, "FM-R-09", "Less VAT was sold on this module than is to be refunded."
    TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT = (
        0x9040,
        "FM-R-03",
        "The Z-report holds 29 999 operations; close it and open a new one.",
    )
    TOTAL_CASH_OVERFLOW_OPEN_NEW_ZREPORT = (
        0x9041,
        "FM-R-04",
        "The Z-report's cash total is full; close it and open a new one.",
    )
    TOTAL_CARD_OVERFLOW_OPEN_NEW_ZREPORT = (
        0x9042,
        "FM-R-04",
        "The Z-report's card total is full; close it and open a new one.",
    )
    TOTAL_VAT_OVERFLOW_OPEN_NEW_ZREPORT = (
        0x9043,
        "FM-R-04",
        "The Z-report's VAT total is full; close it and open a new one.",
    )
    CASH_ACCUMULATOR_OVERFLOW = 0x9044, "FM-R-05", "The lifetime total of cash is full; replace the module."
    CARD_ACCUMULATOR_OVERFLOW = 0x9045, "FM-R-05", "The lifetime total of card is full; replace the module."
    LOCKED_SYNC_WITH_SERVER = (
        0x9090,
        "FM-C-02",
        "The operator has locked the module; synchronise its state with the operator.",
    )
    DATETIME_SYNC_WITH_SERVER = (
        0x9091,
        "FM-T-04",
        "The time is over 2 days after the last operation; set the clock right or synchronise the state.",
    )
    ALREADY_POS_LOCKED = 0x9092, "FM-P-01", "The module is bound to a POS already; undo that by a state sync."
    POS_AUTH_FAIL = 0x9093, "FM-C-03", "The module is bound to a POS that did not authenticate."
    ZREPORTS_MEMORY_FULL = 0x90F0, "MEM-07", "No room for another Z-report is left; replace the module."
    RECEIPTS_MEMORY_FULL = 0x90F1, "MEM-03", "No room for another receipt; send the files to the operator."
    NOT_ENOUGH_MEMORY = 0x90FF, "MEM-06", "Not enough memory; send the files and synchronise the state."
    WRONG_LENGTH = 0x6700, "FM-C-01", "The command's data has a wrong size."
    WRONG_DATA = 0x6A80, "FM-C-08", "The command's data has a wrong value."
    INCORRECT_P1P2 = 0x6A86, "FM-S-06", "P1 and P2 do not belong to this instruction."
    INS_NOT_SUPPORTED = 0x6D00, "FM-S-06", "Unknown instruction, or the applet is not selected."
    CLA_NOT_SUPPORTED = 0x6E00, "FM-S-06", "The command's class byte is not 00."
    UNKNOWN = (
        0x6F00,
        "§5.6",
        "The module failed, usually for want of memory; check free memory, synchronise the state, try again.",
    )


_BY_VALUE: Final = {int(word): word for word in StatusWord}

ISO_WORDS: Final = {
    0x6100: "BYTES_REMAINING",
    0x6200: "WARNING",
    0x6881: "LOGICAL_CHANNEL_NOT_SUPPORTED",
    0x6882: "SECURE_MESSAGING_NOT_SUPPORTED",
    0x6883: "LAST_COMMAND_EXPECTED",
    0x6884: "COMMAND_CHAINING_NOT_SUPPORTED",
    0x6982: "SECURITY_STATUS_NOT_SATISFIED",
    0x6983: "FILE_INVALID",
    0x6984: "DATA_INVALID",
    0x6985: "CONDITIONS_NOT_SATISFIED",
    0x6986: "COMMAND_NOT_ALLOWED",
    0x6999: "APPLET_SELECT_FAILED",
    0x6A81: "FUNC_NOT_SUPPORTED",
    0x6A82: "FILE_NOT_FOUND",
    0x6A83: "RECORD_NOT_FOUND",
    0x6A84: "FILE_FULL",
    0x6B00: "WRONG_P1P2",
    0x6C00: "CORRECT_LENGTH",
}
"""ISO 7816 words a card's operating system may answer besides; 61xx and 6Cxx stand for their whole range."""


def status_word(sw: int) -> StatusWord | None:
    """The row of §5.6 for `sw`, None if it has none."""
    return _BY_VALUE.get(sw)


def status_text(sw: int) -> str:
    """`9010 - INVALID_DATETIME`, the way the service words a module's refusal (uz-fiscal §4.6)."""
    word = _BY_VALUE.get(sw)
    if word is not None:
        return f"{sw:04X} - {word.name}"
    ranged = sw & 0xFF00 if sw >> 8 in (0x61, 0x6C) else sw
    return f"{sw:04X} - {ISO_WORDS.get(ranged, 'UNKNOWN_STATUS_WORD')}"
