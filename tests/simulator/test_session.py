"""Session rules: selection, factory data, malformed commands (uz-fiscal FM-S, EM-05, UZ-DEV-07)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from tests.simulator.card import OK, SECOND, START, Card, block

SELECT = "00a404000e66697363616c6472697665533031"


def fresh(**given) -> Card:
    card = Card(**given)
    card.slot.module.power_up()
    return card


def test_select_and_deselect_bytes():
    card = fresh()
    assert card.raw(bytes.fromhex(SELECT)).hex() == "9000"
    assert card.raw(bytes.fromhex("00a4040000")).hex() == "6f0c8408a000000151000000a5009000"
    assert card.raw(bytes.fromhex("0000000000")).hex() == "6d00"


def test_version_is_0400():
    card = fresh()
    card.send(apdu.select(), OK)
    assert card.raw(bytes.fromhex("0000000000")).hex() == "04009000"


def test_factory_data_before_and_after_select():
    card = fresh(factory_id="002024083000152503000000000000000000")
    expected = "9f7f2a" + "002024083000152503000000000000000000" + "00" * 24 + "9000"
    assert card.raw(bytes.fromhex("00ca9f7f00")).hex() == expected
    card.send(apdu.select(), OK)
    assert card.raw(bytes.fromhex("00ca9f7f00")).hex() == expected


@pytest.mark.parametrize("row", apdu.INSTRUCTIONS, ids=lambda row: row.name)
def test_no_applet_command_without_select(row):
    card = fresh()
    command = Command(0, row.ins, row.p1 or 0, row.p2 or 0, bytes(min(row.data.sizes)))
    assert card.send(command) == (b"", StatusWord.INS_NOT_SUPPORTED)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("8000000000", StatusWord.CLA_NOT_SUPPORTED),
        ("ffa404000e66697363616c6472697665533031", StatusWord.CLA_NOT_SUPPORTED),
        ("0004000000", StatusWord.INS_NOT_SUPPORTED),
        ("00ff000000", StatusWord.INS_NOT_SUPPORTED),
        ("0000000100", StatusWord.INCORRECT_P1P2),
        ("0000040000", StatusWord.INCORRECT_P1P2),
        ("0003020000", StatusWord.INCORRECT_P1P2),
        ("000b010000", StatusWord.INCORRECT_P1P2),
        ("000c030000", StatusWord.INCORRECT_P1P2),
        ("0011000100", StatusWord.INCORRECT_P1P2),
        ("0017020000", StatusWord.INCORRECT_P1P2),
        ("00a404010e66697363616c6472697665533031", StatusWord.INCORRECT_P1P2),
        ("00ca9f7e00", StatusWord.INCORRECT_P1P2),
        ("00ca9f7f0100", StatusWord.WRONG_LENGTH),
        ("00a4040011" + "00" * 17, StatusWord.WRONG_LENGTH),
        ("", StatusWord.WRONG_LENGTH),
        ("00", StatusWord.WRONG_LENGTH),
        ("00000000", StatusWord.WRONG_LENGTH),
        ("0000000001", StatusWord.WRONG_LENGTH),
        ("000000000000", StatusWord.WRONG_LENGTH),
        ("0017000057" + "00" * 86, StatusWord.WRONG_LENGTH),
        ("0017000057" + "00" * 88, StatusWord.WRONG_LENGTH),
    ],
)
def test_malformed_and_unknown(command, word):
    card = Card()
    assert card.raw(bytes.fromhex(command)) == word.wire
    assert card.raw(bytes.fromhex("0000000000")).hex() == "04009000", "the session goes on"


@pytest.mark.parametrize(
    "name",
    ["GET_VERSION", "GET_UNACK_ZREPORTS_INDEXES", "GET_ZREPORT_FILE", "POS_CHALLENGE", "RECEIPT_RESCAN"],
)
def test_data_for_a_command_that_takes_none(name):
    row = apdu.instruction(name)
    Card().refuses(Command(0, row.ins, row.p1 or 0, row.p2 or 0, b"\x00"), StatusWord.WRONG_LENGTH)


@pytest.mark.parametrize(
    ("name", "size"),
    [("ACK", 0), ("SYNC", 0), ("GET_RECEIPT_FILE", 7), ("GET_RECEIPT_FILE", 9), ("POS_AUTH", 31)],
)
def test_data_of_a_wrong_size(name, size):
    row = apdu.instruction(name)
    Card().refuses(Command(0, row.ins, row.p1 or 0, row.p2 or 0, bytes(size)), StatusWord.WRONG_LENGTH)


def test_another_aid_is_not_there_and_the_selection_stays():
    card = Card()
    assert card.raw(Command(0, 0xA4, 4, 0, b"somethingelse1").encode()).hex() == "6a82"
    card.send(apdu.get_version(), OK)


def test_a_trailing_le_is_for_other_shells_only():
    card = Card()
    command = apdu.zreport_open(START + SECOND).encode() + b"\x00"
    assert card.rack.exchange(card.slot, command) == StatusWord.WRONG_LENGTH.wire
    assert card.rack.exchange(card.slot, command, trailing_le=True) == OK.wire
    assert card.rack.exchange(card.slot, command + b"\x00", trailing_le=True) == StatusWord.WRONG_LENGTH.wire


def test_a_power_up_forgets_the_selection_but_not_the_memory():
    card = Card()
    card.open()
    card.slot.module.power_up()
    assert card.send(apdu.get_version())[1] == StatusWord.INS_NOT_SUPPORTED
    card.send(apdu.select(), OK)
    assert card.memory().zreports_count == 1


@given(st.binary(max_size=255))
def test_no_bytes_whatever_bring_it_down(data):
    card = Card()
    card.open()
    card.sell()
    answer = card.raw(data)
    assert len(answer) >= 2
    card.send(apdu.select(), OK)
    assert card.memory().zreports_count == 1


@given(st.sampled_from(apdu.INSTRUCTIONS), st.binary(max_size=250), st.integers(0, 0xFFFF))
def test_no_data_whatever_brings_a_known_command_down(row, data, index):
    card = Card()
    card.open()
    p1 = index >> 8 if row.p1 is None else row.p1
    p2 = index & 255 if row.p2 is None else row.p2
    _, sw = card.send(Command(0, row.ins, p1, p2, data))
    assert sw != StatusWord.UNKNOWN
    assert apdu.status_word(sw) is not None


def test_answers_fit_the_one_byte_frame():
    card = Card(blocks=32767)
    card.open()
    for _ in range(2):
        card.raw(apdu.receipt_register(block(card.now + SECOND, 10**15, 10**15, extra=b"x" * 32)).encode())
        card.now += SECOND
    tags = bytes(range(1, 16))
    largest = [
        card.raw(apdu.get_receipt_info(0, tags).encode()),
        card.raw(apdu.get_receipt_file().encode()),
        card.raw(apdu.get_info().encode()),
        card.raw(apdu.get_fiscal_memory_info().encode()),
        card.raw(apdu.get_zreport_info().encode()),
    ]
    card.close()
    largest.append(card.raw(apdu.get_zreport_file().encode()))
    assert max(map(len, largest)) <= 255
    assert len(largest[1]) - 2 == 243
    assert len(largest[-1]) - 2 == 183
