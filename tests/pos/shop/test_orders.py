"""Orders on their way: opened, filled, confirmed, cancelled."""

import pytest

from reference.pos.shop.orders import State
from reference.runtime.refusals import DeniedError, InvalidError, RefusedError, UnknownError
from tests.pos.shop.conftest import Cafe


def test_an_order_is_filled_and_summed(cafe: Cafe) -> None:
    table = cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00})
    made = cafe.order((cafe.tea, 2000), (cafe.plov, 1500), (cafe.tea, 1000), place=table.id)
    assert (made.number, made.place_name, made.state) == ("#001", "Stol 1", State.OPEN)
    assert [(line.name, line.amount, line.sum) for line in made.lines] == [
        ("Ko'k choy", 3000, 15_000_00),
        ("Osh", 1500, 67_500_00),
    ]
    assert (made.goods, made.surcharge, made.total) == (82_500_00, 8_250_00, 90_750_00)


def test_numbers_run_by_day(cafe: Cafe) -> None:
    assert [cafe.order().number for _ in range(2)] == ["#001", "#002"]
    cafe.till.bench.tick(86_400)
    tomorrow = cafe.order()
    assert (tomorrow.number, tomorrow.id) == ("#001", "20260702-00001")
    assert [each.number for each in cafe.orders.all()] == ["#001", "#002", "#001"]
    assert [each.number for each in cafe.orders.all(before=tomorrow.id)] == ["#002", "#001"]


def test_lines_change_until_the_order_is_closed(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000), (cafe.plov, 1000))
    tea, plov = made.lines
    made = cafe.orders.change_line(cafe.boss, made.id, tea.id, {"amount": 0})
    assert [line.name for line in made.lines] == ["Osh"]
    made = cafe.orders.change_line(cafe.boss, made.id, plov.id, {"discount": 5_000_00})
    made = cafe.orders.discount(cafe.boss, made.id, 1_000_00)
    assert made.total == 39_000_00
    with pytest.raises(RefusedError):
        cafe.orders.discount(cafe.boss, made.id, 40_000_01)
    with pytest.raises(RefusedError):
        cafe.orders.change_line(cafe.boss, made.id, plov.id, {"discount": 45_000_01})
    with pytest.raises(UnknownError):
        cafe.orders.change_line(cafe.boss, made.id, tea.id, {"amount": 1000})
    cafe.orders.cancel(cafe.boss, made.id, "  mehmon   ketdi ")
    cancelled = cafe.orders.one(made.id)
    assert (cancelled.state, cancelled.reason, cancelled.closed) == (
        State.CANCELLED,
        "mehmon ketdi",
        cafe.orders.one(made.id).closed,
    )
    for act in (
        lambda: cafe.orders.add(cafe.boss, made.id, {"product": cafe.tea.id}),
        lambda: cafe.orders.cancel(cafe.boss, made.id),
        lambda: cafe.orders.confirm(cafe.boss, made.id),
        lambda: cafe.orders.move(cafe.boss, made.id, None),
    ):
        with pytest.raises(RefusedError) as caught:
            act()
        assert caught.value.rule == "state"


