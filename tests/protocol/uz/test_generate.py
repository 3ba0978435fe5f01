"""Drawn receipts: seeded, lawful, of every sort, and within the codec without loss."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz.generate import GOODS, PIECE, barcode, random_receipt, refund_of
from reference.protocol.uz.receipt import (
    Operation,
    ReceiptType,
    RefundInfo,
    decode_full_receipt,
    encode_full_receipt,
)
from reference.protocol.uz.receipt_json import receipt_from_json, receipt_to_json
from reference.protocol.uz.receipt_rules import check_receipt, needs_online_check

TIME = datetime(2026, 7, 1, 9, 0, 1)
SEEDS = st.integers(0, 2**32)


@given(SEEDS)
def test_every_receipt_passes_and_survives_the_codecs(seed):
    receipt = random_receipt(Random(seed), TIME)
    check_receipt(receipt)
    assert receipt.time == TIME
    assert 1 <= len(receipt.items) <= 8
    assert receipt_from_json(receipt_to_json(receipt)) == receipt
    again = decode_full_receipt(encode_full_receipt(receipt))
    assert [item.price for item in again.items] == [item.price for item in receipt.items]
    check_receipt(again)


@given(SEEDS)
def test_the_same_seed_gives_the_same_receipt(seed):
    assert random_receipt(Random(seed), TIME) == random_receipt(Random(seed), TIME)


@given(SEEDS, st.integers(1, 32), st.sampled_from(ReceiptType))
def test_as_many_lines_and_of_the_type_asked_for(seed, items, type):
    receipt = random_receipt(Random(seed), TIME, items=items, type=type)
    assert (len(receipt.items), receipt.type, receipt.operation) == (items, type, Operation.SALE)
    check_receipt(receipt)


@given(SEEDS)
def test_lines_are_plausible(seed):
    for item in random_receipt(Random(seed), TIME).items:
        assert item.spic.isdigit()
        assert len(item.spic) == 17
        assert item.package_code.isdigit()
        assert item.vat_percent in (0, 12)
        net = item.price - item.discount - item.other
        assert item.vat == net * item.vat_percent // (100 + item.vat_percent)
        assert item.units != PIECE or item.amount % 1000 == 0
        assert not item.barcode or barcode(item.barcode[:12]) == item.barcode
        assert len(item.label) <= 63


def test_every_sort_of_receipt_occurs():
    drawn = [random_receipt(Random(seed), TIME) for seed in range(400)]
    lines = [item for receipt in drawn for item in receipt.items]
    assert any(receipt.received_cash and receipt.received_card for receipt in drawn)
    assert any(receipt.received_cash and not receipt.received_card for receipt in drawn)
    assert any(receipt.received_card and not receipt.received_cash for receipt in drawn)
    assert {item.name for item in lines} == {good.name for good in GOODS}
    assert {item.vat_percent for item in lines} == {0, 12}
    for attribute in ("discount", "other", "label", "barcode", "commission"):
        assert {bool(getattr(item, attribute)) for item in lines} == {True, False}
    assert {receipt.location is None for receipt in drawn} == {True, False}
    extras = [receipt.extra for receipt in drawn if receipt.extra]
    assert len(extras) < len(drawn)
    for attribute in ("card_type", "qr_payment_id", "phone_number", "pptid"):
        assert any(getattr(extra, attribute) for extra in extras)


def test_refund_of_a_receipt():
    sale = random_receipt(Random(1), TIME)
    info = RefundInfo("ZZ000000000000", 1, TIME, "271368829008")
    refund = refund_of(sale, info, datetime(2026, 7, 1, 10))
    check_receipt(refund)
    assert needs_online_check(refund)
    assert (refund.items, refund.refund, refund.time) == (sale.items, info, datetime(2026, 7, 1, 10))


@pytest.mark.parametrize(
    ("article", "code"), [("478000000000", "4780000000007"), ("400638133393", "4006381333931")]
)
def test_check_digit(article, code):
    assert barcode(article) == code
