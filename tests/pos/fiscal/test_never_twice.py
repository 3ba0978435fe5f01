"""Cut anywhere, in every dialect: one receipt in the module, and the order has its number and sign
(UZ-POS-01, UZ-USB-02, uz-fiscal G2-S-07, G1-R-08, QP-01)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.pos.errors import BookError, DriveUnreachableError, TillError
from reference.pos.order_book import FAULT_POINT
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from tests.drive.doubles import losing
from tests.pos.fiscal.conftest import DIALECTS, SALE_CALL, Counter, Lost, bread, carried_on, counter_of

REFUND_CALL = SALE_CALL | {"rpc1": "SendRefundReceipt", "qpos": "RefundReceipt", "communicator": "refund"}
UNKNOWN_OUTCOMES = ("before", "after", "half", "empty", "dies-before", "dies-after")
JOURNAL_STEPS = {"rest": 4, "rpc1": 4, "qpos": 4, "communicator": 4}
"""Syncs: taken, prepared, attempted (REST: with the TXID), answered."""


@pytest.mark.parametrize("how", UNKNOWN_OUTCOMES)
def test_an_answer_that_never_came(counter: Counter, how: str) -> None:
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    counter.wire.cut = {SALE_CALL[counter.wire.dialect]: how}
    with pytest.raises((DriveUnreachableError, Lost)):
        counter.till.sell(bread("1"))
    assert counter.bench.number == (1 if "before" in how else 2)
    carried_on(counter)
    counter.till.sell(bread("2"))
    assert counter.answers("0", "1", "2") == counter.truth()
    assert [number for number, _ in counter.truth()] == [1, 2, 3]
    assert all(len(sign) == 12 for _, sign in counter.truth())


@pytest.mark.parametrize("how", ["after", "half", "dies-before"])
def test_a_refund_whose_answer_never_came(counter: Counter, how: str) -> None:
    """UZ-POS-03"""
    counter.till.sell(bread("1"))
    counter.send_all()
    counter.bench.tick(5)
    counter.wire.cut = {REFUND_CALL[counter.wire.dialect]: how}
    with pytest.raises((DriveUnreachableError, Lost)):
        counter.till.refund("1", "1-R")
    carried_on(counter)
    assert counter.answers("1", "1-R") == counter.truth()
    assert counter.bench.core.shift(counter.bench.factory_id, 0).refunds == 1


def test_the_answer_is_lost_again_and_again(counter: Counter) -> None:
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    call = SALE_CALL[counter.wire.dialect]
    for how in ("before", "half", "after"):
        counter.wire.cut = {call: how}
        try:
            if counter.book.known("1"):
                counter.till.finish_pending()
            else:
                counter.till.sell(bread("1"))
        except DriveUnreachableError:
            counter.restart()
    counter.wire.cut.clear()
    counter.till.finish_pending()
    assert counter.answers("0", "1") == counter.truth()
    assert counter.bench.number == 2


def test_a_connection_that_never_came_about_costs_no_look(counter: Counter) -> None:
    """Nothing was sent: the order is simply carried on."""
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    counter.wire.cut = {SALE_CALL[counter.wire.dialect]: "refused"}
    with pytest.raises(DriveUnreachableError) as caught:
        counter.till.sell(bread("1"))
    assert not caught.value.sent
    assert [sale.order.id for sale in counter.till.finish_pending()] == ["1"]
    assert counter.answers("0", "1") == counter.truth()


def test_orders_sold_meanwhile_are_not_taken_for_the_lost_one(counter: Counter) -> None:
    """The same sums: what tells them apart is whose number it is."""
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    counter.wire.cut = {SALE_CALL[counter.wire.dialect]: "before"}
    with pytest.raises(DriveUnreachableError):
        counter.till.sell(bread("1"))
    counter.bench.tick(1)
    counter.till.fiscalise(counter.book.take(bread("2")))
    counter.bench.tick(1)
    carried_on(counter)
    assert sorted(counter.answers("0", "1", "2")) == counter.truth()
    assert counter.bench.number == 3


def test_a_module_that_broke_off_is_asked(counter: Counter) -> None:
    """UZ-USB-02: the outcome is decided by asking the device."""
    counter.till.sell(bread("0"))
    for how in ("before", "after"):
        counter.bench.tick(60)
        counter.bench.card.lose = losing("001700", how)
        try:
            counter.till.sell(bread(how))
        except TillError:
            carried_on(counter)
    assert counter.answers("0", "before", "after") == counter.truth()
    assert counter.bench.number == 3


@pytest.mark.parametrize("counter", ["rest", "rpc1", "qpos"], indirect=True)
def test_a_try_that_comes_in_after_the_look_makes_no_second_receipt(counter: Counter) -> None:
    """The first request was only slow: it is registered between the till's look and its second try.

    With the Communicator the till waits until none can be on its way: test_it_is_not_sent_again_at_once.
    """
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    call = SALE_CALL[counter.wire.dialect]
    slow: list[Any] = []
    answer = counter.wire.answer

    def held_up(request: Any) -> Any:
        if counter.wire.calls[-1] == call and len(slow) < 2:
            slow.append(request)
            if len(slow) == 1:
                raise TimeoutError
            answer(slow[0])
        return answer(request)

    counter.wire.answer = held_up  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        counter.till.sell(bread("1"))
    carried_on(counter)
    assert len(slow) == 2
    assert counter.answers("0", "1") == counter.truth()
    assert counter.bench.number == 2


# --- the till killed at each write of its journal ------------------------------------------------------


@pytest.fixture
def killable(make_bench: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Counter]:
    bench = make_bench()
    faults = FaultPoints(journal_points(FAULT_POINT), bench.clock, "pos", journal_actions(FAULT_POINT))
    made = counter_of(bench, request.param, tmp_path / "till", faults)
    yield made
    made.book.close()
    made.service.close()


KILLS = [
    pytest.param(dialect, action, step, id=f"{dialect}-{action}-{step}")
    for dialect in DIALECTS
    for action in ("torn", "lost-last")
    for step in range(JOURNAL_STEPS[dialect])
]


@pytest.mark.parametrize(("killable", "action", "step"), KILLS, indirect=["killable"])
def test_the_power_fails_in_a_write_of_the_journal(killable: Counter, action: str, step: int) -> None:
    """The record is cut short or not there at all, and the till begins again from what is on the disk."""
    counter = killable
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    assert counter.faults is not None
    counter.faults.add(point=FAULT_POINT, action=action, skip=step)
    with pytest.raises(BookError):
        counter.till.sell(bread("1"))
    counter.faults.clear()
    counter.restart()
    if not counter.book.known("1"):
        assert step == 0
        counter.book.take(bread("1"))
    counter.till.finish_pending()
    assert counter.answers("0", "1") == counter.truth()
    assert counter.bench.number == 2
