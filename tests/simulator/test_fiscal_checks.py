"""ZREPORT_OPEN, ZREPORT_CLOSE, RECEIPT_REGISTER: every refusal, and their order (uz-fiscal §5.3)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.standin import SyncFlags
from reference.protocol.uz.values import encode_time
from tests.simulator.card import DAY, OK, SECOND, START, Card, block

TWO_DAYS = timedelta(seconds=172_800)
SW = StatusWord


def register(data: bytes) -> Command:
    return Command(0, 0x17, 0, 0, data)


def opening(data: bytes) -> Command:
    return Command(0, 0x03, 0, 0, data)


def closing(data: bytes) -> Command:
    return Command(0, 0x03, 1, 0, data)


def spoil(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


# --- the data ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 7, 9])
@pytest.mark.parametrize("command", [opening, closing])
def test_time_of_a_wrong_size(command, size):
    Card().refuses(command(bytes(size)), SW.WRONG_LENGTH)


@pytest.mark.parametrize("size", [0, 67, 101, 250])
def test_total_block_of_a_wrong_size(size):
    Card().refuses(register(bytes(size)), SW.WRONG_LENGTH)


@pytest.mark.parametrize("extra", [0, 1, 31, 32])
def test_total_blocks_of_68_to_100_bytes_pass(extra):
    card = Card()
    card.open()
    card.sell(extra=b"\x04" * extra)


@pytest.mark.parametrize(
    "time",
    [
        "2026070100090001",  # no T
        "2026130154090001",
        "2026003154090001",
        "2026063154090001",  # 31 June
        "2026022954090001",
        "2026070154240001",
        "2026070154096001",
        "2026070154090060",  # second 60: refused here (TY-03)
        "1998070154090001",
        "202607015409000a",
        "2026a70154090001",
    ],
)
def test_impossible_times(time):
    data = bytes.fromhex(time)
    card = Card()
    card.refuses(opening(data), SW.INVALID_DATETIME)
    card.refuses(closing(data), SW.INVALID_DATETIME)
    card.open()
    card.refuses(register(spoil(block(card.now + SECOND), 0x38, data)), SW.INVALID_DATETIME)


@pytest.mark.parametrize("at", [0x20, 0x28, 0x30, 0x27, 0x2F, 0x37])
@pytest.mark.parametrize("value", [b"\xa0", b"\x0a", b"\xff"])
def test_sums_that_are_not_bcd(at, value):
    card = Card()
    card.open()
    card.refuses(register(spoil(block(card.now + SECOND), at, value)), SW.INVALID_BCD)


@pytest.mark.parametrize(
    ("at", "value", "word"),
    [
        (0x40, b"\x03", SW.INVALID_TYPE),
        (0x40, b"\xff", SW.INVALID_TYPE),
        (0x41, b"\x02", SW.INVALID_OPERATION),
        (0x41, b"\xff", SW.INVALID_OPERATION),
        (0x42, b"\x00\x00", SW.WRONG_DATA),
        (0x42, b"\x80\x00", SW.WRONG_DATA),
        (0x42, b"\xff\xff", SW.WRONG_DATA),
    ],
)
def test_bytes_without_meaning(at, value, word):
    card = Card()
    card.open()
    card.refuses(register(spoil(block(card.now + SECOND), at, value)), word)


@pytest.mark.parametrize("items", [1, 32767])
def test_bounds_of_the_number_of_items(items):
    card = Card()
    card.open()
    card.sell(items=items)
    assert card.receipt().items_count == items


# --- state of the Z-report --------------------------------------------------------------------------------


def test_open_twice_changes_nothing():
    card = Card()
    card.open()
    card.refuses(apdu.zreport_open(card.now + SECOND), SW.ZREPORT_IS_NOT_CLOSED)


def test_no_shift_no_receipt():
    card = Card()
    card.refuses(register(block(START + SECOND, 1000)), SW.ZREPORT_IS_NOT_OPENED)
    card.open()
    card.sell()
    card.close()
    card.refuses(register(block(card.now + SECOND, 1000)), SW.ZREPORT_IS_NOT_OPENED)


def test_close_without_open_close_empty_close_twice():
    card = Card()
    card.refuses(apdu.zreport_close(START + SECOND), SW.ZREPORT_IS_NOT_OPENED)
    card.open()
    card.refuses(apdu.zreport_close(card.now + SECOND), SW.CANNOT_CLOSE_EMPTY_ZREPORT)
    card.sell()
    card.close()
    card.refuses(apdu.zreport_close(card.now + SECOND), SW.ZREPORT_IS_ALREADY_CLOSED)


# --- time -------------------------------------------------------------------------------------------------

BOUNDARIES = [
    (-SECOND, SW.DATETIME_IS_IN_THE_PAST),
    (timedelta(0), SW.DATETIME_IS_IN_THE_PAST),
    (SECOND, OK),
    (TWO_DAYS - SECOND, OK),
    (TWO_DAYS, OK),
    (TWO_DAYS + SECOND, SW.DATETIME_SYNC_WITH_SERVER),
    (400 * DAY, SW.DATETIME_SYNC_WITH_SERVER),
]


@pytest.mark.parametrize(("step", "word"), BOUNDARIES)
def test_time_of_an_opening(step, word):
    card = Card()
    card.open(START + step, word)
    assert card.memory().last_operation == (START + step if word == OK else START)


@pytest.mark.parametrize(("step", "word"), BOUNDARIES)
def test_time_of_a_receipt(step, word):
    card = Card()
    card.open()
    card.sell(time=card.now + step, expected=word)
    assert card.memory().receipt_seq == (1 if word == OK else 0)


@pytest.mark.parametrize(("step", "word"), BOUNDARIES)
def test_time_of_a_closing(step, word):
    card = Card()
    card.open()
    number = card.sell().receipt_seq
    card.ack(number)
    card.close(card.now + step, word)


def test_a_shop_closed_for_three_days_is_cured_by_a_sync():
    card = Card()
    card.open(START + 3 * DAY, SW.DATETIME_SYNC_WITH_SERVER)
    card.sync(time=START + 3 * DAY)
    card.open(START + 3 * DAY, SW.DATETIME_IS_IN_THE_PAST)
    card.open(START + 3 * DAY + SECOND)


def aged(seconds: int) -> tuple[Card, datetime]:
    """A card whose oldest receipt is that old at the returned time, in steps below two days."""
    card = Card()
    card.open()
    card.sell()
    oldest = card.now
    card.sell(time=oldest + DAY)
    return card, oldest + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (172_799, OK),
        (172_800, OK),
        (172_801, SW.SEND_ALL_RECEIPTS_FIRST),
        (200_000, SW.SEND_ALL_RECEIPTS_FIRST),
    ],
)
def test_unsent_for_two_days_stops_receipts_and_closing(seconds, word):
    card, time = aged(seconds)
    if word != OK:
        card.refuses(apdu.zreport_close(time), word)
        card.refuses(register(block(time, 5)), word)
        card.ack(1)
    card.sell(time=time)


def test_unsent_for_two_days_stops_opening():
    card, time = aged(172_801)
    card.close()
    card.open(time, SW.SEND_ALL_RECEIPTS_FIRST)
    card.ack(1)
    card.open(time)
    assert card.memory().first_unacknowledged == START + 2 * SECOND + DAY


def test_the_block_goes_by_acknowledgement_alone():
    card, time = aged(172_801)
    card.sync(SyncFlags.CHANGE_LOCK, time=time - SECOND)
    card.sell(time=time, expected=SW.SEND_ALL_RECEIPTS_FIRST)
    card.ack_all()
    card.sell(time=time)


def test_times_to_the_end_of_the_calendar():
    card = Card(last_operation="9999-12-31 23:59:58")
    card.open(datetime(9999, 12, 31, 23, 59, 59))
    card.sell(time=datetime(9999, 12, 31, 23, 59, 59), expected=SW.DATETIME_IS_IN_THE_PAST)


# --- lock and POS lock ------------------------------------------------------------------------------------


def test_a_locked_module_refuses_all_three_and_answers_the_rest():
    card = Card(start_locked=True)
    later = START + SECOND
    card.refuses(apdu.zreport_open(later), SW.LOCKED_SYNC_WITH_SERVER)
    card.refuses(apdu.zreport_close(later), SW.LOCKED_SYNC_WITH_SERVER)
    card.refuses(register(block(later)), SW.LOCKED_SYNC_WITH_SERVER)
    assert card.info().locked is True
    card.memory()
    card.sync(SyncFlags.CHANGE_LOCK)
    assert card.info().locked is False
    card.open()


# --- order ------------------------------------------------------------------------------------------------


def all_wrong() -> Card:
    """Locked, bound to a POS, with a receipt too old, an open Z and too little memory."""
    card = Card(blocks=2, limits={"receipt_seq": 1, "z_operations": 1, "z_cash": 1000})
    card.open()
    card.sell()
    card.send(apdu.pos_lock(b"s" * 32), OK)
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, time=card.now + 3 * DAY)
    return card


def test_the_first_check_that_fails_decides():
    """Each step takes one cause away, in the order of the table; the next one shows."""
    card = all_wrong()
    last = card.memory().last_operation
    assert card.info().locked
    good = block(last, 2000)
    bad_items = spoil(good, 0x42, b"\0\0")
    bad_operation = spoil(bad_items, 0x41, b"\2")
    bad_type = spoil(bad_operation, 0x40, b"\3")
    bad_sum = spoil(bad_type, 0x28, b"\xff")
    bad_time = spoil(bad_sum, 0x38, bytes(8))
    card.refuses(register(bad_time + bytes(64)), SW.WRONG_LENGTH)
    card.refuses(register(bad_time), SW.LOCKED_SYNC_WITH_SERVER)
    card.sync(SyncFlags.CHANGE_LOCK, time=last)
    card.refuses(register(bad_time), SW.POS_AUTH_FAIL)
    card.sync(SyncFlags.UNDO_POS_LOCK, time=last)
    card.refuses(register(bad_time), SW.INVALID_DATETIME)
    card.refuses(register(bad_sum), SW.INVALID_BCD)
    card.refuses(register(bad_type), SW.INVALID_TYPE)
    card.refuses(register(bad_operation), SW.INVALID_OPERATION)
    card.refuses(register(bad_items), SW.WRONG_DATA)
    card.refuses(register(good), SW.DATETIME_IS_IN_THE_PAST)
    card.refuses(register(block(last + 2 * DAY + SECOND, 2000)), SW.DATETIME_SYNC_WITH_SERVER)
    card.refuses(register(block(last + SECOND, 2000)), SW.SEND_ALL_RECEIPTS_FIRST)
    card.ack(1)
    card.refuses(register(block(last + SECOND, 2000)), SW.RECIPT_SEQ_MAX_VALUE_REACHED)


def test_a_known_receipt_answers_before_the_state_of_the_z_and_the_time():
    card = Card()
    card.open()
    data = block(card.now + SECOND, 1000)
    first = card.send(register(data), OK)
    card.close(card.now + 2 * SECOND)
    assert card.send(register(data), OK) == first
    card.sync(time=START + 30 * DAY)
    assert card.send(register(data), OK) == first
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, time=START)
    card.refuses(register(data), SW.LOCKED_SYNC_WITH_SERVER)


def test_z_state_comes_before_time():
    card = Card()
    card.refuses(apdu.zreport_close(START - DAY), SW.ZREPORT_IS_NOT_OPENED)
    card.refuses(register(block(START - DAY)), SW.ZREPORT_IS_NOT_OPENED)
    card.open()
    card.refuses(apdu.zreport_open(START - DAY), SW.ZREPORT_IS_NOT_CLOSED)


def test_time_comes_before_emptiness_and_memory():
    card = Card(blocks=2)
    card.open()
    card.refuses(apdu.zreport_close(START), SW.DATETIME_IS_IN_THE_PAST)
    card.sell()
    card.refuses(register(block(START)), SW.DATETIME_IS_IN_THE_PAST)
    card.close()
    card.refuses(apdu.zreport_open(START), SW.DATETIME_IS_IN_THE_PAST)
    card.refuses(apdu.zreport_open(card.now + SECOND), SW.NOT_ENOUGH_MEMORY)


# --- repetition -------------------------------------------------------------------------------------------


def test_the_same_registration_again_is_answered_again_for_all_held_receipts():
    card = Card()
    card.open()
    commands = [register(block(card.now + step * SECOND, 100 * step)) for step in range(1, 9)]
    answers = [card.send(command, OK) for command in commands]
    before = card.kept()
    for command, answer in reversed(list(zip(commands, answers, strict=True))):
        assert card.send(command, OK) == answer
    assert card.kept() == before
    assert card.memory().receipt_seq == 8


def test_one_byte_of_difference_is_another_receipt():
    card = Card()
    card.open()
    data = block(card.now + SECOND, 100)
    card.send(register(data), OK)
    for at in (0, 31, 0x20, 0x30, 0x43):
        card.refuses(register(spoil(data, at, bytes((data[at] ^ 0x10,)))), SW.DATETIME_IS_IN_THE_PAST)
    card.refuses(register(data + b"\x04\x00"), SW.DATETIME_IS_IN_THE_PAST)


def test_an_acknowledged_receipt_is_not_known_any_more():
    card = Card()
    card.open()
    data = block(card.now + SECOND, 100)
    card.send(register(data), OK)
    card.ack(1)
    card.refuses(register(data), SW.DATETIME_IS_IN_THE_PAST)


# --- signs and files --------------------------------------------------------------------------------------


def test_answer_of_a_registration_byte_for_byte():
    card = Card()
    card.open()
    data, _ = card.send(register(block(START + 2 * SECOND, 500000, vat=53571)), OK)
    expected = (
        "a348" "01085a5a000000000000" "02081000000000000000" "03082026070154090002"
        "0406271368829008" "0c209a8876c02b2254b8c4908ee31694f0ece5717cd3c6f835c4142b6f5e3af1bd8f"
    )  # fmt: skip
    assert data.hex() == expected


@pytest.mark.parametrize("type_", [0, 1, 2])
def test_only_purchases_have_a_sign_and_all_have_a_number(type_):
    card = Card()
    card.open()
    answer = card.sell(type=type_)
    assert answer.receipt_seq == 1
    assert (answer.fiscal_sign is not None) == (type_ == 0)
    assert answer.cipher_key is not None
    assert card.receipt().fiscal_sign == answer.fiscal_sign
    assert standin.open_receipt_file(card.file()).fiscal_sign == answer.fiscal_sign
    card.close()
    assert card.z().sales == 1


def test_numbers_run_over_types_and_z_reports_without_gap():
    card = Card()
    numbers = []
    for _ in range(3):
        card.open()
        for type_ in (0, 1, 2):
            numbers.append(card.sell(type=type_).receipt_seq)
            card.sell(time=START, expected=SW.DATETIME_IS_IN_THE_PAST)
        card.close()
    assert numbers == list(range(1, 10))


def test_signs_differ_and_are_those_of_the_number():
    card = Card()
    card.open()
    signs = [card.sell().fiscal_sign for _ in range(30)]
    assert len(set(signs)) == 30
    assert signs[0] == "271368829008"
    assert signs[1] == "263237644884"
    assert signs[21] == "049567970396"


def test_receipt_file_holds_what_was_registered_and_stays_the_same():
    card = Card()
    card.open()
    answer = card.sell(1234, 567, 89, type=0, items=7, extra=b"\x04\x03123")
    file = card.file(seq=1)
    record = standin.open_receipt_file(file)
    assert (record.cash, record.card, record.vat, record.items_count) == (1234, 567, 89, 7)
    assert record.fiscal_sign == answer.fiscal_sign
    assert record.cipher_key == answer.cipher_key
    assert record.extra == b"\x04\x03123"
    card.slot.module.power_up()
    card.send(apdu.select(), OK)
    assert card.file(seq=1) == file


@pytest.mark.parametrize("at", range(0, 128, 9))
def test_a_changed_byte_of_the_file_does_not_verify(at):
    card = Card()
    card.open()
    card.sell(500)
    file = card.file()
    spoiled = type(file)(
        file.terminal_id, file.receipt_seq, file.signature,
        spoil(file.data, at % len(file.data), bytes((file.data[at % len(file.data)] ^ 1,))),
        file.type, file.index,
    )  # fmt: skip
    with pytest.raises(standin.StandinError):
        standin.open_receipt_file(spoiled)


def test_z_file_holds_the_totals():
    card = Card()
    card.open()
    opened = card.now
    card.sell(1000, 200, 30)
    card.refund(400, 100, 10)
    card.close()
    data, _ = card.send(apdu.get_zreport_file(), OK)
    record = standin.open_zreport_file(standin.ZReportFile.decode(data))
    assert (record.ordinal, record.open_time, record.close_time) == (1, opened, card.now)
    assert (record.sales, record.refunds, record.first_receipt, record.last_receipt) == (1, 1, 1, 2)
    assert (record.cash.sale, record.cash.refund) == (1000, 400)
    assert (record.card.sale, record.card.refund) == (200, 100)
    assert (record.vat.sale, record.vat.refund) == (30, 10)
    assert data[-2:] == b"\0\0"
    assert encode_time(card.now) in data


def test_own_seed_instead_of_the_public_one():
    seed = bytes(range(32))
    card = Card(seed=seed.hex())
    card.open()
    card.sell()
    with pytest.raises(standin.StandinError):
        standin.open_receipt_file(card.file())
    standin.open_receipt_file(card.file(), standin.ModuleKeys(seed))
