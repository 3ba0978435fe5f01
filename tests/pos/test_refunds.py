"""Refunds from a stored sale: UZ-POS-03."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.pos.errors import OrderError, OverRefundError
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import Sale
from reference.pos.refunds import left_of, refund_order
from reference.protocol.uz.values import parse_compact_time
from tests.pos.conftest import bread

ANSWER = {
    "TerminalID": "ZZ000000000000",
    "ReceiptSeq": 7,
    "DateTime": "2026-07-01 09:00:00",
    "FiscalSign": "0" * 11 + "9",
}


def sold(order: Order) -> Sale:
    return Sale(order, answer=ANSWER)


def test_the_whole_sale() -> None:
    order = refund_order(sold(bread("1")), [], "1-R")
    assert order.refund_of is not None
    assert (order.refund_of.terminal_id, order.refund_of.receipt_seq) == ("ZZ000000000000", 7)
    assert order.refund_of.fiscal_sign == "000000000009"
    assert parse_compact_time(order.refund_of.date_time).hour == 9
    assert (order.total, order.payment.cash, order.operation) == (500_000, 500_000, "refund")


def test_more_than_was_sold_is_refused() -> None:
    sale = sold(bread("1"))
    with pytest.raises(OverRefundError, match=r"1001 asked for, 1000 thousandths are left"):
        refund_order(sale, [], "R", {0: 1001})
    first = Sale(refund_order(sale, [], "R1", {0: 600}))
    assert left_of(sale, [first]) == {0: 400}
    with pytest.raises(OverRefundError):
        refund_order(sale, [first], "R2", {0: 401})
    second = Sale(refund_order(sale, [first], "R2", {0: 400}))
    with pytest.raises(OverRefundError, match=r"nothing is left"):
        refund_order(sale, [first, second], "R3")
    with pytest.raises(OverRefundError):
        refund_order(sale, [], "R", {0: 0})


def test_what_cannot_be_refunded() -> None:
    with pytest.raises(OrderError, match=r"no registered sale"):
        refund_order(Sale(bread("1")), [], "R")
    refund = refund_order(sold(bread("1")), [], "R")
    with pytest.raises(OrderError, match=r"no registered sale"):
        refund_order(sold(refund), [], "RR")
    with pytest.raises(OrderError, match=r"has no line 3"):
        refund_order(sold(bread("1")), [], "R", {2: 1})


def test_advances_are_given_back_without_a_sign() -> None:
    """RC-11"""
    sale = Sale(bread("1", type=1), answer=ANSWER | {"FiscalSign": ""})
    order = refund_order(sale, [], "R")
    assert order.refund_of is not None
    assert (order.type, order.refund_of.fiscal_sign) == (1, "0" * 12)


def test_cash_first_then_card_and_never_more_than_came_in() -> None:
    """FM-R-08, HB-17"""
    sale = sold(bread("1", payment=Payment(cash=200_000, card=300_000, app="Payme")))
    first = Sale(refund_order(sale, [], "R1", {0: 500}))
    assert first.order.payment == Payment(cash=200_000, card=50_000, app="Payme")
    second = refund_order(sale, [first], "R2")
    assert second.payment == Payment(cash=0, card=250_000, app="Payme")
    rounded = sold(bread("1", 123_456, payment=Payment(cash=123_000)))
    assert refund_order(rounded, [], "R").payment == Payment(cash=123_000)


@given(
    st.integers(1, 10**7),
    st.integers(1, 5000),
    st.integers(0, 100),
    st.lists(st.integers(1, 3000), max_size=6),
)
def test_parts_together_are_the_whole(price: int, amount: int, discount: int, parts: list[int]) -> None:
    line = Line(name="x", price=price, amount=amount)
    line = line.model_copy(update={"discount": line.total * discount // 100})
    sale = sold(Order(id="1", lines=(line,), payment=Payment(cash=line.net)))
    refunds: list[Sale] = []
    for number, part in enumerate(parts):
        left = left_of(sale, refunds)[0]
        if part > left:
            with pytest.raises(OverRefundError):
                refund_order(sale, refunds, f"R{number}", {0: part})
            continue
        refunds.append(Sale(refund_order(sale, refunds, f"R{number}", {0: part})))
    if left_of(sale, refunds)[0]:
        refunds.append(Sale(refund_order(sale, refunds, "last")))
    assert sum(one.order.total for one in refunds) == line.net
    assert sum(one.order.lines[0].vat for one in refunds) == line.vat
    assert sum(one.order.payment.cash for one in refunds) == line.net
