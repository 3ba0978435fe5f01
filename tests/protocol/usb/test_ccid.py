"""Messages as CCID 1.1 prints them, byte for byte, and any message there and back."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb import ccid
from reference.protocol.usb.ccid_codes import CommandStatus, IccStatus, SlotError, error_text
from reference.protocol.usb.errors import CcidError, CommandError

SIZES = {"U8": 1, "U16": 2, "U32": 4, "Two": 2, "Three": 3}
VECTORS = [
    (ccid.PC_to_RDR_IccPowerOn(1, 2, 3), "62 00000000 01 02 03 0000"),
    (ccid.PC_to_RDR_IccPowerOff(1, 2), "63 00000000 01 02 000000"),
    (ccid.PC_to_RDR_GetSlotStatus(0, 255), "65 00000000 00 ff 000000"),
    (
        ccid.PC_to_RDR_XfrBlock(0, 5, 4, 0x0102, b"\x00\xa4\x04\x00\x00"),
        "6f 05000000 00 05 04 0201 00a4040000",
    ),
    (ccid.PC_to_RDR_GetParameters(0, 1), "6c 00000000 00 01 000000"),
    (ccid.PC_to_RDR_ResetParameters(0, 1), "6d 00000000 00 01 000000"),
    (
        ccid.PC_to_RDR_SetParameters(0, 1, 1, abProtocolDataStructure=bytes.fromhex("1110004d002000")),
        "61 07000000 00 01 01 0000 1110004d002000",
    ),
    (ccid.PC_to_RDR_Escape(0, 1, abData=b"\x02"), "6b 01000000 00 01 000000 02"),
    (ccid.PC_to_RDR_IccClock(0, 1, 1), "6e 00000000 00 01 01 0000"),
    (ccid.PC_to_RDR_T0APDU(0, 1, 3, 0x80, 0x90), "6a 00000000 00 01 03 80 90"),
    (ccid.PC_to_RDR_Secure(0, 1, 0, 0, b"\x00"), "69 01000000 00 01 00 0000 00"),
    (ccid.PC_to_RDR_Mechanical(0, 1, 2), "71 00000000 00 01 02 0000"),
    (ccid.PC_to_RDR_Abort(2, 9), "72 00000000 02 09 000000"),
    (
        ccid.PC_to_RDR_SetDataRateAndClockFrequency(0, 1, dwClockFrequency=4000, dwDataRate=10752),
        "73 08000000 00 01 000000 a00f0000 002a0000",
    ),
    (ccid.RDR_to_PC_DataBlock(0, 5, 0x40, 0xFE, 0, b""), "80 00000000 00 05 40 fe 00"),
    (ccid.RDR_to_PC_DataBlock(0, 5, 0, 0, 1, b"\x90\x00"), "80 02000000 00 05 00 00 01 9000"),
    (ccid.RDR_to_PC_SlotStatus(1, 5, 0x02, 0, 3), "81 00000000 01 05 02 00 03"),
    (
        ccid.RDR_to_PC_Parameters(0, 5, 0, 0, 0, bytes.fromhex("1100000a00")),
        "82 05000000 00 05 00 00 00 1100000a00",
    ),
    (ccid.RDR_to_PC_Escape(0, 5, 0, 0, 0, b"ok"), "83 02000000 00 05 00 00 00 6f6b"),
    (
        ccid.RDR_to_PC_DataRateAndClockFrequency(0, 5, 0, 0, 0, 4000, 10752),
        "84 08000000 00 05 00 00 00 a00f0000 002a0000",
    ),
]


@pytest.mark.parametrize(("message", "text"), VECTORS, ids=[type(one).__name__ for one, _ in VECTORS])
def test_each_message_byte_for_byte(message, text):
    data = bytes.fromhex(text)
    assert message.encode() == data
    decode = ccid.decode_answer if data[0] & 0x80 else ccid.decode_command
    assert decode(data) == message


def test_every_command_and_answer_of_the_table_has_a_vector():
    shown = {type(message) for message, _ in VECTORS}
    assert shown == {row.command for row in ccid.COMMANDS.values()} | set(ccid.ANSWERS.values())


def messages(kind):
    given = {}
    for one in fields(kind):
        if one.type in ("U8", "U16", "U32"):
            given[one.name] = st.integers(0, 256 ** SIZES[one.type] - 1)
        elif one.type == "Rest":
            given[one.name] = st.binary(max_size=300)
        else:
            given[one.name] = st.binary(min_size=SIZES[one.type], max_size=SIZES[one.type])
    return st.builds(kind, **given)


@given(st.one_of([messages(row.command) for row in ccid.COMMANDS.values()]))
def test_any_command_survives(message):
    data = message.encode()
    assert ccid.message_size(data[:5]) == len(data)
    assert ccid.decode_command(data) == message


@given(st.one_of([messages(kind) for kind in ccid.ANSWERS.values()]))
def test_any_answer_survives(message):
    assert ccid.decode_answer(message.encode()) == message


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", 1),
        (bytes.fromhex("65 00000000 00 ff 0000"), 1),
        (bytes.fromhex("60 00000000 00 01 000000"), SlotError.CMD_NOT_SUPPORTED),
        (bytes.fromhex("80 00000000 00 01 000000"), SlotError.CMD_NOT_SUPPORTED),
        (bytes.fromhex("6f 06000000 00 05 00 0000 00a4040000"), 1),
        (bytes.fromhex("6f 04000000 00 05 00 0000 00a4040000"), 1),
        (bytes.fromhex("65 01000000 00 05 000000 00"), 1),
        (bytes.fromhex("73 04000000 00 01 000000 a00f0000"), 1),
    ],
)
def test_a_broken_command_says_what_to_answer(data, error):
    with pytest.raises(CommandError) as caught:
        ccid.decode_command(data)
    assert caught.value.error == error


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x80", "dwLength: 1 bytes, a header has 10"),
        (bytes.fromhex("6f 00000000 00 05 00 0000"), "bMessageType: 0x6f is no answer"),
        (bytes.fromhex("80 01000000 00 05 00 0000"), "RDR_to_PC_DataBlock.dwLength: 1, but 0 bytes follow"),
    ],
)
def test_a_broken_answer_is_refused(data, text):
    with pytest.raises(CcidError) as caught:
        ccid.decode_answer(data)
    assert text in str(caught.value)


def test_a_message_of_another_type_is_refused():
    with pytest.raises(CcidError, match=r"PC_to_RDR_Abort.bMessageType: 0x6f, not 0x72"):
        ccid.PC_to_RDR_Abort.decode(bytes.fromhex("6f 00000000 00 05 00 0000"))


def test_a_value_too_great_names_its_field():
    with pytest.raises(CcidError, match="bSlot: 256 does not fit into 1 byte"):
        ccid.PC_to_RDR_Abort(256).encode()


def test_the_size_of_a_message_is_unknown_before_its_length():
    assert ccid.message_size(b"\x6f\x01\x00\x00") is None


def test_status_bits():
    answer = ccid.RDR_to_PC_SlotStatus(bStatus=ccid.status(IccStatus.ABSENT, CommandStatus.TIME_EXTENSION))
    assert answer.bStatus == 0x82
    assert (answer.bmICCStatus, answer.bmCommandStatus) == (IccStatus.ABSENT, CommandStatus.TIME_EXTENSION)


def test_slot_changes_of_five_slots():
    state = [(True, True), (False, True), (True, False), (False, False), (True, True)]
    notice = ccid.RDR_to_PC_NotifySlotChange.of(state)
    assert notice.encode() == bytes.fromhex("50 1b 03")
    assert ccid.decode_notice(bytes.fromhex("501b03")).slots(5) == state
    with pytest.raises(CcidError, match="bmSlotICCState: 2 bytes are too few for 9 slots"):
        notice.slots(9)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=16))
def test_any_slot_changes_survive(state):
    data = ccid.RDR_to_PC_NotifySlotChange.of(state).encode()
    assert ccid.decode_notice(data).slots(len(state)) == state


def test_a_hardware_error():
    assert ccid.decode_notice(bytes.fromhex("51 02 07 01")) == ccid.RDR_to_PC_HardwareError(0x51, 2, 7, 1)
    assert ccid.RDR_to_PC_HardwareError(bSlot=2, bSeq=7).encode() == bytes.fromhex("51020701")


@pytest.mark.parametrize("data", [b"", b"\x52\x00"])
def test_what_is_no_notice_is_refused(data):
    with pytest.raises(CcidError, match="is no notice"):
        ccid.decode_notice(data)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0xFE, "FE - ICC_MUTE: CCID timed out while talking to the ICC"),
        (0x00, "00 - CMD_NOT_SUPPORTED: the command is not supported"),
        (0x05, "05 - field at offset 5 is wrong or not supported"),
        (0x90, "90 - user defined"),
        (0xC1, "C1 - reserved"),
    ],
)
def test_errors_for_people(code, text):
    assert error_text(code) == text


def test_every_error_has_a_meaning():
    assert all(error_text(code).split(": ")[1] for code in SlotError)
