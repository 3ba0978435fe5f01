"""Everything the till does, over each of the four dialects (UZ-POS-01, UZ-POS-03, UZ-SHF-08, UZ-SVC-03)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from reference.pos.errors import DriveRefusedError, DriveUnreachableError, OverRefundError, TillError
from reference.pos.order import Line, Payment, read_day
from reference.pos.shop.drive_state import look_at
from reference.protocol.uz.receipt import Receipt, encode_full_receipt
from tests.drive.doubles import TERMINAL, make_module
from tests.pos.fiscal.conftest import Counter, bread
from tests.waiting import eventually


def test_a_sale_and_what_the_cashier_sees_of_it(counter: Counter) -> None:
    """UZ-POS-01, UZ-OFF-06"""
    sale = counter.till.sell(bread("1"))
    assert sale.answer is not None
    assert counter.answers("1") == counter.truth() == [(1, sale.answer["FiscalSign"])]
    assert len(sale.answer["FiscalSign"]) == 12
    assert sale.answer["TerminalID"] == TERMINAL
    assert sale.answer["QRCodeURL"].endswith(f"&s={sale.answer['FiscalSign']}")
    assert sale.answer["DateTime"][4] == sale.answer["DateTime"][7] == "-"
    seen = look_at(counter.service, counter.bench.now())
    assert (seen.reachable, seen.trouble, seen.terminal, seen.unsent) == (True, "", TERMINAL, 1)
    assert seen.dialect == counter.wire.dialect
    assert seen.address.startswith("http://127.0.0.1:")
    assert seen.shift_opened is not None
    assert not seen.shift_is_yesterdays


def test_what_a_dialect_does_not_say_is_unknown_and_not_guessed(counter: Counter) -> None:
    """UZ-OFF-06"""
    counter.till.sell(bread("1"))
    seen = look_at(counter.service, counter.bench.now())
    silent = {
        "rest": (),
        "rpc1": ("locked",),
        "qpos": ("factory_id", "locked", "oldest_unsent", "seconds_left"),
        "communicator": ("locked",),
    }
    assert seen.unknown == silent[counter.wire.dialect]
    assert all(not getattr(seen, name) and getattr(seen, name) is not False for name in seen.unknown)
    if "seconds_left" not in seen.unknown:
        assert seen.seconds_left is not None
        assert abs(48 * 3600 - seen.seconds_left) <= 10
    counter.send_all()
    empty = look_at(counter.service, counter.bench.now())
    assert (empty.unsent, empty.oldest_unsent, empty.seconds_left) == (0, None, None)
    assert "seconds_left" not in empty.unknown


def test_acknowledged_receipts_are_those_the_module_holds_no_more(counter: Counter) -> None:
    for number in range(3):
        counter.till.sell(bread(str(number)))
        counter.bench.tick()
    held = counter.service.held()
    assert held == (None if counter.wire.dialect == "qpos" else {1, 2, 3})
    counter.send_all()
    assert counter.service.held() == set()


def test_a_refund_of_a_sale(counter: Counter) -> None:
    """UZ-POS-03"""
    counter.till.sell(bread("1"))
    counter.send_all()
    counter.bench.tick(5)
    refund = counter.till.refund("1", "1-R")
    assert counter.answers("1", "1-R") == counter.truth()
    assert refund.answer is not None
    assert refund.answer["ReceiptSeq"] == 2
    assert counter.bench.core.shift(counter.bench.factory_id, 0).refunds == 1
    with pytest.raises(OverRefundError):
        counter.till.refund("1", "1-R2")


def test_a_refund_whose_sale_the_operator_has_not_yet_waits_for_it(counter: Counter) -> None:
    """UZ-POS-03: where sending is the service's own affair, the refund is kept until it was done."""
    counter.till.sell(bread("1"))
    counter.bench.tick(5)
    if counter.service.sends_at_once:
        assert counter.till.refund("1", "1-R").answer is not None
        return
    with pytest.raises(TillError, match=r"1-R is kept: the operator may not have seen"):
        counter.till.refund("1", "1-R")
    assert counter.book.sale("1-R").refusal is None
    eventually(lambda: counter.service.facts().unsent == 0)
    counter.bench.tick(60)
    assert [sale.order.id for sale in counter.till.finish_pending()] == ["1-R"]
    assert counter.answers("1", "1-R") == counter.truth()


