"""Paying, and the fiscal receipt that comes of it by itself (UZ-POS-01, UZ-POS-03, UZ-SVC-03)."""

import pytest

from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import State
from reference.pos.shop.payments import PaymentState
from reference.pos.till import Till
from reference.runtime.refusals import DeniedError, InvalidError, RefusedError
from tests.pos.shop.conftest import Cafe


def test_a_paid_order_becomes_a_receipt(cafe: Cafe) -> None:
    """UZ-POS-01"""
    table = cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00})
    made = cafe.order((cafe.tea, 2000), (cafe.plov, 1000), place=table.id)
    cafe.orders.discount(cafe.boss, made.id, 5_000_00)
    paid = cafe.checkout.pay(
        cafe.boss,
        made.id,
        {"payments": [{"kind": "payme", "amount": 20_000_00}, {"kind": "cash", "amount": 50_000_00}]},
    )
    assert (paid.order.state, paid.order.total, paid.change) == (State.COMPLETED, 55_000_00, 15_000_00)
    assert [(each.kind, each.amount, each.state) for each in paid.payments] == [
        ("cash", 35_000_00, PaymentState.CONFIRMED),
        ("payme", 20_000_00, PaymentState.CONFIRMED),
    ]
    assert cafe.catalogue.one(cafe.plov.id).stock == 9000
    assert cafe.fiscal.waiting() == 1
    assert cafe.fiscal.run() == cafe.fiscal.run().__class__(1, 0, "")
    fiscal = cafe.fiscal.of(made.id)
    assert fiscal is not None
    assert (fiscal.state, fiscal.number, len(fiscal.sign), fiscal.acknowledged) == ("done", 1, 12, False)
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.cash.sale, shift.card.sale) == (35_000_00, 20_000_00)


@pytest.mark.parametrize(
    "payments",
    [
        [{"kind": "cash", "amount": 4_999_99}],
        [{"kind": "card", "amount": 5_000_01}],
        [{"kind": "card", "amount": 5_000_01}, {"kind": "cash", "amount": 1}],
        [{"kind": "cash", "amount": 0}],
    ],
)
def test_sums_that_do_not_fit_are_refused(cafe: Cafe, payments: list[dict[str, object]]) -> None:
    made = cafe.order((cafe.tea, 1000))
    with pytest.raises(RefusedError) as caught:
        cafe.checkout.pay(cafe.boss, made.id, {"payments": payments})
    assert caught.value.rule == "sum"
    assert cafe.checkout.payments(made.id) == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "payments"),
        ({"payments": []}, "payments"),
        ({"payments": "cash"}, "payments"),
        ({"payments": [{"kind": "gold", "amount": 1}]}, "payments[0].kind"),
        ({"payments": [{"kind": "cash", "amount": "1"}]}, "payments[0].amount"),
        ({"payments": [{"kind": "cash", "amount": 1}], "kind": 3}, "kind"),
    ],
)
def test_wrong_payments_are_named(cafe: Cafe, given: dict[str, object], field: str) -> None:
    made = cafe.order((cafe.tea, 1000))
    with pytest.raises(InvalidError) as caught:
        cafe.checkout.pay(cafe.boss, made.id, given)
    assert caught.value.findings[0].field == field


def test_paying_twice_is_refused(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    cafe.pay(made)
    with pytest.raises(RefusedError) as caught:
        cafe.pay(made)
    assert caught.value.rule == "state"
    assert cafe.fiscal.waiting() == 1


def test_an_empty_order_and_an_empty_shelf(cafe: Cafe) -> None:
    with pytest.raises(RefusedError) as caught:
        cafe.checkout.pay(cafe.boss, cafe.order().id, {"payments": [{"kind": "cash", "amount": 0}]})
    assert caught.value.rule == "lines"
    made = cafe.order((cafe.plov, 10_001))
    with pytest.raises(RefusedError) as caught:
        cafe.pay(made)
    assert caught.value.rule == "stock"
    assert (cafe.catalogue.one(cafe.plov.id).stock, cafe.orders.one(made.id).state) == (10_000, State.OPEN)
    assert cafe.checkout.payments(made.id) == ()


def test_a_waiter_takes_no_money(cafe: Cafe) -> None:
    made = cafe.order((cafe.tea, 1000))
    with pytest.raises(DeniedError):
        cafe.checkout.pay(cafe.waiter, made.id, {"payments": [{"kind": "cash", "amount": 5_000_00}]})


def test_an_application_may_take_its_time(cafe: Cafe) -> None:
    cafe.settings.change({"apps": "wait"})
    made = cafe.order((cafe.tea, 1000))
    paid = cafe.pay(made, "click")
    assert (paid.order.state, paid.payments[0].state) == (State.OPEN, PaymentState.PENDING)
    for act in (
        lambda: cafe.pay(made),
        lambda: cafe.orders.cancel(cafe.boss, made.id),
        lambda: cafe.orders.add(cafe.boss, made.id, {"product": cafe.tea.id}),
    ):
        with pytest.raises(RefusedError) as caught:
            act()
        assert caught.value.rule == "payment-waiting"
    assert cafe.checkout.answer(paid.payments[0].id, confirmed=True).state is State.COMPLETED
    with pytest.raises(RefusedError) as caught:
        cafe.checkout.answer(paid.payments[0].id, confirmed=False)
    assert caught.value.rule == "payment-state"


def test_a_refused_application_gives_the_rest_back(cafe: Cafe) -> None:
    cafe.settings.change({"apps": "wait"})
    made = cafe.order((cafe.tea, 1000))
    paid = cafe.checkout.pay(
        cafe.boss,
        made.id,
        {"payments": [{"kind": "card", "amount": 2_000_00}, {"kind": "uzum", "amount": 3_000_00}]},
    )
    uzum = next(each for each in paid.payments if each.kind == "uzum")
    assert cafe.checkout.answer(uzum.id, confirmed=False).state is State.OPEN
    assert {each.kind: each.state for each in cafe.checkout.payments(made.id)} == {
        "card": PaymentState.RETURNED,
        "uzum": PaymentState.FAILED,
    }
    assert cafe.pay(made).order.state is State.COMPLETED
    assert cafe.fiscal.run().done == 1
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.cash.sale, shift.card.sale) == (5_000_00, 0)


