"""Bodies of the keys: what is taken, and how a fault is told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.kkm.orders import KEY_BODIES, OrderError, read_order, thousandths
from reference.kkm.values import (
    CASHIER,
    KEYS,
    AddressOrder,
    ItemOrder,
    MoneyOrder,
    NoOrder,
    TicketOrder,
    TokenOrder,
    VatOn,
    ZOrder,
)
from reference.protocol.kz.tickets import Operator, ParentTicket, Payment


def read(key: str, body: Any) -> Any:
    return read_order(key, json.dumps(body).encode())


def fault(key: str, body: Any) -> tuple[str, str, str]:
    with pytest.raises(OrderError) as caught:
        read_order(key, body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value.field, caught.value.rule, str(caught.value)


def test_there_is_a_body_for_every_key_and_no_other() -> None:
    assert set(KEY_BODIES) == set(KEYS)


def test_the_simplest_sale() -> None:
    assert read("sell", {"items": [{"name": "Нан", "price": 18000}]}) == TicketOrder(
        items=(ItemOrder("Нан", 18000),)
    )


def test_a_sale_with_everything() -> None:
    body = {
        "items": [
            {
                "name": "Шай",
                "code": 7,
                "section": 2,
                "price": 35000,
                "quantity": "2.5",
                "unit": "166",
                "vat": 12,
                "discount": 100,
                "storno": True,
                "barcode": "4870001",
                "excise_stamps": ["A1"],
                "commodity_type": 2,
            }
        ],
        "payments": [{"type": "cash", "sum": 50000}, {"type": "mobile", "sum": 37400}],
        "taken": 60000,
        "markup": 5,
        "vat_on": "ticket",
        "customer_iin": "990140000017",
        "parent": {
            "number": 123456789,
            "time": "2026-07-01T09:00",
            "total": 5,
            "rnm": "600",
            "offline": True,
        },
        "operator": {"code": 3, "name": "Айгүл"},
    }
    order = read("sell-return", body)
    assert order == TicketOrder(
        items=(
            ItemOrder(
                "Шай",
                35000,
                2500,
                code=7,
                section="2",
                unit="166",
                vat=12000,
                discount=100,
                storno=True,
                barcode="4870001",
                excise_stamps=("A1",),
                commodity_type=2,
            ),
        ),
        payments=(Payment(0, 50000), Payment(4, 37400)),
        taken=60000,
        markup=5,
        vat_on=VatOn.TICKET,
        customer_iin="990140000017",
        parent=ParentTicket("123456789", datetime(2026, 7, 1, 9, 0), "600", 5, True),
        operator=Operator(3, "Айгүл"),
    )


@pytest.mark.parametrize(
    ("key", "body", "order"),
    [
        ("deposit", {"sum": 1}, MoneyOrder(1, CASHIER)),
        ("z", {"withdraw": True}, ZOrder(True)),
        ("z", {}, ZOrder()),
        ("token", {"token": 2**32 - 1}, TokenOrder(2**32 - 1)),
        ("address", {"server": "127.0.0.1:1"}, AddressOrder("127.0.0.1:1")),
        ("pulse", {}, NoOrder()),
    ],
)
def test_the_other_keys(key: str, body: Any, order: Any) -> None:
    assert read(key, body) == order


def test_no_body_is_an_empty_object() -> None:
    assert read_order("x", b"") == NoOrder()


@pytest.mark.parametrize(
    ("key", "body", "expected"),
    [
        ("sell", {}, ("items", "missing", "items: is missing")),
        ("sell", {"itms": []}, ("items", "missing", "items: is missing")),
        (
            "sell",
            {"items": [], "taxes": 1},
            ("taxes", "extra-forbidden", "taxes: is not known here"),
        ),
        (
            "sell",
            {"items": [{"name": "a", "price": 1.5}]},
            ("items.0.price", "int-type", "items.0.price: must be a whole number"),
        ),
        (
            "sell",
            {"items": [{"name": "a", "price": 1, "quantity": "1,5"}]},
            (
                "items.0.quantity",
                "string-pattern-mismatch",
                'items.0.quantity: must be a decimal text with at most three places, such as "1.500"',
            ),
        ),
        (
            "sell",
            {"items": [{"name": "a", "price": 1, "quantity": 2}]},
            ("items.0.quantity", "string-type", "items.0.quantity: must be a text"),
        ),
        *(
            (
                "sell",
                {"items": [{"name": "a", "price": 1, "unit": unit}]},
                (
                    "items.0.unit",
                    "string-pattern-mismatch",
                    'items.0.unit: must be three or four digits, such as "796"',
                ),
            )
            for unit in ("кг", "", 6, "79600", "٧٩٦")
        ),
        (
            "sell",
            {"items": [], "customer_iin": "99"},
            ("customer_iin", "string-pattern-mismatch", "customer_iin: must be 12 digits"),
        ),
        (
            "token",
            {"token": 0},
            ("token", "greater-than-equal", "token: input should be greater than or equal to 1"),
        ),
        ("z", {"withdraw": "yes"}, ("withdraw", "bool-type", "withdraw: must be true or false")),
    ],
)
def test_a_fault_names_field_rule_and_says_so(key: str, body: Any, expected: tuple[str, str, str]) -> None:
    assert fault(key, body) == expected


def test_a_vat_that_the_country_never_had_is_refused() -> None:
    field, rule, text = fault("sell", {"items": [{"name": "a", "price": 1, "vat": 13}]})
    assert (field, rule) == ("items.0.vat", "literal-error")
    assert "12" in text


def test_a_parent_of_no_date_is_refused() -> None:
    body = {"items": [], "parent": {"number": "1", "time": "2026-02-30T09:00:00", "total": 1}}
    assert fault("sell-return", body)[:2] == ("parent.time", "time")


def test_what_is_no_json_is_refused() -> None:
    assert fault("sell", b"{")[:2] == ("", "json-invalid")
    assert fault("sell", b"[]")[0] == ""


@given(st.integers(0, 10**15 - 1))
def test_quantities_go_there_and_back(amount: int) -> None:
    whole, rest = divmod(amount, 1000)
    assert thousandths(f"{whole}.{rest:03d}") == amount
    assert thousandths(f"{whole}.{rest:03d}".rstrip("0").rstrip(".") or "0") == amount


@given(st.sampled_from(sorted(KEY_BODIES)), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_comes_is_an_order_or_a_fault(key: str, body: bytes) -> None:
    order: object = None
    told = ""
    try:
        order = read_order(key, body)
    except OrderError as error:
        told = f"{error.rule} {error}"
    assert isinstance(order, KEYS[key]) or len(told) > 3
