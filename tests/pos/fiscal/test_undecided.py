"""Where a dialect cannot say what became of a receipt: it is not guessed (uz-fiscal G1-Z-09, QP-01)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.drive.drive import _wipe
from reference.pos.__main__ import main
from reference.pos.errors import DriveUnreachableError, OrderError, TillError, UndecidedError
from reference.pos.order import Payment
from tests.pos.fiscal.conftest import SALE_CALL, Counter, bread, carried_on, counter_of


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
    with pytest.raises(OrderError, match=r"the number or the sign of order 1 is not known"):
        qpos.till.refund("1", "1-R")


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


# --- a person decides ----------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [True, False])
def test_a_person_settles_what_nobody_else_can(communicator: Counter, made: bool) -> None:
    communicator.till.sell(bread("0"))
    communicator.bench.tick(5)
    communicator.wire.cut = {"fastSale": "after" if made else "before"}
    with pytest.raises(DriveUnreachableError):
        communicator.till.sell(bread("1"))
    communicator.restart(0)
    if made:
        number, sign = communicator.truth()[1]
        answer = {"TerminalID": "ZZ000000000000", "ReceiptSeq": number, "FiscalSign": sign}
        communicator.till.settle("1", answer | {"DateTime": "2026-07-01 09:02:00", "QRCodeURL": ""})
    else:
        assert communicator.till.settle("1", None).attempts == 0
        communicator.till.finish_pending()
    assert communicator.answers("0", "1") == communicator.truth()
    assert communicator.bench.number == 2
    with pytest.raises(OrderError, match=r"order 1 waits for no lost answer"):
        communicator.till.settle("1", None)


def test_settling_by_command(
    tmp_path: Path, communicator: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    communicator.wire.cut = {"advance": "after"}
    with pytest.raises(DriveUnreachableError):
        communicator.till.sell(bread("1", type=1))
    where = ["--dir", str(communicator.folder), "settle"]
    assert main([*where, "1", "--again"]) == 1
    assert "in use" in capsys.readouterr().err, "the till is still running"
    communicator.book.close()
    right = ["17", "012345678901", "2026-07-01 09:30:00", "ZZ000000000000"]
    for place, (wrong, field) in enumerate(
        [("0", "number"), ("1234", "sign"), ("yesterday", "time"), ("ZZ1", "terminal")]
    ):
        assert main([*where, "1", "--made", *right[:place], wrong, *right[place + 1 :]]) == 1
        assert f"error: {field}: " in capsys.readouterr().err
    assert main([*where, "1", "--made", *right]) == 0
    assert '"pending": false' in capsys.readouterr().out
    assert main([*where, "2", "--again"]) == 1
    assert "there is no order 2" in capsys.readouterr().err
    communicator.open()
    assert communicator.answers("1") == [(17, "012345678901")]