def test_a_refund_of_what_the_operator_never_saw_is_refused_at_last(counter: Counter) -> None:
    """UZ-POS-03: nothing waits to be sent, and still it does not know the sale."""
    counter.till.sell(bread("1"))
    counter.send_all()
    counter.bench.books.receipts.clear()
    counter.bench.tick(5)
    with pytest.raises(DriveRefusedError, match=r"(?i)not valid"):
        counter.till.refund("1", "1-R")
    assert counter.book.sale("1-R").refusal is not None
    assert counter.bench.number == 1


def test_the_shift_is_opened_closed_and_reported(counter: Counter) -> None:
    """UZ-SHF-08, UZ-SHF-04"""
    counter.till.sell(bread("1"))
    counter.bench.tick(60)
    counter.till.sell(bread("2", payment=Payment(cash=200_000, card=300_000)))
    counter.bench.tick(60)
    report = counter.till.close_day()
    assert report["TerminalID"] == TERMINAL
    assert (report["TotalSaleCount"], report["TotalRefundCount"]) == (2, 0)
    assert report["TotalCash"] == {"Sale": 700_000, "Refund": 0}
    assert report["TotalCard"] == {"Sale": 300_000, "Refund": 0}
    assert report["TotalVAT"]["Sale"] == 2 * bread("x").lines[0].vat
    assert (report["FirstReceiptSeq"], report["LastReceiptSeq"]) == (1, 2)
    assert report["OpenTime"] < report["CloseTime"]
    assert look_at(counter.service, counter.bench.now()).shift_opened is None
    counter.bench.tick(60)
    assert counter.till.sell(bread("3")).answer is not None
    assert counter.bench.core.memory(counter.bench.factory_id).zreports_count == 2


def test_no_shift_ever_is_no_shift(counter: Counter) -> None:
    assert counter.service.shift() is None
    assert counter.service.shift(3) is None


def test_yesterdays_shift_is_warned_of(counter: Counter) -> None:
    """UZ-SHF-08"""
    counter.till.sell(bread("1"))
    counter.bench.tick(86_400)
    assert look_at(counter.service, counter.bench.now()).shift_is_yesterdays
    counter.till.sell(bread("2"))
    (notice,) = counter.till.notices.texts
    assert "Shift of 2026-07-01 is still open" in notice


def test_a_stopped_service_does_not_stop_the_taking_of_orders(counter: Counter) -> None:
    """UZ-SVC-03"""
    counter.till.sell(bread("0"))
    counter.wire.down = True
    assert not look_at(counter.service, counter.bench.now()).reachable
    for number in range(1, 4):
        with pytest.raises(DriveUnreachableError, match=r"fiscal service does not answer"):
            counter.till.sell(bread(str(number)))
    counter.wire.down = False
    for number in range(1, 4):
        counter.bench.tick(5)
        counter.till.fiscalise(counter.book.sale(str(number)))
    counter.bench.tick(5)
    counter.till.sell(bread("4"))
    assert counter.answers("0", "1", "2", "3", "4") == counter.truth()
    assert counter.bench.number == 5


def test_a_shift_closed_by_somebody_else_is_opened_again(counter: Counter) -> None:
    """HB-04"""
    counter.till.sell(bread("1"))
    counter.bench.tick(60)
    counter.bench.core.close_shift(counter.bench.factory_id, counter.bench.tick(60))
    counter.bench.tick()
    counter.till.start_day = lambda: None  # type: ignore[method-assign]  # the till has looked just before
    assert counter.till.sell(bread("2")).answer is not None
    assert counter.bench.core.memory(counter.bench.factory_id).zreports_count == 2
    assert counter.answers("1", "2") == counter.truth()