def test_prices_are_those_of_the_moment(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    cafe.catalogue.change(cafe.tea.id, {"price": 9_000_00, "name": "Qora choy"})
    assert cafe.orders.one(made.id).lines[0].price == 5_000_00


def test_marked_goods_need_their_code_once(cafe: Cafe) -> None:
    """UZ-POS-06"""
    made = cafe.orders.open(cafe.boss)
    with pytest.raises(RefusedError) as caught:
        cafe.orders.add(cafe.boss, made.id, {"product": cafe.water.id})
    assert caught.value.rule == "label"
    made = cafe.orders.add(cafe.boss, made.id, {"product": cafe.water.id, "label": "0104600000000017215a"})
    with pytest.raises(RefusedError) as caught:
        cafe.orders.add(cafe.boss, made.id, {"product": cafe.water.id, "label": "0104600000000017215a"})
    assert caught.value.rule == "label-twice"
    with pytest.raises(RefusedError):
        cafe.orders.change_line(cafe.boss, made.id, made.lines[0].id, {"amount": 2000})
    made = cafe.orders.add(cafe.boss, made.id, {"product": cafe.water.id, "label": "0104600000000017215b"})
    assert len(made.lines) == 2


def test_expired_and_inactive_goods_are_not_sold(cafe: Cafe) -> None:
    """UZ-POS-06"""
    made = cafe.orders.open(cafe.boss)
    cafe.catalogue.change(cafe.tea.id, {"best_before": "2026-06-30"})
    with pytest.raises(RefusedError) as caught:
        cafe.orders.add(cafe.boss, made.id, {"product": cafe.tea.id})
    assert caught.value.rule == "best-before"
    cafe.catalogue.change(cafe.tea.id, {"best_before": cafe.premises.today, "active": False})
    with pytest.raises(RefusedError) as caught:
        cafe.orders.add(cafe.boss, made.id, {"product": cafe.tea.id})
    assert caught.value.rule == "product"


def test_the_kitchen_confirms_and_then_a_waiter_cannot_cancel(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    first = cafe.orders.confirm(cafe.waiter, made.id)
    cafe.till.bench.tick(60)
    assert cafe.orders.confirm(cafe.waiter, made.id) == first
    with pytest.raises(DeniedError):
        cafe.orders.cancel(cafe.waiter, made.id)
    with pytest.raises(RefusedError):
        cafe.orders.confirm(cafe.waiter, cafe.order().id)


def test_a_waiter_gives_no_discount(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    with pytest.raises(DeniedError):
        cafe.orders.discount(cafe.waiter, made.id, 100)
    with pytest.raises(DeniedError):
        cafe.orders.change_line(cafe.waiter, made.id, made.lines[0].id, {"discount": 100})


@pytest.mark.parametrize("given", [{}, {"product": 1, "amount": 0}, {"product": "1"}, {"product": 1, "x": 1}])
def test_wrong_lines_are_named(cafe: Cafe, given: dict[str, object]) -> None:
    made = cafe.orders.open(cafe.boss)
    with pytest.raises(InvalidError):
        cafe.orders.add(cafe.boss, made.id, given)


def test_a_place_out_of_use_takes_no_orders(cafe: Cafe) -> None:
    place = cafe.places.add({"name": "Ayvon", "kind": "place"})
    made = cafe.order((cafe.tea, 1000))
    assert cafe.orders.move(cafe.boss, made.id, place.id).place_name == "Ayvon"
    cafe.places.change(place.id, {"active": False})
    with pytest.raises(RefusedError):
        cafe.orders.open(cafe.boss, place.id)
    with pytest.raises(RefusedError):
        cafe.orders.move(cafe.boss, made.id, place.id)
    with pytest.raises(UnknownError):
        cafe.orders.open(cafe.boss, 999)


def test_an_order_can_come_with_its_first_lines(cafe: Cafe) -> None:
    lines = [{"product": cafe.tea.id}, {"product": cafe.plov.id, "amount": 500}, {"product": cafe.tea.id}]
    made = cafe.orders.open(cafe.boss, None, lines)
    assert [(line.name, line.amount) for line in made.lines] == [("Ko'k choy", 2000), ("Osh", 500)]
    assert made.total == 2 * 5_000_00 + 22_500_00
    assert [kind for kind, key in cafe.changes() if key == made.id] == ["order"]


def test_an_order_whose_lines_cannot_be_sold_is_not_begun(cafe: Cafe) -> None:
    with pytest.raises(RefusedError, match="marking code"):
        cafe.orders.open(cafe.boss, None, [{"product": cafe.tea.id}, {"product": cafe.water.id}])
    with pytest.raises(InvalidError):
        cafe.orders.open(cafe.boss, None, [{"product": cafe.tea.id, "amount": 0}])
    assert cafe.orders.all() == []
