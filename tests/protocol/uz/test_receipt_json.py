"""JSON receipts: the vectors, tolerance as in Go, refusals that name the field, round trips."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz.errors import ReceiptError
from reference.protocol.uz.receipt import CommissionInfo, ExtraInfo, Item, Location, Receipt, RefundInfo
from reference.protocol.uz.receipt_json import receipt_from_json, receipt_to_json
from tests.protocol.uz.receipts import RECEIPTS, VECTORS

BASE = {
    "Time": "2026-07-01 09:00:01",
    "ReceivedCash": 500000,
    "ReceivedCard": 0,
    "Type": 0,
    "Operation": 0,
    "Items": [{"Name": "Non", "Price": 500000, "Amount": 1000}],
}
REFUND = {
    "TerminalID": "ZZ000000000000",
    "ReceiptSeq": 22,
    "DateTime": "20211102141307",
    "FiscalSign": "445705250315",
}


def changed(path: str, value: object) -> dict:
    obj = copy.deepcopy(BASE)
    *parents, last = re.findall(r"\w+", path)
    place = obj
    for name in parents:
        place = place[int(name)] if name.isdigit() else place.setdefault(name, {})
    place[last] = value
    return obj


def refusal(obj: object) -> tuple[str, str]:
    with pytest.raises(ReceiptError) as caught:
        receipt_from_json(obj)
    assert caught.value.clause.startswith("uz-fiscal ")
    return caught.value.field, str(caught.value)


def test_only_what_real_clients_send():
    """HB-13: name, amount and price; the rest is zero."""
    assert receipt_from_json(BASE) == Receipt(
        datetime(2026, 7, 1, 9, 0, 1), 500000, 0, 0, 0, (Item("Non", price=500000, amount=1000),)
    )
    assert receipt_from_json({"Time": "2026-07-01 09:00:01"}).items == ()


def test_everything():
    obj = BASE | {
        "Items": [
            {
                "Name": "N", "Barcode": "1", "Label": "2", "SPIC": "3", "Units": 4, "PackageCode": "5",
                "OwnerType": 0, "Amount": 6, "Price": 7, "Discount": 8, "Other": 9, "VAT": 10,
                "VATPercent": 12, "CommissionInfo": {"TIN": "11", "PINFL": "12"},
            }
        ],
        "Location": {"Latitude": 41, "Longitude": 69.25},
        "ExtraInfo": {
            "TIN": "1", "PINFL": "2", "CarNumber": "3", "PhoneNumber": "4", "QRPaymentID": "5",
            "QRPaymentProvider": 6, "CashedOutFromCard": 7, "PPTID": "8", "CardType": 9, "CardNumber": "10",
            "Other": "11",
        },
        "RefundInfo": REFUND,
    }  # fmt: skip
    receipt = receipt_from_json(obj)
    assert receipt.items == (
        Item("N", "1", "2", "3", 4, "5", 0, 6, 7, 8, 9, 10, 12, CommissionInfo("11", "12")),
    )
    assert receipt.location == Location(41.0, 69.25)
    assert receipt.extra == ExtraInfo("1", "2", "3", "4", "5", 6, 7, "8", 9, "10", "11")
    assert receipt.refund == RefundInfo(
        "ZZ000000000000", 22, datetime(2021, 11, 2, 14, 13, 7), "445705250315"
    )
    assert receipt_to_json(receipt) == obj


def test_names_in_any_case_last_one_wins_unknown_ignored_null_is_zero():
    obj = {
        "tIME": "2026-07-01 09:00:01",
        "RECEIVEDCASH": 1,
        "receivedcash": 2,
        "receivedCard": None,
        "PaymentType": {"any": "thing"},
        "items": [{"NAME": "Non", "commissioninfo": {"tin": "5"}, "Spic": None, "ownertype": None}],
        "LOCATION": None,
        "refundInfo": None,
        "extrainfo": {},
    }
    assert receipt_from_json(obj) == Receipt(
        datetime(2026, 7, 1, 9, 0, 1), 2, 0, 0, 0,
        (Item("Non", commission=CommissionInfo("5", "")),), extra=ExtraInfo(),
    )  # fmt: skip


@given(RECEIPTS)
def test_round_trip(receipt):
    text = json.dumps(receipt_to_json(receipt), ensure_ascii=False)
    assert receipt_from_json(json.loads(text)) == receipt


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=lambda c: c["id"])
def test_vectors_come_back_in_the_documented_spelling(case):
    assert receipt_to_json(receipt_from_json(case["receipt"])) == case["receipt"]


@pytest.mark.parametrize(
    "path",
    [
        "ReceivedCash", "ReceivedCard", "Type", "Operation", "Items[0].Units", "Items[0].Amount",
        "Items[0].Price", "Items[0].Discount", "Items[0].Other", "Items[0].VAT", "Items[0].VATPercent",
        "Items[0].OwnerType", "ExtraInfo.QRPaymentProvider", "ExtraInfo.CashedOutFromCard",
        "ExtraInfo.CardType",
    ],
)  # fmt: skip
def test_integers(path):
    for value, why in [
        (1.0, "must be an integer, not 1.0"),
        (True, "must be an integer, not True"),
        ("5", "must be an integer, not '5'"),
        ([], "must be an integer, not []"),
        (-1, "must not be negative, is -1"),
    ]:
        assert refusal(changed(path, value)) == (path, f"field {path} {why}")


@pytest.mark.parametrize(
    "path",
    ["Time", "Items[0].Name", "Items[0].SPIC", "Items[0].Label", "ExtraInfo.PINFL",
     "Items[0].CommissionInfo.TIN"],
)  # fmt: skip
@pytest.mark.parametrize("value", [5, False, {}, ["x"]])
def test_texts(path, value):
    assert refusal(changed(path, value)) == (path, f"field {path} must be a text, not {value!r}")


@pytest.mark.parametrize(
    "path", ["Items[0]", "Location", "ExtraInfo", "RefundInfo", "Items[0].CommissionInfo"]
)
@pytest.mark.parametrize("value", [5, "x", []])
def test_objects(path, value):
    obj = BASE | {"Items": [value]} if path == "Items[0]" else changed(path, value)
    assert refusal(obj) == (path, f"field {path} must be an object, not {value!r}")


@pytest.mark.parametrize("value", ["x", 5, {}])
def test_arrays(value):
    assert refusal(changed("Items", value)) == ("Items", f"field Items must be an array, not {value!r}")
    assert refusal(changed("Items[0].Labels", value))[0] == "Items[0].Labels"


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_the_receipt_itself_is_an_object(value):
    shown = "null" if value is None else repr(value)
    assert refusal(value) == ("Receipt", f"field Receipt must be an object, not {shown}")


def test_null_is_no_item():
    assert refusal(BASE | {"Items": [None]}) == ("Items[0]", "field Items[0] must be an object, not null")


@pytest.mark.parametrize("value", ["41.3", True, float("nan"), float("inf"), 10**400])
def test_angles(value):
    field, text = refusal(changed("Location.Latitude", value))
    assert field == "Location.Latitude"
    assert text.startswith("field Location.Latitude must be a ")
    assert len(text) < 200


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026-07-01T09:00:01", 'cannot parse "T09:00:01" as " "'),
        ("", 'cannot parse "" as "2006"'),
        ("2026-02-30 09:00:01", "day out of range"),
        ("2026-13-01 09:00:01", "month out of range"),
        ("2026-07-01 24:00:01", "hour out of range"),
        ("2026-07-01 09:00:01Z", 'extra text: "Z"'),
    ],
)
def test_times(time, text):
    """TM-02, and the impossible dates of RC-12."""
    field, told = refusal(changed("Time", time))
    assert field == "Time"
    assert text in told


def test_missing_time():
    assert refusal({})[0] == "Time"


# --- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "label"),
    [
        ({"Labels": ["a"]}, "a"),
        ({"labels": ["a"], "Label": None}, "a"),
        ({"Labels": []}, ""),
        ({"Labels": None}, ""),
        ({"Labels": ["a"], "Label": "b"}, "b"),
        ({"Labels": ["a", "c"], "Label": "b"}, "b"),
        ({"Labels": ["a"], "Label": ""}, ""),
    ],
)
def test_one_label(members, label):
    receipt = receipt_from_json(BASE | {"Items": [{"Name": "Suv"} | members]})
    assert receipt.items[0].label == label


def test_two_labels():
    assert refusal(changed("Items[0].Labels", ["a", "b"])) == (
        "Items[0].Labels",
        "field Items[0].Labels must have one entry, not 2: an item carries one label",
    )
    assert refusal(changed("Items[0].Labels", [5]))[0] == "Items[0].Labels[0]"


# --- RefundInfo ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [22, "22", "0022"])
def test_receipt_seq_as_number_or_text(seq):
    receipt = receipt_from_json(BASE | {"RefundInfo": REFUND | {"ReceiptSeq": seq}})
    assert receipt.refund is not None
    assert receipt.refund.receipt_seq == 22


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TerminalID", None),
        ("TerminalID", "ZZ0"),
        ("TerminalID", 5),
        ("ReceiptSeq", None),
        ("ReceiptSeq", 0),
        ("ReceiptSeq", -1),
        ("ReceiptSeq", 22.0),
        ("ReceiptSeq", True),
        ("ReceiptSeq", ""),
        ("ReceiptSeq", " 22"),
        ("ReceiptSeq", "-22"),
        ("ReceiptSeq", "٢٢"),
        ("ReceiptSeq", "9" * 5000),
        ("DateTime", None),
        ("DateTime", "2021-11-02 14:13:07"),
        ("DateTime", "20211131141307"),
        ("DateTime", 20211102141307),
        ("FiscalSign", None),
        ("FiscalSign", "44570525031"),
        ("FiscalSign", 445705250315),
    ],
)
@pytest.mark.parametrize("operation", [0, 1])
def test_bad_refund_info(name, value, operation):
    """RC-10, RC-14; HB-12: dashes in DateTime are refused, on sales too."""
    obj = BASE | {"Operation": operation, "RefundInfo": REFUND | {name: value}}
    assert refusal(obj) == (f"RefundInfo.{name}", f"Bad RefundInfo {name} value")


def test_the_first_bad_refund_field_is_reported():
    assert refusal(BASE | {"RefundInfo": {}})[0] == "RefundInfo.TerminalID"
    assert refusal(BASE | {"RefundInfo": {"TerminalID": "ZZ000000000000"}})[0] == "RefundInfo.ReceiptSeq"


# --- texts that are no crash (HB-12) ---------------------------------------------------------------


def test_odd_texts_pass():
    receipt = receipt_from_json(
        BASE | {"ExtraInfo": {"CarNumber": "А123ВС", "PhoneNumber": "+998901234567", "PINFL": "123456789012"}}
    )
    assert receipt.extra == ExtraInfo(pinfl="123456789012", car_number="А123ВС", phone_number="+998901234567")


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    receipt = receipt_from_json(json.loads('{"Time":"2026-07-01 09:00:01","Items":[{"Label":"a\\ud800b"}]}'))
    assert receipt.items[0].label == "a\ufffdb"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
PATHS = ["Time", "Items", "Items[0].Name", "Items[0].VAT", "Items[0].Labels", "Items[0].CommissionInfo",
         "Location", "Location.Latitude", "ExtraInfo", "RefundInfo", "RefundInfo.ReceiptSeq"]  # fmt: skip


@given(st.sampled_from(PATHS), JSON)
def test_any_json_is_a_receipt_or_a_receipt_error(path, value):
    field = "none"
    try:
        receipt_from_json(changed(path, value))
    except ReceiptError as error:
        field = error.field
    assert field
