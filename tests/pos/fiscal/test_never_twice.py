"""Cut anywhere, in every dialect: one receipt in the module, and the order has its number and sign
(UZ-POS-01, UZ-USB-02, uz-fiscal G2-S-07, G1-R-08, QP-01)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.drive.drive import _wipe
from reference.pos.errors import DriveUnreachableError, TillError, UndecidedError
from reference.pos.order import Payment
from reference.pos.order_book import FAULT_POINT
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError, journal_actions, journal_points
from tests.drive.doubles import losing
from tests.pos.fiscal.conftest import DIALECTS, Counter, Lost, bread, counter_of

SALE_CALL = {
    "rest": "RegisterTXID",
    "rpc1": "SendSaleReceipt",
    "qpos": "SaleReceipt",
    "communicator": "fastSale",
}
REFUND_CALL = SALE_CALL | {"rpc1": "SendRefundReceipt", "qpos": "RefundReceipt", "communicator": "refund"}
UNKNOWN_OUTCOMES = ("before", "after", "half", "empty", "dies-before", "dies-after")
JOURNAL_STEPS = {"rest": 5, "rpc1": 4, "qpos": 4, "communicator": 4}
"""taken, prepared, (stored,) attempted, answered."""


def carried_on(counter: Counter) -> None:
    """What the till does after it was started again."""
    counter.restart()
    counter.till.finish_pending()


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


def test_a_try_that_comes_in_after_the_look_makes_no_second_receipt(counter: Counter) -> None:
    """The first request was only slow: it is registered between the till's look and its second try."""
    if counter.wire.dialect == "communicator":
        pytest.skip("it waits until no request can still be on its way: test_it_is_not_sent_again_at_once")
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
    with pytest.raises(JournalError):
        counter.till.sell(bread("1"))
    counter.faults.clear()
    counter.restart()
    if not counter.book.known("1"):
        assert step == 0
        counter.book.take(bread("1"))
    counter.till.finish_pending()
    assert counter.answers("0", "1") == counter.truth()
    assert counter.bench.number == 2


# --- where a dialect cannot say -------------------------------------------------------------------------


@pytest.fixture
def rpc1(make_bench: Any, tmp_path: Path) -> Iterator[Counter]:
    made = counter_of(make_bench(), "rpc1", tmp_path / "till")
    yield made
    made.book.close()


@pytest.fixture
def qpos(make_bench: Any, tmp_path: Path) -> Iterator[Counter]:
    made = counter_of(make_bench(), "qpos", tmp_path / "till")
    yield made
    made.book.close()


@pytest.fixture
def communicator(make_bench: Any, tmp_path: Path) -> Iterator[Counter]:
    made = counter_of(make_bench(), "communicator", tmp_path / "till")
    yield made
    made.book.close()


@pytest.mark.parametrize("counter", ["rpc1", "qpos", "communicator"], indirect=True)
@pytest.mark.parametrize("how", ["before", "after"])
def test_an_advance_whose_answer_was_lost_is_left_to_a_person(counter: Counter, how: str) -> None:
    """G1-Z-09: it has no number, so nothing can be asked; it is not sent again, what comes after goes on."""
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    call = "SendAdvanceReceipt" if counter.wire.dialect == "rpc1" else "AdvanceReceipt"
    call = "advance" if counter.wire.dialect == "communicator" else call
    counter.wire.cut = {call: how}
    with pytest.raises(DriveUnreachableError):
        counter.till.sell(bread("1", type=1))
    asked = counter.wire.calls.count(call)
    carried_on(counter)
    assert counter.till.sell(bread("2")).answer is not None
    assert any("without a number" in text for text in counter.till.notices.texts)
    assert counter.wire.calls.count(call) == asked
    assert counter.book.sale("1").pending


@pytest.mark.parametrize("counter", ["rpc1", "qpos", "communicator"], indirect=True)
def test_an_advance_has_neither_number_nor_sign(counter: Counter) -> None:
    """G1-Z-09"""
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    answer = counter.till.sell(bread("1", type=1)).answer
    assert answer is not None
    assert (answer["ReceiptSeq"], answer["FiscalSign"], answer["QRCodeURL"]) == (None, "", "")
    assert counter.bench.number == 1


@pytest.mark.parametrize("counter", ["rest"], indirect=True)
def test_an_advance_of_generation_2_has_a_number_and_no_sign(counter: Counter) -> None:
    answer = counter.till.sell(bread("1", type=1)).answer
    assert answer is not None
    assert (answer["ReceiptSeq"], answer.get("FiscalSign") or "") == (1, "")


@pytest.mark.parametrize("counter", ["rpc1", "communicator"], indirect=True)
def test_a_credit_receipt(counter: Counter) -> None:
    answer = counter.till.sell(bread("1", type=2)).answer
    assert answer is not None
    assert answer["ReceiptSeq"] is None


def test_qpos_has_no_credit_receipts(qpos: Counter) -> None:
    with pytest.raises(TillError, match=r"QPOS has no credit receipts"):
        qpos.till.sell(bread("1", type=2))
    assert qpos.book.sale("1").refusal == "QPOS has no credit receipts"


def test_a_till_that_begins_anew_never_meets_its_old_numbers(qpos: Counter) -> None:
    """QP-01: the order ids run from one again, the receipts are new ones."""
    qpos.till.sell(bread("1"))
    qpos.book.close()
    (qpos.folder / "orders.journal").unlink()
    qpos.bench.tick(60)
    qpos.open()
    qpos.till.sell(bread("1"))
    assert qpos.bench.number == 2
    assert qpos.answers("1") == qpos.truth()[1:]


