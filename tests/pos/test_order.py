"""Orders and what becomes of them as receipts: uz-fiscal §2.1, §4.4, UZ-POS-06."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.pos.company import Company, read_company
from reference.pos.errors import OrderError
from reference.pos.order import Line, Order, Payment, check_order, read_day, read_order
from reference.pos.receipt_body import receipt_body
from reference.protocol.uz.receipt_json import receipt_from_json
from reference.protocol.uz.receipt_rules import check_receipt
from tests.pos.conftest import bread

POS = Path("reference/pos")
TODAY = date(2026, 7, 1)
AT = datetime(2026, 7, 1, 9)


def test_line_sums() -> None:
    """§2.1: Price is the line total before discount"""
    assert Line(name="Non", price=100_000, amount=3000).total == 300_000
    assert Line(name="Pishiriq", price=9_600_000, amount=745).total == 7_152_000
    assert Line(name="Non", price=1, amount=500).total == 1
    line = Line(name="Osh", price=19_000, vat_percent=12)
    assert (line.net, line.vat) == (19_000, 2036)
    assert Line(name="Osh", price=60_000, discount=10_000, vat_percent=12).vat == 5357
    assert Line(name="Osh", price=60_000, vat_percent=0).vat == 0


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(0, 99))
def test_vat_is_the_nearest_tiyin(price: int, amount: int, percent: int) -> None:
    line = Line(name="x", price=price, amount=amount, vat_percent=percent)
    assert abs(line.vat * (100 + percent) - line.net * percent) * 2 <= 100 + percent


def test_a_body_the_service_takes() -> None:
    order = bread("1", lines=(bread("x").lines[0].model_copy(update={"owner_type": 1, "barcode": "478"}),))
    body = receipt_body(order, AT)
    assert body["Items"][0]["OwnerType"] == 1
    check_receipt(receipt_from_json(body))


@pytest.mark.parametrize("name", ["sample-order.json"])
def test_the_sample_order(name: str) -> None:
    order = read_order(json.loads((POS / name).read_text(encoding="utf-8")))
    check_order(order, TODAY)
    body = receipt_body(order, AT)
    assert sum(item["VAT"] for item in body["Items"]) == 10_714, "the guide's VAT total"


def test_the_sample_receipt() -> None:
    body = json.loads((POS / "sample-receipt.json").read_text(encoding="utf-8"))
    check_receipt(receipt_from_json(body))
    assert (body["ReceivedCash"], body["ReceivedCard"]) == (50_000, 50_000)
    assert sum(item["VAT"] for item in body["Items"]) == 10_714


def test_the_days_orders() -> None:
    """A café's day: about 60 orders with MXIK, package codes, VAT 12 %, all kinds of payment, one refund."""
    day = read_day(json.loads((POS / "cafe-day.json").read_text(encoding="utf-8")))
    assert 55 <= len(day.orders) <= 65
    assert [order.at for order in day.orders] == sorted(order.at for order in day.orders)
    assert sum(bool(order.refund_order) for order in day.orders) == 1
    kinds = {(order.payment.cash > 0, order.payment.card > 0) for order in day.orders}
    assert kinds == {(True, False), (False, True), (True, True)}
    for order in day.orders:
        check_order(order, TODAY)
        check_receipt(receipt_from_json(receipt_body(order, AT)))
        assert all(
            len(line.mxik) == 17 and line.package_code and line.vat_percent == 12 for line in order.lines
        )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "1", "lines": [], "payment": {}}, "lines"),
        ({"id": "1", "lines": [{"name": "x", "price": 1, "mxik": "123"}], "payment": {}}, "lines.0.mxik"),
        ({"id": "1", "lines": [{"name": "x", "price": -1}], "payment": {}}, "lines.0.price"),
        ({"id": "1", "lines": [{"name": "x", "price": 1}], "payment": {"coins": 1}}, "payment.coins"),
        ([], "order"),
    ],
)
def test_orders_that_are_none(values: object, field: str) -> None:
    with pytest.raises(OrderError) as refused:
        read_order(values)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"discount": 500_001}, "lines[0].discount"),
        ({"best_before": date(2026, 6, 30)}, "lines[0].best_before"),
    ],
)
def test_what_a_shop_must_not_sell(line: dict[str, object], field: str) -> None:
    """UZ-POS-06"""
    order = bread("1", lines=(bread("x").lines[0].model_copy(update=line),))
    with pytest.raises(OrderError) as refused:
        check_order(order, TODAY)
    assert refused.value.field == field


def test_a_marking_code_stands_once() -> None:
    """UZ-POS-06"""
    marked = bread("x").lines[0].model_copy(update={"label": "0104780000000001"})
    fresh = marked.model_copy(update={"best_before": TODAY, "label": "0104780000000002"})
    check_order(bread("1", lines=(marked, fresh), payment=Payment(cash=1_000_000)), TODAY)
    with pytest.raises(OrderError, match=r"stands on the receipt already"):
        check_order(bread("1", lines=(marked, marked), payment=Payment(cash=1_000_000)), TODAY)


@pytest.mark.parametrize(
    ("cash", "fits"), [(490_000, True), (510_000, True), (489_999, False), (510_001, False)]
)
def test_rounding_at_the_counter(cash: int, fits: bool) -> None:
    order = bread("1", payment=Payment(cash=cash))
    if fits:
        check_order(order, TODAY)
        return
    with pytest.raises(OrderError, match=r"payment"):
        check_order(order, TODAY)


def test_company_data(tmp_path: Path) -> None:
    """UZ-POS-02"""
    assert read_company(None) == Company()
    path = tmp_path / "company.json"
    path.write_text('{"name": "Do\'kon", "stir": "987654321", "paper": 58}', encoding="utf-8")
    assert read_company(path).paper == 58
    for text in ("{", '{"stir": "1"}', '{"paper": 60}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(OrderError, match=r"settings"):
            read_company(path)
    with pytest.raises(OrderError):
        read_company(tmp_path / "none.json")


def test_orders_are_values() -> None:
    order = bread("1")
    assert Order.model_validate(order.model_dump(mode="json")) == order
