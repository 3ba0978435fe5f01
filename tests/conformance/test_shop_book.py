"""The judge's own book of a shop: what it adds up is what the clauses say, by examples reckoned by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.models.shop_book import Period, ShopBook, fits_percent
from conformance.suites.uz.backoffice.dashboard import _staff

DAY = Period(date(2026, 11, 2), date(2026, 11, 2))


def order(**changes: Any) -> dict[str, Any]:
    made = {
        "state": "completed",
        "closed": "2026-11-01T19:00:00.000+00:00",
        "employee": 1,
        "total": 1_100,
        "surcharge": 100,
        "spent": 600,
        "refund_of": None,
        "lines": [{"product": 1, "amount": 2000, "sum": 1_000}],
    }
    return made | changes


def test_midnight_is_tashkents() -> None:
    book = ShopBook()
    book.take(1, "order", "a", order())
    book.take(1, "order", "b", order(closed="2026-11-01T18:59:59.999+00:00"))
    assert book.figures(DAY)["orders"] == 1
    assert book.hours(DAY)[0] == 1
    assert book.hours(DAY.before)[23] == 1


def test_a_refund_counts_below_zero_and_is_no_order() -> None:
    book = ShopBook()
    book.take(1, "order", "a", order())
    book.take(1, "order", "b", order(refund_of="a", total=550, surcharge=50, spent=300))
    assert book.figures(DAY) == {"revenue": 550, "product_profit": 200, "surcharge": 50, "orders": 1}
    assert book.served() == {(1, "1"): (1, 550)}
    assert book.sold() == {(1, "1"): (0, 0)}


def test_the_last_word_counts_and_branches_are_apart() -> None:
    book = ShopBook()
    book.take(1, "order", "a", order())
    book.take(2, "order", "a", order(total=5))
    book.take(1, "order", "a", order(state="cancelled"))
    assert (book.figures(DAY, 1)["revenue"], book.figures(DAY, 2)["revenue"]) == (0, 5)


def test_who_works_at_several_tills_is_one_person() -> None:
    book = ShopBook()
    bek = {"first_name": "Bek", "last_name": "Aliyev", "role": "waiter"}
    for branch, key, person in ((1, "1", bek), (2, "7", bek), (2, "1", bek | {"role": "cashier"})):
        book.take(branch, "employee", key, person)
        book.take(branch, "order", f"{branch}-{key}", order(employee=int(key)))
    book.take(1, "order", "nobody's", order(employee=9))
    assert book.people(DAY) == {("Bek Aliyev", "waiter"): (2, 2_200), ("Bek Aliyev", "cashier"): (1, 1_100)}
    assert book.people(DAY, 1) == {("Bek Aliyev", "waiter"): (1, 1_100)}


@pytest.mark.parametrize(
    ("rows", "fair"),
    [
        ([("Bek Aliyev", 2, 2_200)], True),
        ([("Bek Aliyev", 1, 1_100), ("Bek Aliyev", 1, 1_100)], True),
        ([("Bek Aliyev", 1, 1_100)], False),
        ([("Bek Aliyev", 1, 2_200), ("Bek Aliyev", 1, 1_100)], False),
    ],
    ids=("one row", "a row for each till", "one till alone", "too much"),
)
def test_a_portal_may_tell_the_tills_of_a_person_apart_or_not(
    rows: list[tuple[str, int, int]], fair: bool
) -> None:
    book = ShopBook()
    for branch in (1, 2):
        book.take(branch, "employee", "1", {"first_name": "Bek", "last_name": "Aliyev", "role": "waiter"})
        book.take(branch, "order", "a", order())
    checks: list[bool] = []
    ctx: Any = SimpleNamespace(check=lambda wanted, seen, *_, **__: checks.append(wanted == seen))
    told = [{"name": name, "role": "waiter", "orders": count, "revenue": sum_} for name, count, sum_ in rows]
    _staff(ctx, SimpleNamespace(book=book), {"figures": {"staff": told}}, DAY)
    assert all(checks) is fair


def test_the_period_before_is_as_long() -> None:
    period = Period(date(2026, 3, 1), date(2026, 3, 7))
    assert period.before == Period(date(2026, 2, 22), date(2026, 2, 28))
    assert period.before.query() == {"first": "2026-02-22", "last": "2026-02-28"}


@pytest.mark.parametrize(
    ("shown", "now", "before", "fits"),
    [
        (50, 150, 100, True),
        (49, 150, 100, False),
        (None, 5, 0, True),
        (0, 5, 0, False),
        (None, 5, 1, False),
        (True, 101, 100, False),
        (33, 4, 3, True),
        (34, 4, 3, False),
        (200, 100, -100, True),
        (0, 201, 200, True),
        (1, 201, 200, True),
        (2, 203, 200, True),
    ],
)
def test_percents_are_to_the_nearest_whole(shown: Any, now: int, before: int, fits: bool) -> None:
    assert fits_percent(shown, now, before) is fits


def test_what_waits_or_failed_is_no_money() -> None:
    book = ShopBook()
    for number, (state, amount) in enumerate(
        (("confirmed", 10), ("pending", 5), ("failed", 7), ("returned", -4))
    ):
        book.take(1, "payment", str(number), {"state": state, "amount": amount})
    assert book.paid() == (4, 6)
    assert book.paid(2) == (0, 0)