def test_orders_are_taken_while_the_drive_is_down(cafe: Cafe) -> None:
    """UZ-SVC-03"""
    cafe.till.wire.down = True
    first, second = cafe.order((cafe.tea, 1000)), cafe.order((cafe.plov, 1000))
    cafe.pay(first)
    cafe.pay(second)
    ended = cafe.fiscal.run()
    assert (ended.done, cafe.fiscal.waiting()) == (0, 2)
    assert "does not answer" in ended.trouble
    cafe.till.wire.down = False
    cafe.till.bench.tick(60)
    assert cafe.fiscal.run().done == 2
    numbers = [cafe.fiscal.of(each.id) for each in (first, second)]
    assert [each.number for each in numbers if each is not None] == [1, 2]


@pytest.mark.parametrize("call", range(8))
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_crash_anywhere_makes_one_receipt(cafe: Cafe, call: int, how: str) -> None:
    """The connection breaks at every call, and the till is switched off and on."""
    made = cafe.order((cafe.tea, 1000))
    cafe.pay(made)
    cafe.till.wire.cut = {len(cafe.till.wire.calls) + call: how}
    cafe.fiscal.run()
    cafe.till.restart()
    desk = FiscalDesk(cafe.premises, cafe.till.till)
    cafe.till.bench.tick(60)
    desk.run()
    assert desk.waiting() == 0
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.sales, shift.cash.sale) == (1, 5_000_00)


def test_a_receipt_made_before_the_crash_is_not_made_again(cafe: Cafe) -> None:
    """The till has its answer; the shop's row has not."""
    made = cafe.order((cafe.tea, 1000))
    cafe.pay(made)
    order_id, body = cafe.fiscal._queue(1)[0]
    cafe.fiscal._carry_on(order_id, body)
    assert cafe.fiscal.run().done == 1
    assert cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0).sales == 1


def test_what_the_service_never_takes_stops_nobody(cafe: Cafe) -> None:
    bad, good = cafe.order((cafe.tea, 1000)), cafe.order((cafe.plov, 1000))
    cafe.pay(bad)
    cafe.pay(good)
    till: Till = cafe.till.till
    taken = till.fiscalise

    def refusing(sale, **how):  # type: ignore[no-untyped-def]
        if sale.order.id == bad.id:
            from reference.pos.errors import DriveRefusedError

            raise DriveRefusedError(400, "items are missing")
        return taken(sale, **how)

    till.fiscalise = refusing  # type: ignore[method-assign]
    ended = cafe.fiscal.run()
    assert (ended.done, ended.refused) == (1, 1)
    refused = cafe.fiscal.of(bad.id)
    assert refused is not None
    assert (refused.state, refused.reason) == ("refused", "items are missing")
    assert cafe.fiscal.waiting() == 0


def test_the_owner_sees_which_receipts_are_not_acknowledged(cafe: Cafe) -> None:
    first = cafe.sold((cafe.tea, 1000))
    assert cafe.fiscal.look_at_acknowledgements() == 0
    found = cafe.fiscal.of(first.id)
    assert found is not None
    assert not found.acknowledged


@pytest.mark.parametrize("sync", range(6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_power_fails_at_any_sync_of_a_round(
    cafe: Cafe, monkeypatch: pytest.MonkeyPatch, sync: int, when: str
) -> None:
    """What the round leaves for a later sync is lost, and each order is one receipt all the same."""
    orders = [cafe.order((cafe.tea, 1000)), cafe.order((cafe.plov, 1000))]
    for each in orders:
        cafe.pay(each)
    journal = cafe.till.book._journal
    commit, seen = journal.commit, []

    def failing() -> None:
        seen.append(when)
        if len(seen) <= sync:
            commit()
            return
        if when == "after" and len(seen) == sync + 1:
            commit()
        raise PowerFailed

    monkeypatch.setattr(journal, "commit", failing)
    if sync < 5:  # prepared, tried, answered and prepared, tried, the last answer
        with pytest.raises(PowerFailed):
            cafe.fiscal.run()
    else:
        assert cafe.fiscal.run().done == 2
    cafe.till.restart()
    cafe.till.bench.tick(60)
    desk = FiscalDesk(cafe.premises, cafe.till.till)
    desk.run()
    assert desk.waiting() == 0
    found = [desk.of(each.id) for each in orders]
    assert [each.number for each in found if each] == [1, 2]
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.sales, shift.cash.sale) == (2, 50_000_00)
    assert [key for kind, key in cafe.changes() if kind == "fiscal"] == [each.id for each in orders]


class PowerFailed(BaseException):
    """Nothing of the till runs on but the test."""
