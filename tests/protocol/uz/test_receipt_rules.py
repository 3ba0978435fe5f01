"""The rules of uz-fiscal §8.7: every text letter for letter, every boundary from both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from reference.protocol.uz.errors import ReceiptError
from reference.protocol.uz.receipt import ExtraInfo, Item, Receipt, RefundInfo
from reference.protocol.uz.receipt_json import receipt_from_json
from reference.protocol.uz.receipt_rules import (
    LIMIT_DIFFERENCE,
    NO_SIGN,
    check_receipt,
    check_refund_info,
    needs_online_check,
)
from tests.protocol.uz.receipts import VECTORS

MAX = 9_999_999_999_999_999
ITEM = Item("Non", price=500000, amount=1000, vat=53571, vat_percent=12)
RECEIPT = Receipt(datetime(2026, 7, 1, 9, 0, 1), 500000, 0, 0, 0, (ITEM,))
REFUND = RefundInfo("ZZ000000000000", 22, datetime(2021, 11, 2, 14, 13, 7), "445705250315")


def with_item(**changes) -> Receipt:
    return replace(RECEIPT, items=(replace(ITEM, **changes),))


def refusal(receipt: Receipt) -> tuple[str, str, str]:
    with pytest.raises(ReceiptError) as caught:
        check_receipt(receipt)
    error = caught.value
    assert str(error) == error.text
    return error.text, error.clause.removeprefix("uz-fiscal "), error.field


def passes(receipt: Receipt) -> bool:
    """Whether the rules take it; another error than theirs is one of the test."""
    try:
        check_receipt(receipt)
    except ReceiptError:
        return False
    return True


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=lambda c: c["id"])
def test_vectors_pass(case):
    assert passes(receipt_from_json(case["receipt"]))


def test_limit():
    assert LIMIT_DIFFERENCE == 10000


def test_number_of_items():
    assert refusal(replace(RECEIPT, items=())) == ("receipt has no iteems", "RC-04", "Items")
    item = Item("Non", price=1)
    check_receipt(replace(RECEIPT, received_cash=32767, items=(item,) * 32767))
    assert refusal(replace(RECEIPT, received_cash=32768, items=(item,) * 32768)) == (
        "receipt has too many iteems", "RC-05", "Items",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["", "   ", "\t", "日本", "‘ʻ’"])
def test_blank_name(name):
    receipt = replace(RECEIPT, items=(ITEM, replace(ITEM, name=name)), received_cash=1000000)
    assert refusal(receipt) == ("field name is not found or empty", "RC-06", "Items[1].Name")


def test_discounts_within_the_price():
    check_receipt(replace(with_item(discount=200000, other=300000), received_cash=0))
    assert refusal(replace(with_item(discount=200000, other=300001), received_cash=0)) == (
        "item total discount 500001 shouldn't exceed item price 500000", "RC-07", "Items[0].Price",
    )  # fmt: skip
    assert refusal(with_item(discount=500001))[1] == "RC-07"


@pytest.mark.parametrize("difference", [-10000, -9999, 0, 9999, 10000])
def test_difference_that_passes(difference):
    assert passes(replace(RECEIPT, received_cash=500000 + difference))
    assert passes(replace(RECEIPT, received_cash=0, received_card=500000 + difference))


@pytest.mark.parametrize("difference", [-10001, 10001])
def test_difference_that_fails(difference):
    assert refusal(replace(RECEIPT, received_cash=500000 + difference)) == (
        f"difference 10001 between 500000 and {500000 + difference} is larger than 10000", "RC-08", "Items",
    )  # fmt: skip


def test_difference_counts_discount_and_other():
    check_receipt(replace(with_item(discount=100000, other=50000), received_cash=340000))
    assert refusal(replace(with_item(discount=100000, other=50000), received_cash=339999))[0] == (
        "difference 10001 between 350000 and 339999 is larger than 10000"
    )


def test_numbers_up_to_the_maximum_pass():
    assert passes(replace(with_item(price=MAX, units=MAX, amount=MAX, vat=MAX), received_cash=MAX))
    assert passes(
        replace(with_item(price=MAX, discount=MAX, vat_percent=99, owner_type=255), received_cash=0)
    )
    assert passes(replace(with_item(price=MAX, other=MAX, owner_type=0), received_cash=0))


@pytest.mark.parametrize(
    ("receipt", "text", "field"),
    [
        (
            replace(RECEIPT, received_cash=MAX + 1),
            f"receipt received cash value size {MAX + 1} shouldn't exceed {MAX}",
            "ReceivedCash",
        ),
        (
            replace(RECEIPT, received_card=MAX + 1),
            f"receipt received card value size {MAX + 1} shouldn't exceed {MAX}",
            "ReceivedCard",
        ),
        (
            replace(RECEIPT, items=(replace(ITEM, vat=MAX), replace(ITEM, vat=1)), received_cash=1000000),
            f"receipt total vat value size {MAX + 1} shouldn't exceed {MAX}",
            "Items",
        ),
        (
            with_item(vat_percent=100),
            "item vat percent value 100 shouldn't exceed 99",
            "Items[0].VATPercent",
        ),
        *(
            (
                with_item(**{name: MAX + 1}),
                f"item {name} value {MAX + 1} shouldn't exceed {MAX}",
                f"Items[0].{json}",
            )
            for name, json in [
                ("units", "Units"),
                ("price", "Price"),
                ("vat", "VAT"),
                ("amount", "Amount"),
                ("discount", "Discount"),
                ("other", "Other"),
            ]
        ),
    ],
)
def test_numbers_too_large(receipt, text, field):
    assert refusal(receipt) == (text, "RC-09", field)


@pytest.mark.parametrize(
    ("receipt", "text", "field"),
    [
        (replace(RECEIPT, type=3), "field Type is 3, not one of 0, 1, 2", "Type"),
        (replace(RECEIPT, type=-1), "field Type is -1, not one of 0, 1, 2", "Type"),
        (replace(RECEIPT, operation=2), "field Operation is 2, not one of 0, 1", "Operation"),
        (
            replace(RECEIPT, time=datetime(1998, 12, 31, 23, 59, 59)),
            "field Time 1998-12-31 23:59:59 is before the year 1999",
            "Time",
        ),
        (
            replace(RECEIPT, received_cash=-1),
            f"field ReceivedCash must be in range [0, {MAX}], is -1",
            "ReceivedCash",
        ),
        (with_item(vat=-5), f"field Items[0].VAT must be in range [0, {MAX}], is -5", "Items[0].VAT"),
        (
            with_item(owner_type=256),
            "field Items[0].OwnerType must be in range [0, 255], is 256",
            "Items[0].OwnerType",
        ),
        (
            replace(RECEIPT, extra=ExtraInfo(qr_payment_provider=65536)),
            "field ExtraInfo.QRPaymentProvider must be in range [0, 65535], is 65536",
            "ExtraInfo.QRPaymentProvider",
        ),
        (
            replace(RECEIPT, extra=ExtraInfo(cashed_out_from_card=MAX + 1)),
            f"field ExtraInfo.CashedOutFromCard must be in range [0, {MAX}], is {MAX + 1}",
            "ExtraInfo.CashedOutFromCard",
        ),
        (
            replace(RECEIPT, extra=ExtraInfo(card_type=-1)),
            "field ExtraInfo.CardType must be in range [0, 255], is -1",
            "ExtraInfo.CardType",
        ),
    ],
)
def test_impossible_values(receipt, text, field):
    assert refusal(receipt) == (text, "RC-12", field)


@pytest.mark.parametrize("operation", [0, 1])
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"terminal_id": ""}, "TerminalID"),
        ({"terminal_id": "zz000000000000"}, "TerminalID"),
        ({"terminal_id": "ZZ00000000000"}, "TerminalID"),
        ({"receipt_seq": 0}, "ReceiptSeq"),
        ({"receipt_seq": -1}, "ReceiptSeq"),
        ({"receipt_seq": MAX + 1}, "ReceiptSeq"),
        ({"time": datetime(1998, 1, 1)}, "DateTime"),
        ({"fiscal_sign": ""}, "FiscalSign"),
        ({"fiscal_sign": "44570525031"}, "FiscalSign"),
        ({"fiscal_sign": "44570525031x"}, "FiscalSign"),
        ({"fiscal_sign": "٤٤٥٧٠٥٢٥٠٣١٥"}, "FiscalSign"),
    ],
)
def test_bad_refund_info(operation, changes, name):
    """RC-10, and RC-14 on a sale."""
    receipt = replace(RECEIPT, operation=operation, refund=replace(REFUND, **changes))
    assert refusal(receipt) == (f"Bad RefundInfo {name} value", "RC-10", f"RefundInfo.{name}")


def test_refund_needs_refund_info():
    assert refusal(replace(RECEIPT, operation=1)) == ("RefundInfo is undefined", "RC-10", "RefundInfo")
    check_receipt(replace(RECEIPT, operation=1, refund=REFUND))
    check_receipt(replace(RECEIPT, refund=REFUND))
    check_refund_info(replace(REFUND, receipt_seq=MAX))


@pytest.mark.parametrize(
    ("type", "operation", "needed"),
    [(0, 0, False), (0, 1, True), (1, 0, False), (1, 1, False), (2, 0, False), (2, 1, False)],
)
def test_online_check(type, operation, needed):
    """RC-11, RC-14: refunds of purchases only; an advance or credit names twelve zeros for a sign."""
    receipt = replace(RECEIPT, type=type, operation=operation, refund=replace(REFUND, fiscal_sign=NO_SIGN))
    check_receipt(receipt)
    assert needs_online_check(receipt) is needed


def test_the_first_rule_broken_is_reported():
    bad = replace(with_item(name="", price=1), received_cash=MAX + 1, operation=1)
    assert refusal(bad)[1] == "RC-09"
    assert refusal(replace(bad, received_cash=0))[1] == "RC-06"
    assert refusal(replace(with_item(price=1), received_cash=90000, operation=1))[1] == "RC-08"
