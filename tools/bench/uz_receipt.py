"""Figures of the receipt codec: one receipt from fields to ciphertext."""

from __future__ import annotations

import statistics
from datetime import datetime

from reference.protocol.uz import gost
from reference.protocol.uz.receipt import Item, Receipt, encode_full_receipt
from reference.protocol.uz.receipt_rules import check_receipt
from reference.protocol.uz.total_block import total_block_for
from reference.runtime.clock import real_elapsed
from tools.bench.figures import Figure, at_least

KEY = bytes(range(32))
RECEIPT = Receipt(
    time=datetime(2026, 7, 1, 9, 0, 1),
    received_cash=500_000,
    received_card=0,
    type=0,
    operation=0,
    items=(
        Item(
            name="Non Хлеб",
            barcode="4780000000001",
            spic="01905001001000000",
            units=1,
            package_code="1234567",
            owner_type=0,
            amount=1_000,
            price=500_000,
            vat=53_571,
            vat_percent=12,
        ),
    ),
)
"""One line with all codes: the receipt that the vectors begin with."""


def encode_hash_encrypt(times: int = 1_000, rounds: int = 5) -> Figure:
    """Receipts a second: check, TLV, hash, TotalBlock, encryption; the floor is hash and encryption alone."""
    padded = gost.pad(encode_full_receipt(RECEIPT))

    def whole() -> None:
        check_receipt(RECEIPT)
        tlv = gost.pad(encode_full_receipt(RECEIPT))
        total_block_for(RECEIPT, tlv).encode()
        gost.encrypt(KEY, tlv)

    def ciphers() -> None:
        gost.digest(padded)
        gost.encrypt(KEY, padded)

    value, floor = (statistics.median(_rate(work, times) for _ in range(rounds)) for work in (whole, ciphers))
    return at_least("receipt: encode, hash, encrypt", value, "receipts/s", 1_500, floor)


def _rate(work: object, times: int) -> float:
    assert callable(work)
    start = real_elapsed()
    for _ in range(times):
        work()
    return times / (real_elapsed() - start)
