"""The GET commands: objects, tag lists, indexes (uz-fiscal §5.2, §5.4 FM-I, §5.5)."""

from __future__ import annotations

import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.objects import NO_INDEX, FiscalInfo, MemoryInfo, ReceiptInfo
from reference.protocol.uz.tlv import elements
from reference.protocol.uz.values import encode_bcd8
from tests.simulator.card import OK, SECOND, START, Card

SW = StatusWord


def tags_of(card: Card, command: Command) -> str:
    data, _ = card.send(command, OK)
    ((_, value),) = elements(data)
    return " ".join(f"{tag:02x}" for tag, _ in elements(value))


def test_info_of_a_new_module():
    card = Card(start_locked=True, blocks=100, factory_id="00" * 17 + "ff", last_operation=None)
    info = card.info()
    assert info == FiscalInfo(
        applet_version=0x0400,
        cplc=bytes(17) + b"\xff" + bytes(24),
        patch_version=b"\x00\x01",
        terminal_id="ZZ000000000000",
        sync_challenge=info.sync_challenge,
        locked=True,
        jcre_version=0x0300,
        mode=1,
        pos_locked=False,
        pos_auth=False,
        memory=MemoryInfo(1600, 3230, 3230),
    )
    assert len(info.sync_challenge) == 8


def test_info_can_be_chosen_by_settings():
    card = Card(
        applet_version="0499", jcre_version="0305", patch_version="0a0b",
        memory={"persistent": 5, "reset_ram": 6, "deselect_ram": 7},
    )  # fmt: skip
    info = card.info()
    assert (info.applet_version, info.jcre_version, info.patch_version) == (0x0499, 0x0305, b"\x0a\x0b")
    assert info.memory == MemoryInfo(5, 6, 7)
    assert card.send(apdu.get_version(), OK)[0].hex() == "0499"


def test_persistent_memory_shrinks_with_the_fresh_blocks():
    card = Card(blocks=10)
    card.open()
    card.sell()
    assert card.info().memory.persistent == 16 * 8
    assert Card(blocks=32767).info().memory.persistent == 32767


def test_memory_info_of_a_new_module():
    card = Card(blocks=14)
    memory = card.memory()
    assert (memory.terminal_id, memory.receipt_seq, memory.last_operation) == ("ZZ000000000000", 0, START)
    assert memory.first_unacknowledged is None
    assert (memory.zreports_count, memory.receipts_count) == (0, 0)
    assert (memory.zreports_capacity, memory.receipts_capacity) == (13, 14)
    assert (memory.zreport_index, memory.receipt_index) == (NO_INDEX, NO_INDEX)
    assert (memory.zreports_allocated, memory.receipts_allocated) == (0, 0)


def test_memory_info_after_a_day():
    card = Card(blocks=14)
    card.open()
    card.sell(10)
    first = card.now
    card.sell(20)
    card.ack(1)
    memory = card.memory()
    assert (memory.receipt_seq, memory.last_operation) == (2, card.now)
    assert memory.first_unacknowledged == first + SECOND
    assert (memory.zreports_count, memory.receipts_count) == (1, 1)
    assert (memory.zreports_capacity, memory.receipts_capacity) == (13, 13)
    assert (memory.zreport_index, memory.receipt_index) == (0, 1)
    assert (memory.zreports_allocated, memory.receipts_allocated) == (1, 2)


def test_the_memory_record_alternates_at_each_change():
    card = Card()
    seen = [card.memory().memory_index]
    for change in (card.open, card.sell, lambda: card.ack(1), card.close, lambda: card.sync()):
        change()
        seen.append(card.memory().memory_index)
    assert seen in ([0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0])
    card.close(expected=SW.ZREPORT_IS_ALREADY_CLOSED)
    assert card.memory().memory_index == seen[-1]


INFO_TAGS = "01 02 0a 03 04 05 06 07 08 09 80"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("", INFO_TAGS),
        ("03", "03"),
        ("800301", "01 03 80"),
        ("030303", "03"),
        ("0b", ""),
        ("0b00ff05", "05"),
        ("0a02", "02 0a"),
    ],
)
def test_tag_lists_of_info(asked, answered):
    assert tags_of(Card(), apdu.get_info(bytes.fromhex(asked))) == answered


def test_tags_in_the_order_of_the_tables():
    card = Card()
    card.open()
    assert tags_of(card, apdu.get_zreport_info()) == "01 02 04 05 08 06 80 81 82"
    assert tags_of(card, apdu.get_fiscal_memory_info()) == "01 02 03 05 06 07 08 09 0a 0b 0c 0d 80 81 82"
    card.sell(extra=b"\x04\x01\x31")
    assert tags_of(card, apdu.get_receipt_info()) == "01 02 03 04 05 06 07 08 09 0a 0e 0f"
    assert tags_of(card, apdu.get_receipt_file()) == "01 02 03 04 05 06"
    card.close()
    card.ack_z(card.now)
    assert tags_of(card, apdu.get_zreport_info()) == "01 02 03 04 05 08 06 07 80 81 82"
    assert tags_of(card, apdu.get_zreport_file()) == "01 02 03 04 05"


def test_the_cipher_key_is_given_only_when_asked_for():
    card = Card()
    card.open()
    key = card.sell().cipher_key
    assert card.receipt().cipher_key is None
    assert card.receipt(tags=b"\x0c") == ReceiptInfo(cipher_key=key)
    assert card.receipt(tags=b"\x0c\x02") == ReceiptInfo(receipt_seq=1, cipher_key=key)


