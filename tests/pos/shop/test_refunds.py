"""Refunds against the original: never more than is left, money the way it came (UZ-POS-03)."""

import pytest

from reference.runtime.refusals import DeniedError, RefusedError
from tests.pos.shop.conftest import Cafe


def test_a_refund_in_parts_gives_back_all_and_no_more(cafe: Cafe) -> None:
    sale = cafe.sold((cafe.tea, 3000), (cafe.plov, 1000))
    first = cafe.refunds.refund(cafe.boss, sale.id, {0: 1000})
    assert (first.total, first.refund_of, cafe.refunds.left(sale.id)) == (
        5_000_00,
        sale.id,
        {0: 2000, 1: 1000},
    )
    second = cafe.refunds.refund(cafe.boss, sale.id)
    assert second.total == 55_000_00
    for wanted in (None, {0: 1}):
        with pytest.raises(RefusedError) as caught:
            cafe.refunds.refund(cafe.boss, sale.id, wanted)
        assert caught.value.rule == "over-refund"
    cafe.till.bench.tick(60)
    ended = cafe.fiscal.run()
    assert ended.done == 2, [cafe.fiscal.of(each.id) for each in (first, second)]
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.sales, shift.refunds, shift.cash.sale, shift.cash.refund) == (1, 2, 60_000_00, 60_000_00)


def test_goods_go_back_into_the_stock_or_not(cafe: Cafe) -> None:
    sale = cafe.sold((cafe.plov, 2000))
    cafe.refunds.refund(cafe.boss, sale.id, {0: 1000})
    assert cafe.catalogue.one(cafe.plov.id).stock == 9000
    cafe.refunds.refund(cafe.boss, sale.id, {0: 1000}, restock=False)
    assert cafe.catalogue.one(cafe.plov.id).stock == 9000


def test_money_goes_back_the_way_it_came(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 2000))
    cafe.checkout.pay(
        cafe.boss,
        made.id,
        {"payments": [{"kind": "cash", "amount": 3_000_00}, {"kind": "payme", "amount": 7_000_00}]},
    )
    cafe.till.bench.tick(5)
    cafe.fiscal.run()
    refund = cafe.refunds.refund(cafe.boss, made.id)
    assert [(each.kind, each.amount) for each in cafe.checkout.payments(refund.id)] == [
        ("cash", -3_000_00),
        ("payme", -7_000_00),
    ]


def test_a_surcharge_is_given_back_as_its_own_line(cafe: Cafe) -> None:
    table = cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00})
    made = cafe.order((cafe.tea, 1000), place=table.id)
    cafe.pay(made)
    cafe.till.bench.tick(5)
    cafe.fiscal.run()
    refund = cafe.refunds.refund(cafe.boss, made.id)
    assert [(line.product, line.name) for line in refund.lines] == [
        (cafe.tea.id, "Ko'k choy"),
        (None, "Xizmat ko'rsatish"),
    ]
    assert refund.total == 5_500_00


def test_what_is_no_registered_sale_is_not_refunded(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    with pytest.raises(RefusedError) as caught:
        cafe.refunds.refund(cafe.boss, made.id)
    assert caught.value.rule == "sale"
    cafe.pay(made)
    with pytest.raises(RefusedError) as caught:
        cafe.refunds.refund(cafe.boss, made.id)
    assert caught.value.rule == "fiscal"
    cafe.till.bench.tick(5)
    cafe.fiscal.run()
    refund = cafe.refunds.refund(cafe.boss, made.id)
    with pytest.raises(RefusedError) as caught:
        cafe.refunds.refund(cafe.boss, refund.id)
    assert caught.value.rule == "sale"


@pytest.mark.parametrize("wanted", [{5: 1000}, {0: 0}, {0: -1}, {0: 1001}])
def test_wrong_amounts_are_refused(cafe: Cafe, wanted: dict[int, int]) -> None:
    sale = cafe.sold((cafe.tea, 1000))
    with pytest.raises(RefusedError):
        cafe.refunds.refund(cafe.boss, sale.id, wanted)
    assert cafe.refunds.left(sale.id) == {0: 1000}


def test_a_waiter_gives_no_money_back(cafe: Cafe) -> None:
    sale = cafe.sold((cafe.tea, 1000))
    with pytest.raises(DeniedError):
        cafe.refunds.refund(cafe.waiter, sale.id)
