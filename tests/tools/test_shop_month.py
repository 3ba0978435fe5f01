"""The café's month: its plan is its seed's, and played through the real wires every book of it agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.lab_nursery import WarmNursery, nurseries_work
from conformance.lab_parts import COUNTRIES, KZ_PARTS
from tools.demo import DemoError
from tools.demo_shop import run_shop_month
from tools.shop_month.books import Sums, agreed, disagreements, paper_book, summed
from tools.shop_month.plan import (
    DAYS,
    FIRST_DAY,
    MOST_UNSENT,
    RECEIPTS,
    SLOT,
    Fate,
    Tastes,
    Trouble,
    plan_month,
)
from tools.shop_parts import with_shop

TASTES = Tastes(11, 3, (18, 12, 16, 2), frozenset({3}))


@pytest.fixture(scope="module")
def nursery() -> Iterator[WarmNursery | None]:
    """Parts are started again within the month: imports are done once."""
    if not nurseries_work():
        yield None
        return
    with WarmNursery() as warm:
        yield warm


@pytest.mark.slow
def test_three_days_agree_in_every_book_to_the_tiyin(tmp_path: Path, nursery: WarmNursery | None) -> None:
    """UZ-POS-01, UZ-POS-03, UZ-SHF-08, UZ-SVC-03, BX-DSH-01, BX-DATA-01: a day each with the fiscal service
    down, with a forgotten shift, and without the network."""
    said: list[str] = []
    outcome = run_shop_month(tmp_path, 5, said.append, days=3, receipts=45, nursery=nursery)
    assert outcome.sales == 45
    assert outcome.cancelled >= 3
    assert min(outcome.cash, outcome.card, outcome.surcharge) > 0
    told = "\n".join(said)
    assert "fiscal service down for four hours" in told
    assert "yesterday's shift was warned of and closed by hand" in told
    assert "receipts unsent" in told
    assert "the network is back" in told
    assert outcome.tills == 2
    assert {"pos", "pos-2", "drive-2", "module-2", "operator", "backoffice"} <= set(outcome.memory)
    assert told.endswith("agree on 45 receipts to the tiyin") is (outcome.refunds == 0)
    assert min(outcome.memory.values()) > 1


def test_the_same_seed_is_the_same_month_and_another_seed_is_not() -> None:
    first, again, other = (plan_month(seed, TASTES, 5, 200) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_month_has_the_receipts_that_were_asked_for_and_every_trouble_once() -> None:
    plan = plan_month(1, TASTES)
    visits = [visit for day in plan for visit in day.visits]
    fates = Counter(visit.fate for visit in visits)
    assert len(plan) == DAYS
    assert sum(fates.values()) - fates[Fate.CANCELLED] == RECEIPTS
    assert min(fates[fate] for fate in Fate) > 0
    assert Counter(day.trouble for day in plan) == dict.fromkeys(Trouble, 1) | {Trouble.NONE: DAYS - 3}
    assert [day.on for day in plan] == [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]


@pytest.mark.parametrize(
    ("receipts", "trouble"), [(MOST_UNSENT, Trouble.NETWORK_DOWN), (MOST_UNSENT + 1, Trouble.NONE)]
)
def test_a_day_sells_no_more_without_the_network_than_a_module_holds(receipts: int, trouble: Trouble) -> None:
    """Its memory full, orders would wait until a network is back that the day does not bring back."""
    [day] = plan_month(1, TASTES, days=1, receipts=receipts)
    assert day.trouble is trouble


def test_another_till_has_its_own_guests_and_no_troubles() -> None:
    first, second = plan_month(1, TASTES, 5, 100), plan_month(1, TASTES, 5, 100, till=2)
    assert [day.on for day in first] == [day.on for day in second]
    assert [day.visits for day in first] != [day.visits for day in second]
    assert {day.trouble for day in second} == {Trouble.NONE}


def test_guests_pay_after_they_have_come_and_come_by_the_slot() -> None:
    for day in plan_month(3, TASTES, 4, 300):
        assert [visit.comes for visit in day.visits] == sorted(visit.comes for visit in day.visits)
        for visit in day.visits:
            assert visit.comes <= visit.pays < visit.back
            assert visit.comes % SLOT == visit.pays % SLOT == visit.back % SLOT == 0
            assert visit.dishes
            assert all(amount % 1000 == 0 or dish == 3 for dish, amount in visit.dishes)


def test_a_figure_that_one_book_tells_otherwise_is_named() -> None:
    till = Sums(sales=2, refunds=0, taken=300, surcharge=20)
    books = {"point of sale": till, "module": Sums(2, 0, 100, 200, 300), "portal": Sums(2, taken=299)}
    assert disagreements(books) == ["taken: point of sale 300, module 300, portal 299"]
    with pytest.raises(DemoError, match="taken: point of sale 300, module 300, portal 299"):
        agreed(books)
    assert agreed(books | {"portal": Sums(2, taken=300)}) == till


def test_what_one_book_does_not_say_the_sum_of_the_tills_does_not() -> None:
    assert summed([Sums(1, 2, cash=3), Sums(4, 5, cash=None)]) == Sums(5, 7)


def test_applications_count_as_card_on_paper_as_on_receipts() -> None:
    paper = Counter({"sales": 3, "refunds": 1, "cash": 10, "card": 20, "click": 1, "payme": 2, "uzum": 3})
    assert paper_book(paper) == Sums(3, 1, 10, 26, 36)


def test_every_lab_with_a_drive_has_a_shop() -> None:
    assert [part.name for part in with_shop(COUNTRIES["both"])][-2:] == ["backoffice", "pos"]
    assert with_shop(KZ_PARTS) == KZ_PARTS