def test_a_full_shift_is_closed_and_a_new_one_opened(counter: Counter) -> None:
    counter.bench.card.module = make_module(
        counter.bench.now() - timedelta(hours=1),
        factory_id=counter.bench.factory_id,
        limits={"z_operations": 2},
    )
    for number in range(5):
        counter.bench.tick(5)
        counter.till.sell(bread(str(number)))
    assert counter.bench.core.memory(counter.bench.factory_id).zreports_count == 3
    assert counter.answers(*"01234") == counter.truth()


def test_a_module_that_is_pulled_out_refuses_no_order(counter: Counter) -> None:
    """UZ-USB-01"""
    counter.till.sell(bread("1"))
    module, counter.bench.card.module = counter.bench.card.module, None
    with pytest.raises(TillError, match=r"order 2 is kept"):
        counter.till.sell(bread("2"))
    assert look_at(counter.service, counter.bench.now()).trouble
    assert counter.book.sale("2").refusal is None
    counter.bench.card.module = module
    counter.bench.tick(60)
    assert [sale.order.id for sale in counter.till.finish_pending()] == ["2"]
    assert counter.answers("1", "2") == counter.truth()


def test_a_locked_module_keeps_the_order_and_is_told(counter: Counter) -> None:
    """UZ-OFF-05"""
    counter.bench.card.module = make_module(
        counter.bench.now() - timedelta(hours=1), factory_id=counter.bench.factory_id, start_locked=True
    )
    with pytest.raises(TillError, match=r"lock"):
        counter.till.sell(bread("1"))
    assert counter.book.sale("1").refusal is None
    seen = look_at(counter.service, counter.bench.now())
    assert (seen.locked, seen.trouble) == (True, "locked")
    counter.bench.card.module = make_module(
        counter.bench.now() - timedelta(hours=1), factory_id=counter.bench.factory_id
    )
    counter.bench.tick(60)
    assert [sale.order.id for sale in counter.till.finish_pending()] == ["1"]
    assert look_at(counter.service, counter.bench.now()).trouble == ""


def test_marked_goods_go_with_their_code(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """UZ-POS-06: seen where the service makes the receipt's bytes, for it keeps none once they are sent."""
    label, made = "010478000000001221abcdEFGH", []

    def encode(receipt: Receipt) -> bytes:
        made.append(receipt)
        return encode_full_receipt(receipt)

    monkeypatch.setattr("reference.drive.registration.encode_full_receipt", encode)
    line = Line(name="Suv", price=500_000, mxik="02201001001000000", label=label, barcode="4780000000012")
    counter.till.sell(bread("1", lines=(line,)))
    assert [[item.label for item in receipt.items] for receipt in made] == [[label]]


def test_times_never_repeat(counter: Counter) -> None:
    """TM-05: three sales in one second of a clock that stands still"""
    times = [counter.till.sell(bread(str(number))).answer["DateTime"] for number in range(3)]  # type: ignore[index]
    assert len(set(times)) == 3


def test_a_days_sales(counter: Counter) -> None:
    """UZ-SHF-04: the café's whole day, sums against the Z-report."""
    day = read_day(json.loads(Path("reference/pos/cafe-day.json").read_text(encoding="utf-8")))
    for order in day.orders:
        counter.bench.tick(30)
        if order.refund_order:
            counter.send_all()
            counter.till.refund(order.refund_order, order.id)
        else:
            counter.till.sell(order)
    counter.bench.tick()
    report = counter.till.close_day()
    sales = [order for order in day.orders if not order.refund_order]
    assert (report["TotalSaleCount"], report["TotalRefundCount"]) == (len(sales), 1)
    assert report["TotalCash"]["Sale"] == sum(order.payment.cash for order in sales)
    assert report["TotalCard"]["Sale"] == sum(order.payment.card for order in sales)
    assert counter.answers(*(order.id for order in day.orders)) == counter.truth()
