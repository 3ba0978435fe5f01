from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from conformance.models.uz_operator import ACKNOWLEDGE, REJECT, Ledger, ReceiptFact, ShiftFact

TIME = datetime(2026, 7, 1, 9, 0, 0)


def fact(
    number: int, *, operation: int = 0, type: int = 0, content: object = "", cash: int = 0
) -> ReceiptFact:
    sign = f"{number:012}" if type == 0 else ""
    return ReceiptFact(number, TIME, sign, type, operation, cash, 10, 1, (number, str(content)))


def closing(first: int, last: int, **changes: object) -> ShiftFact:
    values: dict[str, object] = {
        "close_time": TIME + timedelta(hours=8),
        "sales": 0,
        "refunds": 0,
        "cash": (0, 0),
        "card": (0, 0),
        "vat": (0, 0),
        "content": "z",
    }
    return ShiftFact(first=first, last=last, **(values | changes))  # type: ignore[arg-type]


def test_a_receipt_is_taken_again_and_its_number_is_not_given_to_another() -> None:
    ledger = Ledger()
    assert ledger.receive(fact(1), with_items=False) == ACKNOWLEDGE
    assert ledger.complete == set()
    assert ledger.receive(fact(1), with_items=True) == ACKNOWLEDGE
    assert ledger.receive(fact(1), with_items=False) == ACKNOWLEDGE
    assert ledger.receive(fact(1, content="other"), with_items=True) == REJECT
    assert (ledger.receipts, ledger.complete) == ({1: fact(1)}, {1})


def test_only_a_sale_of_type_purchase_is_confirmed_with_all_values() -> None:
    ledger = Ledger()
    for each in (fact(1), fact(2, operation=1), fact(3, type=1)):
        ledger.receive(each, with_items=True)
    assert ledger.confirm(1, TIME, "000000000001") == ACKNOWLEDGE
    assert ledger.confirm(1, TIME, "000000000002") == REJECT
    assert ledger.confirm(1, TIME + timedelta(seconds=1), "000000000001") == REJECT
    assert ledger.confirm(2, TIME, "000000000002") == REJECT
    assert ledger.confirm(3, TIME, "") == REJECT
    assert ledger.confirm(4, TIME, "000000000004") == REJECT


def test_a_close_time_is_taken_once() -> None:
    ledger = Ledger()
    assert ledger.receive_shift(closing(1, 2)) == ACKNOWLEDGE
    assert ledger.receive_shift(closing(1, 2)) == ACKNOWLEDGE
    assert ledger.receive_shift(closing(1, 2, content="other")) == REJECT
    assert len(ledger.shifts) == 1


def test_flags_name_both_values_of_each_field_that_disagrees() -> None:
    ledger = Ledger()
    for each in (fact(1, cash=100), fact(2, operation=1, cash=40), fact(3, cash=500)):
        ledger.receive(each, with_items=True)
    right = closing(1, 2, sales=1, refunds=1, cash=(100, 40), card=(10, 10), vat=(1, 1))
    assert ledger.flags(right) == {}
    wrong = closing(1, 3, sales=1, refunds=1, cash=(100, 41), card=(10, 10), vat=(1, 1))
    assert ledger.flags(wrong) == {
        "sales": (1, 2),
        "cash_sale": (100, 600),
        "cash_refund": (41, 40),
        "card_sale": (10, 20),
        "vat_sale": (1, 2),
    }


@given(st.sets(st.integers(1, 40)))
def test_gaps_and_receipts_make_a_whole(numbers: set[int]) -> None:
    ledger = Ledger()
    for number in numbers:
        ledger.receive(fact(number), with_items=True)
    gaps = ledger.gaps()
    missing = {number for first, last in gaps for number in range(first, last + 1)}
    assert missing == set(range(1, max(numbers, default=0))) - numbers
    assert all(first <= last for first, last in gaps)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(gaps))