def test_qpos_forgot_the_number_of_a_receipt_that_was_made(qpos: Counter) -> None:
    """Its database is gone: the module's counter says that it was made, its sign nobody gives again."""
    qpos.till.sell(bread("0"))
    qpos.bench.tick(5)
    qpos.wire.cut = {"SaleReceipt": "after"}
    with pytest.raises(DriveUnreachableError):
        qpos.till.sell(bread("1"))
    _wipe(qpos.bench.core.stage.receipts.database)
    carried_on(qpos)
    assert qpos.answers("1") == [(2, "")]
    assert qpos.bench.number == 2


def test_fiscaldriveapi_forgot_a_receipt_that_was_made(rpc1: Counter) -> None:
    """The module still holds it, with its number and time; its sign nobody gives again."""
    rpc1.till.sell(bread("0"))
    rpc1.bench.tick(5)
    rpc1.wire.cut = {"SendSaleReceipt": "after"}
    with pytest.raises(DriveUnreachableError):
        rpc1.till.sell(bread("1"))
    _wipe(rpc1.bench.core.stage.receipts.database)
    carried_on(rpc1)
    assert rpc1.answers("1") == [(2, "")]
    assert rpc1.bench.number == 2


def test_a_communicator_that_forgot_is_not_guessed_at(communicator: Counter) -> None:
    communicator.till.sell(bread("0"))
    communicator.bench.tick(5)
    communicator.wire.cut = {"fastSale": "after"}
    with pytest.raises(DriveUnreachableError):
        communicator.till.sell(bread("1"))
    _wipe(communicator.bench.core.stage.receipts.database)
    communicator.restart()
    with pytest.raises(UndecidedError, match=r"does not know receipt 2 any more"):
        communicator.till.fiscalise(communicator.book.sale("1"))
    assert communicator.bench.number == 2


def test_it_is_not_sent_again_at_once(communicator: Counter) -> None:
    """A request has no time and no number: until no service can still work on it, it is only looked for."""
    communicator.till.sell(bread("0"))
    communicator.bench.tick(5)
    communicator.wire.cut = {"fastSale": "before"}
    with pytest.raises(DriveUnreachableError):
        communicator.till.sell(bread("1"))
    communicator.restart(34)
    with pytest.raises(UndecidedError, match=r"may still work on it for"):
        communicator.till.fiscalise(communicator.book.sale("1"))
    communicator.bench.tick(2)
    communicator.till.fiscalise(communicator.book.sale("1"))
    assert communicator.registered() == ["fastSale"] * 3
    assert communicator.answers("0", "1") == communicator.truth()


def test_two_receipts_of_another_till_with_its_sums_are_not_guessed_at(communicator: Counter) -> None:
    communicator.till.sell(bread("0"))
    communicator.wire.cut = {"fastSale": "before"}
    with pytest.raises(DriveUnreachableError):
        communicator.till.sell(bread("1"))
    for _ in range(2):
        communicator.bench.tick()
        communicator.bench.register(ReceivedCash=500_000, ReceivedCard=0, Items=_item(500_000))
    communicator.restart()
    with pytest.raises(UndecidedError, match=r"receipts 2, 3 of the module have its sums"):
        communicator.till.fiscalise(communicator.book.sale("1"))
    assert communicator.bench.number == 3


@pytest.mark.parametrize("counter", ["rpc1", "communicator"], indirect=True)
def test_receipts_of_another_till_with_other_sums_are_not_ours(counter: Counter) -> None:
    counter.till.sell(bread("0"))
    counter.bench.tick(5)
    counter.wire.cut = {SALE_CALL[counter.wire.dialect]: "before"}
    with pytest.raises(DriveUnreachableError):
        counter.till.sell(bread("1", payment=Payment(cash=500_000)))
    counter.bench.tick(1)
    counter.bench.register(ReceivedCash=70_000, ReceivedCard=0, Items=_item(70_000))
    carried_on(counter)
    assert counter.bench.number == 3
    assert counter.answers("1") == counter.truth()[2:]


def test_another_tills_receipt_that_nobody_shows_any_more_leaves_it_open(rpc1: Counter) -> None:
    """Sent and acknowledged, and not the last: what it was cannot be asked, so nothing is sent again."""
    rpc1.till.sell(bread("0"))
    rpc1.bench.tick(5)
    rpc1.wire.cut = {"SendSaleReceipt": "before"}
    with pytest.raises(DriveUnreachableError):
        rpc1.till.sell(bread("1"))
    for _ in range(2):
        rpc1.bench.tick(1)
        rpc1.bench.register(ReceivedCash=70_000, ReceivedCard=0, Items=_item(70_000))
    rpc1.send_all()
    rpc1.restart()
    with pytest.raises(UndecidedError, match=r"receipt 2 of the module cannot be asked for"):
        rpc1.till.fiscalise(rpc1.book.sale("1"))
    assert rpc1.bench.number == 3


def test_a_receipt_in_the_future_of_the_module_is_kept_where_no_state_sync_is(rpc1: Counter) -> None:
    """G1-Z-08: 65278 with the module's 9091; generation 1 cannot ask for the operator's time."""
    rpc1.till.sell(bread("0"))
    rpc1.send_all()
    rpc1.bench.tick(timedelta(days=3).total_seconds())
    with pytest.raises(TillError, match=r"order 1 is kept: card command failed: 9091"):
        rpc1.till.sell(bread("1"))
    assert rpc1.book.sale("1").refusal is None
    assert rpc1.bench.number == 1


def _item(price: int) -> list[dict[str, Any]]:
    return [{"Name": "Non", "Amount": 1000, "Price": price, "VAT": 0, "VATPercent": 0}]
