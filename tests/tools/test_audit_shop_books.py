"""What `kassalab audit` takes for paid and for on its way in a shop's books."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tools.audit.shop import audit_shop, on_the_way
from tools.audit.shop_books import Books, Shop, Slip, Sold, _paid

ORDER = "20260701-00001"
SLIP = Slip("ZZ000000000001", 1, "2026-07-01 10:00:00", "320262508540", False, 100, 0, ORDER)
UNNOTED = Sold(100, False, None, "", "", False, 100, 0)


def payment(kind: str, amount: int, state: str) -> dict[str, Any]:
    return {"order_id": ORDER, "kind": kind, "amount": amount, "state": state}


def shop(waiting: list[str]) -> Shop:
    """A till that has an answer which the shop has not noted."""
    key = SLIP.terminal, SLIP.number
    stored = {key: replace(SLIP, order="")}
    return Shop((Books({key: SLIP}, waiting, {ORDER: UNNOTED}, stored, [], {}, None),), 0, 0)


def test_money_given_back_after_a_try_that_failed_was_not_paid() -> None:
    """The application refused its part, so the cash went back; then all was paid in cash."""
    rows = [payment("cash", 40, "returned"), payment("app", 60, "failed"), payment("cash", 100, "confirmed")]
    assert _paid(iter(rows)) == {ORDER: (100, 0)}


def test_what_a_refund_gives_back_counts() -> None:
    rows = [payment("cash", -40, "returned"), payment("card", -60, "returned")]
    assert _paid(iter(rows)) == {ORDER: (40, 60)}


def test_an_answer_that_the_shop_has_not_noted_is_on_its_way() -> None:
    """Of an order that waits; of another it is a difference."""
    assert list(audit_shop(shop([ORDER]))) == []
    assert on_the_way(shop([ORDER])) == ["1 orders wait for their receipt"]
    assert {one.check for one in audit_shop(shop([]))} == {"till"}
