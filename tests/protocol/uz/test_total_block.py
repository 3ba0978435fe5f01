"""TotalBlock: the vectors, round trips, the module's checks in their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import values
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.receipt import Item, Receipt
from reference.protocol.uz.status_words import StatusWord
from reference.protocol.uz.total_block import REFUSALS, TotalBlock, extra_for, total_block_for
from tests.protocol.uz.vectors import VECTORS

CASES = VECTORS["receipts"]
BLOCK = TotalBlock(bytes(32), 500000, 0, 53571, datetime(2026, 7, 1, 9, 0, 1), 0, 0, 1)
SUM = st.integers(0, values.MAX_BCD)
BLOCKS = st.builds(
    TotalBlock,
    items_hash=st.binary(min_size=32, max_size=32),
    cash=SUM,
    card=SUM,
    vat=SUM,
    time=st.datetimes(datetime(1999, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0)),
    type=st.integers(0, 2),
    operation=st.integers(0, 1),
    items_count=st.integers(1, 32767),
    extra=st.binary(max_size=32),
)


def receipt_of(json_receipt: dict) -> Receipt:
    items = tuple(
        Item(
            name=item["Name"], spic=item["SPIC"], vat=item["VAT"], price=item["Price"], amount=item["Amount"]
        )
        for item in json_receipt["Items"]
    )
    return Receipt(
        time=values.parse_json_time(json_receipt["Time"]),
        received_cash=json_receipt["ReceivedCash"],
        received_card=json_receipt["ReceivedCard"],
        type=json_receipt["Type"],
        operation=json_receipt["Operation"],
        items=items,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_vectors(case):
    block = total_block_for(receipt_of(case["receipt"]), bytes.fromhex(case["tlv_hex"]))
    assert block.items_hash.hex() == case["hash_hex"]
    assert block.encode().hex() == case["total_block_hex"]
    assert TotalBlock.decode(bytes.fromhex(case["total_block_hex"])) == block


@given(BLOCKS)
def test_round_trip(block):
    data = block.encode()
    assert 68 <= len(data) <= 100
    assert TotalBlock.decode(data) == block
    assert TotalBlock.decode(data, strict=False) == block


@given(st.binary(min_size=68, max_size=100))
def test_any_bytes_decode_or_are_refused_by_a_known_clause(data):
    try:
        block = TotalBlock.decode(data, False)
    except CodecError as error:
        assert isinstance(REFUSALS[error.clause], StatusWord)  # noqa: PT017 - only some inputs are refused
    else:
        assert (block.type, block.operation) == (data[64], data[65])


def spoilt(*changes: tuple[int, int]) -> bytes:
    data = bytearray(BLOCK.encode())
    for at, byte in changes:
        data[at] = byte
    return bytes(data)


LATER = [(0x42, 0xFF), (0x41, 2), (0x40, 3), (0x37, 0xFF), (0x3C, 0)]


@pytest.mark.parametrize(
    ("data", "field", "word"),
    [
        (bytes(67), "TotalBlock", StatusWord.WRONG_LENGTH),
        (bytes(101), "TotalBlock", StatusWord.WRONG_LENGTH),
        (spoilt(*LATER), "time", StatusWord.INVALID_DATETIME),
        (spoilt(*LATER[:4]), "vat", StatusWord.INVALID_BCD),
        (spoilt((0x20, 0xA0)), "cash", StatusWord.INVALID_BCD),
        (spoilt((0x2F, 0x0A)), "card", StatusWord.INVALID_BCD),
        (spoilt(*LATER[:3]), "type", StatusWord.INVALID_TYPE),
        (spoilt(*LATER[:2]), "operation", StatusWord.INVALID_OPERATION),
        (spoilt(*LATER[:1]), "items_count", StatusWord.WRONG_DATA),
        (spoilt((0x43, 0)), "items_count", StatusWord.WRONG_DATA),
    ],
)
def test_refusals_in_the_module_s_order(data, field, word):
    with pytest.raises(CodecError) as caught:
        TotalBlock.decode(data)
    assert (caught.value.field, REFUSALS[caught.value.clause]) == (field, word)


def test_lenient_reader_shows_what_was_sent():
    block = TotalBlock.decode(spoilt(*LATER[:3]), strict=False)
    assert (block.type, block.operation, block.items_count) == (3, 2, 0xFF01)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items_hash": bytes(31)}, "items_hash"),
        ({"extra": bytes(33)}, "extra"),
        ({"type": 256}, "type"),
        ({"operation": -1}, "operation"),
        ({"items_count": 32768}, "items_count"),
        ({"cash": -1}, "cash"),
        ({"card": 10**16}, "card"),
        ({"vat": 10**16}, "vat"),
        ({"time": datetime(1970, 1, 1)}, "time"),
    ],
)
def test_values_without_a_place(change, field):
    with pytest.raises(CodecError) as caught:
        replace(BLOCK, **change).encode()
    assert caught.value.field == field


def test_extra_only_for_one_item_with_spic():
    receipt = receipt_of(CASES[0]["receipt"])
    (item,) = receipt.items
    assert extra_for(receipt).hex() == "04113031393035303031303031303030303030"
    assert extra_for(replace(receipt, items=(item, item))) == b""
    assert extra_for(replace(receipt, items=(replace(item, spic=" "),))) == b""
    assert extra_for(replace(receipt, items=(replace(item, spic="1" * 30),))) == b"\x04\x12" + b"1" * 18
    assert len(extra_for(replace(receipt, items=(replace(item, spic="я" * 18),)))) == 32
