"""Strategies for receipts that the codec carries without loss, and the receipts of the public vectors."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from hypothesis import strategies as st

from reference.protocol.uz.names import CHARACTERS
from reference.protocol.uz.receipt import CommissionInfo, ExtraInfo, Item, Location, Receipt, RefundInfo
from reference.protocol.uz.values import MAX_BCD

VECTORS = json.loads(
    (Path(__file__).parents[3] / "conformance" / "vectors" / "uz.json").read_text(encoding="utf-8")
)

SUM = st.integers(0, MAX_BCD)
BYTE = st.integers(0, 255)
TIMES = st.datetimes(datetime(1999, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))


def texts(limit: int):
    """Texts a field keeps as they are: not blank unless empty, no lone surrogates."""
    kept = st.text(st.characters(exclude_categories=["Cs"]), max_size=limit)
    return kept.map(lambda text: text if text.strip() else "")


NAMES = st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=63).filter(lambda name: not name.isspace())
COMMISSIONS = st.builds(CommissionInfo, texts(9), texts(14))
REFUNDS = st.builds(
    RefundInfo,
    terminal_id=st.from_regex(r"[A-Z]{2}[0-9]{12}", fullmatch=True),
    receipt_seq=st.integers(1, MAX_BCD),
    time=TIMES,
    fiscal_sign=st.from_regex(r"[0-9]{12}", fullmatch=True),
)
ANGLES = st.integers(-359_999_999, 359_999_999).map(lambda micro: micro / 1_000_000)
EXTRAS = st.builds(
    ExtraInfo,
    tin=texts(9),
    pinfl=texts(14),
    car_number=texts(8),
    phone_number=texts(13),
    qr_payment_id=texts(36),
    qr_payment_provider=st.integers(0, 65535),
    cashed_out_from_card=SUM,
    pptid=texts(16),
    card_type=BYTE,
    card_number=texts(16),
    other=texts(32),
)
ITEMS = st.builds(
    Item,
    name=NAMES,
    barcode=texts(63),
    label=texts(63),
    spic=texts(18),
    units=SUM,
    package_code=texts(20),
    owner_type=st.none() | BYTE,
    amount=SUM,
    price=SUM,
    discount=SUM,
    other=SUM,
    vat=SUM,
    vat_percent=st.integers(0, 99),
    commission=st.none() | COMMISSIONS,
)
RECEIPTS = st.builds(
    Receipt,
    time=TIMES,
    received_cash=SUM,
    received_card=SUM,
    type=BYTE,
    operation=BYTE,
    items=st.lists(ITEMS, min_size=1, max_size=4).map(tuple),
    location=st.none() | st.builds(Location, ANGLES, ANGLES),
    extra=st.none() | EXTRAS,
    refund=st.none() | REFUNDS,
)