def test_receipt_info_repeats_the_total_block():
    card = Card()
    card.open()
    answer = card.sell(12, 34, 5, items=6, hash=bytes(range(32)))
    info = card.receipt()
    assert info == ReceiptInfo(
        terminal_id="ZZ000000000000",
        receipt_seq=1,
        time=card.now,
        fiscal_sign=answer.fiscal_sign,
        type=0,
        operation=0,
        cash=12,
        card=34,
        vat=5,
        items_count=6,
        items_hash=bytes(range(32)),
    )
    card.refund(1, type=2)
    assert (card.receipt().operation, card.receipt().type, card.receipt().fiscal_sign) == (1, 2, None)


@pytest.mark.parametrize("index", [0x8000, 0x8001, 0xFFFF])
@pytest.mark.parametrize("ins", [0x01, 0x02, 0x05, 0x06])
def test_indexes_above_32767(ins, index):
    card = Card()
    card.open()
    card.sell()
    card.refuses(Command(0, ins, index >> 8, index & 255), SW.INVALID_INDEX)


@pytest.mark.parametrize("index", [0, 1, 32767])
def test_nothing_there_yet(index):
    card = Card()
    card.refuses(apdu.get_zreport_info(index), SW.NOT_FOUND)
    card.refuses(apdu.get_zreport_file(index), SW.ZREPORT_IS_NOT_OPENED)
    card.refuses(apdu.get_receipt_info(index), SW.NOT_FOUND)
    card.refuses(apdu.get_receipt_file(index), SW.NOT_FOUND)


def test_z_reports_by_reverse_index():
    card = Card()
    for cash in (1, 2, 3):
        card.open()
        card.sell(cash)
        card.close()
    assert [card.z(index).cash.sale for index in range(3)] == [3, 2, 1]
    card.refuses(apdu.get_zreport_info(3), SW.NOT_FOUND)
    card.refuses(apdu.get_zreport_file(3), SW.NOT_FOUND)
    card.open()
    assert card.z().cash.sale == 0
    card.refuses(apdu.get_zreport_file(0), SW.ZREPORT_IS_NOT_CLOSED)
    assert card.z(1).cash.sale == 3
    card.send(apdu.get_zreport_file(1), OK)


def test_a_closed_z_is_read_the_same_for_ever():
    card = Card()
    card.open()
    card.sell(5)
    card.close()
    closed = card.now
    info, file = card.send(apdu.get_zreport_info()), card.send(apdu.get_zreport_file())
    card.open()
    card.sell(7)
    assert (card.send(apdu.get_zreport_info(1)), card.send(apdu.get_zreport_file(1))) == (info, file)
    card.ack_z(closed)
    assert card.z(1).acknowledged == START
    assert card.send(apdu.get_zreport_file(1)) == file


def test_held_receipts_by_reverse_index_without_gaps():
    card = Card()
    card.open()
    for cash in range(1, 7):
        card.sell(cash)
    for number in (1, 4, 6):
        card.ack(number)
    assert [card.receipt(index).receipt_seq for index in range(3)] == [5, 3, 2]
    assert [card.file(index).receipt_seq for index in range(3)] == [5, 3, 2]
    card.refuses(apdu.get_receipt_info(3), SW.NOT_FOUND)
    card.refuses(apdu.get_receipt_file(3), SW.NOT_FOUND)


def test_receipt_file_by_number():
    card = Card()
    card.open()
    card.sell()
    card.sell()
    assert card.file(seq=1).receipt_seq == 1
    command = Command(0, 0x06, 0xFF, 0xFF, encode_bcd8(2))
    assert card.send(command, OK) == card.send(apdu.get_receipt_file(0), OK), "P1P2 is ignored"
    card.refuses(apdu.get_receipt_file(seq=3), SW.NOT_FOUND)
    card.refuses(apdu.get_receipt_file(seq=0), SW.NOT_FOUND)
    card.refuses(Command(0, 0x06, 0, 0, b"\xff" * 8), SW.INVALID_BCD)


def test_places_in_memory_are_told_in_files():
    card = Card()
    for place in (0, 1):
        card.open()
        card.sell()
        assert card.file().index == place
        card.close()
        data, _ = card.send(apdu.get_zreport_file(), OK)
        assert data[-2:] == bytes((0, place))


def indexes(card: Card) -> tuple[int, ...]:
    return apdu.decode_indexes(card.send(apdu.get_unack_zreports(), OK)[0])


def test_unacknowledged_z_reports():
    card = Card()
    assert card.send(apdu.get_unack_zreports(), OK)[0].hex() == "0000"
    closed = []
    for _ in range(18):
        card.open()
        card.sell()
        assert 0 not in indexes(card), "an open one is not listed"
        card.close()
        closed.append(card.now)
    assert indexes(card) == tuple(range(2, 18)), "the sixteen oldest"
    card.ack_z(closed[0])
    assert indexes(card) == tuple(range(1, 17))
    card.ack_z(closed[17])
    card.ack_z(closed[9])
    assert indexes(card) == tuple(index for index in range(1, 17) if index != 8)
    card.open()
    assert indexes(card) == tuple(index + 1 for index in range(1, 17) if index != 8)


def test_reading_changes_nothing_and_works_while_locked_and_bound():
    card = Card()
    card.open()
    card.sell()
    card.close()
    card.open()
    questions = [
        apdu.get_version(), apdu.get_info(), apdu.get_fiscal_memory_info(), apdu.get_unack_zreports(),
        apdu.get_zreport_info(1), apdu.get_zreport_file(1), apdu.get_receipt_info(), apdu.get_receipt_file(),
    ]  # fmt: skip
    answers = [card.send(question, OK) for question in questions]
    card.rack.lock(card.slot, locked=True)
    card.send(apdu.pos_lock(b"x" * 32), OK)
    before = card.kept()
    again = [card.send(question, OK) for question in questions]
    assert card.kept() == before
    assert [a == b for a, b in zip(answers, again, strict=True)] == [True, False, *[True] * 6]
