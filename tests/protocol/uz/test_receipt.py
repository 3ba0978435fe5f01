"""Full receipt: the vectors, round trips, order and omission, cutting, what a decoder refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz.errors import CodecError, ReceiptError, TlvError
from reference.protocol.uz.gost import pad
from reference.protocol.uz.receipt import (
    CommissionInfo,
    ExtraInfo,
    Item,
    Location,
    Receipt,
    RefundInfo,
    decode_full_receipt,
    encode_full_receipt,
    total_vat,
)
from reference.protocol.uz.receipt_json import receipt_from_json
from reference.protocol.uz.tlv import element, elements, paths
from tests.protocol.uz.receipts import RECEIPTS, VECTORS

ITEM = Item("Non", price=500000, amount=1000)
RECEIPT = Receipt(datetime(2026, 7, 1, 9, 0, 1), 500000, 0, 0, 0, (ITEM,))
REFUND = RefundInfo("ZZ000000000000", 22, datetime(2021, 11, 2, 14, 13, 7), "445705250315")


def written(receipt: Receipt) -> dict[str, bytes]:
    return dict(paths(encode_full_receipt(receipt)))


def tags(receipt: Receipt) -> list[int]:
    [(_, body)] = elements(encode_full_receipt(receipt))
    return [tag for tag, _ in elements(body)]


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=lambda c: c["id"])
def test_vectors(case):
    receipt = receipt_from_json(case["receipt"])
    padded = pad(encode_full_receipt(receipt))
    assert padded.hex() == case["tlv_hex"]
    assert len(padded) == case["tlv_len"]
    assert decode_full_receipt(padded) == receipt


@given(RECEIPTS)
def test_round_trip(receipt):
    data = encode_full_receipt(receipt)
    assert decode_full_receipt(data) == receipt
    assert decode_full_receipt(pad(data)) == receipt


def test_order_of_the_parts():
    full = replace(RECEIPT, items=(ITEM, ITEM), refund=REFUND, location=Location(1.0, 2.0), extra=ExtraInfo())
    assert tags(full) == [1, 2, 3, 4, 5, 0x8D, 0x8E, 0x8C, 0x8C, 0x8F]
    assert tags(RECEIPT) == [1, 2, 3, 4, 5, 0x8C]


def test_a_bare_item_writes_what_is_always_written():
    item = Item("Non")
    assert [p for p, _ in paths(encode_full_receipt(replace(RECEIPT, items=(item,))))][5:] == [
        f"8d.8c.{tag:02x}" for tag in (1, 5, 6, 7, 8, 9)
    ]
    zeros = written(replace(RECEIPT, items=(item,)))
    assert all(zeros[f"8d.8c.{tag:02x}"] == b"\0" for tag in (5, 6, 7, 8, 9))


def test_a_full_item_in_its_order():
    item = Item("N", "1", "2", "3", 4, "5", 0, 6, 7, 8, 9, 10, 12, CommissionInfo("1", "2"))
    found = written(replace(RECEIPT, items=(item,)))
    assert [path for path in found if "8c" in path] == [
        *(f"8d.8c.{tag:02x}" for tag in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0A, 0x0B, 0x11, 0x12)),
        "8d.8c.81.01",
        "8d.8c.81.02",
    ]
    assert found["8d.8c.12"] == b"\0"
    assert found["8d.8c.07"] == b"\x21"


def test_blank_texts_are_not_written():
    item = replace(ITEM, barcode="  ", label="\t", spic="", package_code="\u3000")
    assert [p for p in written(replace(RECEIPT, items=(item,))) if "8c" in p] == [
        f"8d.8c.{tag:02x}" for tag in (1, 5, 6, 7, 8, 9)
    ]


def test_extra_info_writes_the_card_type_always_and_the_card_number_before_other():
    assert paths(encode_full_receipt(replace(RECEIPT, extra=ExtraInfo())))[-1] == ("8d.8f.09", b"\0")
    extra = ExtraInfo("1", "2", "3", "4", "5", 6, 7, "8", 9, "10", "11")
    found = written(replace(RECEIPT, extra=extra))
    assert [path[-2:] for path in found if ".8f" in path] == [
        "01", "02", "03", "04", "05", "06", "07", "08", "09", "0b", "0a",
    ]  # fmt: skip


LIMITS = {
    "barcode": ("8d.8c.02", 63), "label": ("8d.8c.03", 63), "spic": ("8d.8c.04", 18),
    "package_code": ("8d.8c.11", 20),
}  # fmt: skip
EXTRA_LIMITS = {
    "tin": 9, "pinfl": 14, "car_number": 8, "phone_number": 13, "qr_payment_id": 36, "pptid": 16,
    "card_number": 16, "other": 32,
}  # fmt: skip
EXTRA_TAGS = dict(zip(EXTRA_LIMITS, (1, 2, 3, 4, 5, 8, 0x0B, 0x0A), strict=True))


@pytest.mark.parametrize("field", LIMITS)
def test_item_texts_are_cut_to_characters(field):
    """RC-01: cut, not refused; characters, not bytes."""
    path, limit = LIMITS[field]
    item = replace(ITEM, **{field: "ў" * (limit + 1)})
    assert written(replace(RECEIPT, items=(item,)))[path] == ("ў" * limit).encode()


@pytest.mark.parametrize("field", EXTRA_LIMITS)
def test_extra_texts_are_cut_to_characters(field):
    extra = replace(ExtraInfo(), **{field: "7" * 100})
    found = written(replace(RECEIPT, extra=extra))
    assert found[f"8d.8f.{EXTRA_TAGS[field]:02x}"] == b"7" * EXTRA_LIMITS[field]


def test_commission_texts_are_cut():
    item = replace(ITEM, commission=CommissionInfo("1" * 20, "2" * 20))
    found = written(replace(RECEIPT, items=(item,)))
    assert (found["8d.8c.81.01"], found["8d.8c.81.02"]) == (b"1" * 9, b"2" * 14)


@pytest.mark.parametrize(("length", "kept"), [(1, 1), (62, 62), (63, 63), (64, 62), (200, 62)])
def test_long_names_are_cut_to_62(length, kept):
    """NM-02."""
    found = written(replace(RECEIPT, items=(replace(ITEM, name="a" * length),)))
    assert len(found["8d.8c.01"]) == kept


def test_a_name_of_which_nothing_is_left_is_refused():
    """NM-04."""
    with pytest.raises(ReceiptError, match=r"^field name is not found or empty$") as caught:
        encode_full_receipt(replace(RECEIPT, items=(ITEM, replace(ITEM, name="日本"))))
    assert (caught.value.clause, caught.value.field) == ("uz-fiscal NM-04", "Items[1].Name")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000000"),
        (41.311081, "41.311081"),
        (69.2797375, "69.279738"),
        (1.0000005, "1.000001"),
        (2.0000015, "2.000002"),
        (1.00000049999, "1.000000"),
        (1e-7, "0.000000"),
        (5e-7, "0.000001"),
        (360.0, "0.000000"),
        (401.25, "41.250000"),
        (-73.5, "-73.500000"),
        (-433.5, "-73.500000"),
        (359.9999999, "360.000000"),
    ],
)
def test_angles(value, text):
    """Modulo 360 first, then half up on the shortest decimal form; a dot whatever the locale."""
    found = written(replace(RECEIPT, location=Location(latitude=value, longitude=2.0)))
    assert found == found | {"8d.8e.01": b"2.000000", "8d.8e.02": text.encode()}


def test_total_vat():
    assert total_vat(replace(RECEIPT, items=(replace(ITEM, vat=3), replace(ITEM, vat=4)))) == 7


# --- what has no place in the bytes ----------------------------------------------------------------

TOO_MUCH = 10_000_000_000_000_000


@pytest.mark.parametrize(
    ("receipt", "field"),
    [
        (replace(RECEIPT, received_cash=TOO_MUCH), "ReceivedCash"),
        (replace(RECEIPT, received_card=-1), "ReceivedCard"),
        (replace(RECEIPT, type=256), "Type"),
        (replace(RECEIPT, time=datetime(1998, 12, 31)), "Time"),
        (replace(RECEIPT, items=(ITEM, replace(ITEM, vat_percent=100))), "Items[1].VATPercent"),
        (replace(RECEIPT, items=(replace(ITEM, discount=TOO_MUCH),)), "Items[0].Discount"),
        (replace(RECEIPT, items=(replace(ITEM, label="\ud800"),)), "Items[0].Label"),
        (replace(RECEIPT, location=Location(float("nan"), 0)), "Location.Latitude"),
        (replace(RECEIPT, refund=replace(REFUND, terminal_id="ZZ")), "RefundInfo.TerminalID"),
        (replace(RECEIPT, refund=replace(REFUND, fiscal_sign="1")), "RefundInfo.FiscalSign"),
        (replace(RECEIPT, extra=ExtraInfo(card_type=256)), "ExtraInfo.CardType"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_encoder_names_the_field(receipt, field):
    with pytest.raises(CodecError) as caught:
        encode_full_receipt(receipt)
    assert caught.value.field == field


# --- decoding --------------------------------------------------------------------------------------

HEAD = [(1, b"\0"), (2, b"\0"), (3, bytes.fromhex("2026070154090001")), (4, b"\0"), (5, b"\0")]
LINE = [(1, b"\x8d"), (5, b"\0"), (6, b"\0"), (7, b"\x21"), (8, b"\0"), (9, b"\0")]
REFUND_PARTS = [
    (1, bytes.fromhex("5a5a000000000000")), (2, b"\x22"), (3, bytes.fromhex("2021110254141307")),
    (4, bytes.fromhex("445705250315")),
]  # fmt: skip


def sequence(parts) -> bytes:
    return b"".join(element(tag, value) for tag, value in parts)


def whole(head=HEAD, line=LINE, more=()) -> bytes:
    return element(0x8D, sequence([*head, (0x8C, sequence(line)), *more]))


def test_any_order_and_unknown_tags():
    """RC-03."""
    line = [(0x77, b"?"), *reversed(LINE), (0x9A, b"\xff")]
    head = [(0x8C, sequence(line)), (0x66, b"??"), *reversed(HEAD)]
    assert decode_full_receipt(element(0x8D, sequence(head))) == decode_full_receipt(whole())


def test_a_doubled_refund_info_or_item_field_is_an_error():
    with pytest.raises(TlvError, match="TLV-04"):
        decode_full_receipt(whole(more=[(0x8D, sequence(REFUND_PARTS))] * 2))
    with pytest.raises(TlvError) as caught:
        decode_full_receipt(whole(line=[*LINE, LINE[0]]))
    assert caught.value.field == "Items[0].01"


@pytest.mark.parametrize("missing", [1, 2, 3, 4, 5])
def test_missing_head_field(missing):
    with pytest.raises(CodecError, match=f"tag {missing:02x} is missing"):
        decode_full_receipt(whole(head=[part for part in HEAD if part[0] != missing]))


@pytest.mark.parametrize(("missing", "field"), [(1, "Name"), (5, "Units"), (7, "VATPercent"), (9, "Amount")])
def test_missing_item_field(missing, field):
    with pytest.raises(CodecError) as caught:
        decode_full_receipt(whole(line=[part for part in LINE if part[0] != missing]))
    assert caught.value.field == f"Items[0].{field}"


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_refund_info_has_all_four(missing):
    parts = [part for part in REFUND_PARTS if part[0] != missing]
    with pytest.raises(CodecError, match="RefundInfo"):
        decode_full_receipt(whole(more=[(0x8D, sequence(parts))]))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "no receipt element 8d"),
        (element(0x8C, b""), "no receipt element 8d"),
        (element(0x8D, sequence(HEAD)), "Items: 0 items, not 1…32767"),
        (whole()[:-1], "claims"),
        (whole(line=[*LINE[1:], (1, b"")]), "Items[0].Name"),
        (whole(line=[*LINE[1:], (1, b"\x8d" * 64)]), "Items[0].Name"),
        (whole(line=[*LINE, (2, b"\xff")]), "Items[0].Barcode: not UTF-8"),
        (whole(line=[*LINE, (4, b"1" * 19)]), "Items[0].SPIC: 19 characters, at most 18"),
        (whole(line=[part if part[0] != 7 else (7, b"\x21\0") for part in LINE]), "Items[0].VATPercent: 2"),
        (whole(line=[part if part[0] != 6 else (6, b"\xa0") for part in LINE]), "Items[0].Price: "),
        (whole(line=[*LINE, (0x12, b"")]), "Items[0].OwnerType: byte has 0 bytes"),
        (whole(line=[*LINE, (0x81, element(1, b"1" * 10))]), "Items[0].CommissionInfo.TIN: 10 char"),
        (whole(line=[*LINE, (0x81, b"\x01\x09")]), "Items[0].CommissionInfo: "),
        (whole(more=[(0x8E, element(1, b"1.0"))]), "Location.Latitude: tag 02 is missing"),
        (whole(more=[(0x8E, sequence([(1, b"1,0"), (2, b"1")]))]), "Location.Longitude: b'1,0' is no angle"),
        (whole(more=[(0x8E, sequence([(1, b"1" * 19), (2, b"1")]))]), "Location.Longitude: "),
        (whole(more=[(0x8F, b"")]), "ExtraInfo.CardType: tag 09 is missing"),
    ],
)  # fmt: skip
def test_decoder_names_the_field(data, text):
    with pytest.raises(CodecError) as caught:
        decode_full_receipt(data)
    assert text in str(caught.value)


def test_readers_take_18_characters_of_an_angle():
    location = [(1, b"69.279737000000000"), (2, b"-41.31")]
    assert decode_full_receipt(whole(more=[(0x8E, sequence(location))])).location == Location(
        -41.31, 69.279737
    )


@given(st.binary(max_size=200))
def test_garbage_never_crashes(data):
    for candidate in (data, element(0x8D, data), whole(more=[(0x8F, data)]), whole(line=[(0x81, data)])):
        try:
            read = decode_full_receipt(candidate)
        except CodecError:
            continue
        assert isinstance(read, Receipt)
