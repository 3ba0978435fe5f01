"""Money: charges by lab day, top-ups, blocks (KZ-TRF-04)."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from ofd_mock.portal import wire_books
from ofd_mock.portal.errors import InvalidError, RefusedError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.tariffs import TARIFFS
from reference.protocol.kz.device_states import DeviceState as S
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.results import ResultCode
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand

CREDIT, DAILY = 1_000_000, TARIFFS[2].price


def charges(stand: Stand, owner: Any) -> list[tuple[date, int]]:
    return [(line.day, -line.amount) for line in reversed(stand.accounts.statement(owner)) if line.amount < 0]


def test_every_day_of_a_daily_tariff_is_charged_once(stand: Stand) -> None:
    owner = stand.owner()
    stand.registered(owner)  # on 13 September
    stand.keeper.run()
    stand.keeper.run()
    assert charges(stand, owner) == [(date(2026, 9, 13), DAILY)]
    stand.advance(days=3)
    assert [day.day for day, _ in charges(stand, owner)] == [13, 14, 15, 16]
    assert stand.accounts.balance(owner) == CREDIT - 4 * DAILY
    newest = stand.accounts.statement(owner, limit=1)[0]
    assert (newest.balance, newest.tariff) == (CREDIT - 4 * DAILY, 2)


def test_a_jump_charges_as_many_small_steps_do(stand: Stand) -> None:
    owner = stand.owner()
    stand.registered(owner)
    stand.advance(days=40)
    jumped = charges(stand, owner)
    assert len(jumped) == 41
    assert len({day for day, _ in jumped}) == 41


def test_a_month_is_charged_by_days_and_then_on_its_first(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.do(owner, card, Act.DROP_TARIFF)
    stand.do(owner, card, Act.CHOOSE_TARIFF, tariff=1)
    stand.until(datetime(2026, 11, 2, 12, 0))
    assert charges(stand, owner) == [
        (date(2026, 9, 13), 90_000),  # 18 of 30 days of 1,500 tenge
        (date(2026, 10, 1), 150_000),
        (date(2026, 11, 1), 150_000),
    ]


def test_a_suspended_register_costs_nothing_until_it_sells_again(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.do(owner, card, Act.SUSPEND)
    stand.until(datetime(2026, 10, 20, 12, 0))
    assert charges(stand, owner)[-1][0] == date(2026, 9, 30)
    stand.sell(card)
    stand.keeper.run()
    stand.advance(days=1)
    assert [day for day, _ in charges(stand, owner)][-2:] == [date(2026, 10, 20), date(2026, 10, 21)]
    assert len(charges(stand, owner)) == 18 + 2


def test_a_month_that_begins_while_books_are_kept_is_not_charged_to_whom_it_gives_rest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.do(owner, card, Act.SUSPEND)
    stand.until(datetime(2026, 9, 29, 12, 0))
    stand.lab.advance((datetime(2026, 9, 30, 23, 59, 59) - to_almaty(stand.office.now)).total_seconds())
    books_of = wire_books.books_of

    def slowly(*asked: Any) -> Any:
        stand.lab.advance(2)
        return books_of(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(wire_books, "books_of", slowly)
        stand.keeper.run()
    assert stand.office.today == date(2026, 10, 1)
    assert charges(stand, owner)[-1][0] == date(2026, 9, 30)
    stand.keeper.run()
    assert stand.state(card) is S.SUSPENDED
    assert charges(stand, owner)[-1][0] == date(2026, 9, 30)


def test_without_a_tariff_nothing_is_charged(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.do(owner, card, Act.DROP_TARIFF)
    stand.advance(days=10)
    assert charges(stand, owner) == []
    assert stand.card(card).tariff is None


def test_a_debt_blocks_and_money_frees(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card)
    stand.advance(days=CREDIT // DAILY - 1)
    assert stand.state(card) is S.ACTIVE
    assert 0 <= stand.accounts.balance(owner) < DAILY
    stand.advance(days=2)
    assert (stand.state(card), stand.card(card).shown_state) == (S.BLOCKED_MONEY, "BLOCKED_MONEY")
    assert stand.close_shift(card).code == ResultCode.BLOCKED
    debt = stand.accounts.balance(owner)
    assert -DAILY <= debt < 0
    stand.advance(days=20)
    assert stand.accounts.balance(owner) == debt
    assert stand.accounts.top_up(owner, {"amount": 1, "payment": "p-1"}) == debt + 100
    assert stand.state(card) is (S.BLOCKED_MONEY if debt + 100 < 0 else S.ACTIVE)
    stand.accounts.top_up(owner, {"amount": 1000, "payment": "p-2"})
    assert (stand.state(card), stand.card(card).shown_state) == (S.ACTIVE, "ACTIVE")
    assert stand.close_shift(card).code == ResultCode.OK
    stand.keeper.run()
    assert stand.accounts.balance(owner) == debt + 100 + 100_000


def test_the_same_payment_counts_once(stand: Stand) -> None:
    owner = stand.owner()
    for _ in range(2):
        assert stand.accounts.top_up(owner, {"amount": 500, "payment": "kaspi-1"}) == CREDIT + 50_000
    with pytest.raises(RefusedError):
        stand.accounts.top_up(owner, {"amount": 501, "payment": "kaspi-1"})
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    with pytest.raises(RefusedError):
        stand.accounts.top_up(stranger, {"amount": 500, "payment": "kaspi-1"})
    assert stand.accounts.balance(stranger) == CREDIT


@pytest.mark.parametrize(
    ("form", "field", "rule"),
    [
        ({"payment": "p"}, "amount", "required"),
        ({"amount": 0, "payment": "p"}, "amount", "range"),
        ({"amount": 1_000_001, "payment": "p"}, "amount", "range"),
        ({"amount": -5, "payment": "p"}, "amount", "number"),
        ({"amount": "1.5", "payment": "p"}, "amount", "number"),
        ({"amount": 5}, "payment", "required"),
        ({"amount": 5, "payment": "п"}, "payment", "shape"),
    ],
)
def test_a_wrong_payment_is_named(stand: Stand, form: dict[str, Any], field: str, rule: str) -> None:
    owner = stand.owner()
    with pytest.raises(InvalidError) as wrong:
        stand.accounts.top_up(owner, form)
    assert [(finding.field, finding.rule) for finding in wrong.value.findings] == [(field, rule)]


def test_a_statement_is_bounded_by_days_both_included(stand: Stand) -> None:
    owner = stand.owner()
    stand.registered(owner)
    stand.advance(days=5)
    lines = stand.accounts.statement(owner, date(2026, 9, 14), date(2026, 9, 16))
    assert [line.day.day for line in lines] == [16, 15, 14]


def test_the_balance_is_the_sum_of_its_lines(stand: Stand) -> None:
    owner = stand.owner()
    stand.registered(owner)
    stand.advance(days=30)
    stand.accounts.top_up(owner, {"amount": 77, "payment": "x"})
    lines = stand.accounts.statement(owner)
    assert sum(line.amount for line in lines) == stand.accounts.balance(owner) == lines[0].balance
