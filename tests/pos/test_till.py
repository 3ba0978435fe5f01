"""The till on the drive: UZ-POS-01, UZ-POS-03, UZ-SHF-08, UZ-SVC-03, HB-04; no step loses or doubles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reference.drive.drive import _wipe
from reference.pos.drive_client import DriveClient
from reference.pos.errors import DriveRefusedError, DriveUnreachableError, OverRefundError, TillError
from reference.pos.order import read_day
from reference.protocol.uz.standin import SyncFlags
from tests.drive.doubles import losing, make_module
from tests.pos.conftest import Shop, bread
from tests.pos.ways import Through


def test_an_order_becomes_a_receipt_with_no_step_by_the_cashier(shop: Shop) -> None:
    """UZ-POS-01, UZ-SHF-08"""
    sale = shop.till.sell(bread("1"))
    assert sale.answer is not None
    assert (sale.answer["ReceiptSeq"], sale.answer["FiscalSign"]) == (1, "271368829008")
    assert shop.bench.core.shift(shop.bench.factory_id, 0).sales == 1
    assert shop.till.notices.texts == []


def test_a_shift_is_opened_anew_after_a_close(shop: Shop) -> None:
    shop.till.sell(bread("1"))
    shop.bench.tick(60)
    report = shop.till.close_day()
    assert (report["TotalSaleCount"], report["TotalCash"]["Sale"]) == (1, 500_000)
    shop.bench.tick(60)
    assert shop.till.sell(bread("2")).answer is not None
    assert shop.bench.core.shift(shop.bench.factory_id, 0).sales == 1


def test_yesterdays_shift_is_warned_of(shop: Shop) -> None:
    """UZ-SHF-08"""
    shop.till.sell(bread("1"))
    shop.bench.tick(86_400)
    shop.till.sell(bread("2"))
    shop.till.sell(bread("3"))
    (notice,) = shop.till.notices.texts
    assert "Shift of 2026-07-01 is still open" in notice


def test_times_never_repeat(shop: Shop) -> None:
    """TM-05: three sales in one second of a clock that stands still"""
    times = [shop.till.sell(bread(str(number))).answer["DateTime"] for number in range(3)]  # type: ignore[index]
    assert len(set(times)) == 3


# --- cures ---------------------------------------------------------------------------------------------


def test_a_locked_module_is_synced_first(shop: Shop) -> None:
    """HB-06"""
    shop.bench.card.module = make_module(
        shop.bench.now() - timedelta(hours=1), factory_id=shop.bench.factory_id, start_locked=True
    )
    with pytest.raises(TillError, match=r"locked by the operator"):
        shop.till.sell(bread("1"))
    shop.bench.books.sync_flags = SyncFlags.CHANGE_LOCK
    assert [sale.order.id for sale in shop.till.finish_pending()] == ["1"]


@pytest.mark.parametrize("days", [3, -1])
def test_a_wrong_clock_is_cured_by_a_state_sync(shop: Shop, days: int) -> None:
    """HB-04: 9091 three days later, "in the past" with a clock set back"""
    shop.till.sell(bread("1"))
    if days > 0:
        shop.bench.tick(days * 86_400)
    else:
        shop.bench.clock.set_skew(days * 86_400)
    shop.restart()
    answer = shop.till.sell(bread("2")).answer
    assert answer is not None
    assert answer["ReceiptSeq"] == 2


def test_a_failing_state_sync_is_ignored_by_the_sale(shop: Shop) -> None:
    """HB-05"""
    shop.till.sell(bread("1"))
    shop.bench.clock.set_skew(-60)
    shop.restart()
    shop.bench.books.unreachable.add("*")
    assert shop.till.sell(bread("2")).answer is not None
    assert "state sync failed" in shop.till.notices.texts[0]


def test_a_shift_closed_by_somebody_else(shop: Shop) -> None:
    """HB-04: 9021 at the registration"""
    shop.till.sell(bread("1"))
    bench = shop.bench
    register = shop.client.register

    def closing(txid: int) -> dict[str, object]:
        shop.client.register = register  # type: ignore[method-assign]
        bench.core.close_shift(bench.factory_id, bench.tick(60))
        bench.tick()
        return register(txid)

    shop.client.register = closing  # type: ignore[method-assign]
    bench.tick()
    assert shop.till.sell(bread("2")).answer is not None
    assert bench.core.memory(bench.factory_id).zreports_count == 2


def test_a_full_shift_is_closed_and_a_new_one_opened(shop: Shop) -> None:
    """9040"""
    shop.bench.card.module = make_module(
        shop.bench.now() - timedelta(hours=1), factory_id=shop.bench.factory_id, limits={"z_operations": 2}
    )
    for number in range(5):
        shop.bench.tick()
        shop.till.sell(bread(str(number)))
    assert shop.bench.core.memory(shop.bench.factory_id).zreports_count == 3


def test_a_database_lost_behind_the_tills_back(shop: Shop) -> None:
    """The service has lost the TXID: the module is asked, never guessed."""
    shop.till.sell(bread("1"))
    order = bread("2")
    shop.wire.cut[len(shop.wire.calls) + 3] = "after"  # RegisterTXID: info, shift, GetTXID come before
    with pytest.raises(DriveUnreachableError):
        shop.till.sell(order)
    assert shop.bench.number == 2
    _wipe(shop.bench.core.stage.receipts.database)
    (sale,) = shop.till.finish_pending()
    assert sale.answer is not None
    assert (sale.answer["ReceiptSeq"], sale.answer["FiscalSign"]) == (2, "263237644884")
    assert sale.answer["QRCodeURL"].endswith("&s=263237644884")
    assert shop.bench.number == 2


def test_a_database_lost_before_anything_was_registered(shop: Shop) -> None:
    shop.wire.cut[len(shop.wire.calls) + 5] = "before"
    with pytest.raises(DriveUnreachableError):
        shop.till.sell(bread("1"))
    _wipe(shop.bench.core.stage.receipts.database)
    (sale,) = shop.till.finish_pending()
    assert sale.answer is not None
    assert shop.bench.number == 1


def test_a_cut_cable_is_tried_once_more(shop: Shop) -> None:
    """UZ-USB-02"""
    for how in ("before", "after"):
        shop.bench.card.lose = losing("001700", how)
        assert shop.till.sell(bread(how)).answer is not None
    assert shop.bench.number == 2
    module, shop.bench.card.module = shop.bench.card.module, None
    with pytest.raises(TillError, match=r"no card found"):
        shop.till.sell(bread("3"))
    shop.bench.card.module = module
    assert [sale.order.id for sale in shop.till.finish_pending()] == ["3"]


def test_what_the_module_refuses_for_good_is_not_tried_again(shop: Shop) -> None:
    shop.bench.card.module = make_module(
        shop.bench.now() - timedelta(hours=1), factory_id=shop.bench.factory_id, limits={"sale_cash": 1}
    )
    with pytest.raises(DriveRefusedError, match=r"9044"):
        shop.till.sell(bread("1"))
    assert shop.book.sale("1").refusal == "9044 - CASH_ACCUMULATOR_OVERFLOW"
    assert shop.till.finish_pending() == []


def test_a_blocked_module_keeps_the_order(shop: Shop) -> None:
    """UZ-OFF-03, UZ-OFF-04"""
    shop.till.sell(bread("1"))
    for _ in range(2):
        shop.bench.tick(86_000)
        shop.bench.core.sync_state(shop.bench.factory_id)
    shop.bench.tick(1000)
    shop.bench.books.unreachable.add("*")
    with pytest.raises(TillError, match=r"order 2 is kept: 9031 - SEND_ALL_RECEIPTS_FIRST"):
        shop.till.sell(bread("2"))
    with pytest.raises(TillError):
        shop.till.sell(bread("3"))
    assert any("failed to sync" in text for text in shop.till.notices.texts)
    shop.bench.books.unreachable.clear()
    assert [sale.order.id for sale in shop.till.finish_pending()] == ["2", "3"]


def test_it_does_not_try_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_receipt: object) -> int:
        raise DriveRefusedError(500, "9030 - DATETIME_IS_IN_THE_PAST")

    monkeypatch.setattr(shop.client, "get_txid", refuse)
    with pytest.raises(DriveRefusedError, match=r"9030"):
        shop.till.sell(bread("1"))


# --- outages and crashes -------------------------------------------------------------------------------


def test_a_stopped_service_does_not_stop_the_taking_of_orders(shop: Shop) -> None:
    """UZ-SVC-03"""
    shop.till.sell(bread("0"))
    shop.wire.down = True
    for number in range(1, 4):
        with pytest.raises(DriveUnreachableError, match=r"fiscal service does not answer"):
            shop.till.sell(bread(str(number)))
    shop.wire.down = False
    shop.till.sell(bread("4"))
    assert [shop.answer(str(number))["ReceiptSeq"] for number in range(5)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("call", range(6))
def test_a_crash_at_any_call_loses_and_doubles_nothing(shop: Shop, call: int, how: str) -> None:
    """Till and way break at each call of a sale in turn, twice, and the till is started again."""
    shop.till.sell(bread("0"))
    for _ in range(2):
        shop.bench.tick()
        shop.wire.cut[len(shop.wire.calls) + call % 4] = how
        try:
            if shop.book.known("1"):
                shop.till.finish_pending()
            else:
                shop.till.sell(bread("1"))
        except DriveUnreachableError:
            shop.restart()
    shop.wire.cut.clear()
    shop.bench.tick()
    shop.till.sell(bread("2"))
    numbers = [shop.answer(order_id)["ReceiptSeq"] for order_id in ("0", "1", "2")]
    assert (numbers, shop.bench.number) == ([1, 2, 3], 3)
    assert shop.bench.core.memory(shop.bench.factory_id).cash.sale == 1_500_000  # type: ignore[union-attr]


@pytest.mark.parametrize("step", ["prepare", "attempt", "answer"])
def test_a_till_killed_before_it_notes_a_step(shop: Shop, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.till.sell(bread("0"))

    def killed(*_arguments: object, **_more: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(shop.book, step, killed)
    with pytest.raises(KeyboardInterrupt):
        shop.till.sell(bread("1"))
    shop.restart()
    shop.bench.tick()
    shop.till.sell(bread("2"))
    assert [shop.answer(order_id)["ReceiptSeq"] for order_id in ("0", "1", "2")] == [1, 2, 3]
    assert shop.bench.number == 3


# --- refunds -------------------------------------------------------------------------------------------


def test_refund_of_a_stored_sale(shop: Shop) -> None:
    """UZ-POS-03"""
    shop.till.sell(bread("1"))
    shop.bench.core.sync_full_receipts(shop.bench.factory_id, 32)
    sale = shop.till.refund("1", "1-R")
    assert sale.answer is not None
    assert sale.receipt is not None
    assert sale.receipt["RefundInfo"] == {
        "TerminalID": "ZZ000000000000",
        "ReceiptSeq": 1,
        "DateTime": shop.answer("1")["DateTime"].translate(str.maketrans("", "", "- :")),
        "FiscalSign": "271368829008",
    }
    assert shop.bench.core.shift(shop.bench.factory_id, 0).refunds == 1
    with pytest.raises(OverRefundError, match=r"nothing is left"):
        shop.till.refund("1", "1-R2")


def test_a_sale_that_waits_is_sent_before_its_refund(shop: Shop) -> None:
    """UZ-POS-03: the operator cannot know what he was not told"""
    shop.till.sell(bread("1"))
    assert shop.till.refund("1", "1-R").answer is not None


def test_a_refund_of_a_sale_that_the_operator_has_lost_is_refused(shop: Shop) -> None:
    shop.till.sell(bread("1"))
    shop.bench.core.sync_full_receipts(shop.bench.factory_id, 32)
    shop.bench.books.receipts.clear()
    with pytest.raises(DriveRefusedError, match=r"RefundInfo is not valid"):
        shop.till.refund("1", "1-R")


def test_a_refund_waits_while_the_service_sends_by_itself(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UZ-POS-03: only when nothing is left to be sent does the operator know all that he will know"""
    shop.till.sell(bread("1"))

    def busy() -> int:
        raise DriveRefusedError(500, "sync is running")

    with monkeypatch.context() as sending:
        sending.setattr(shop.client, "send_receipts", busy)
        with pytest.raises(TillError, match=r"is kept: the operator may not have seen"):
            shop.till.refund("1", "1-R")
    assert [sale.order.id for sale in shop.till.finish_pending()] == ["1-R"]


def test_a_refund_that_waits_counts_as_given(shop: Shop) -> None:
    shop.till.sell(bread("1"))
    shop.bench.books.unreachable.add("*")
    with pytest.raises(TillError, match=r"is kept: cannot check RefundInfo"):
        shop.till.refund("1", "1-R")
    with pytest.raises(OverRefundError):
        shop.till.refund("1", "1-R2")
    shop.bench.books.unreachable.clear()
    shop.bench.core.sync_full_receipts(shop.bench.factory_id, 32)
    assert [sale.order.id for sale in shop.till.finish_pending()] == ["1-R"]


def test_a_days_sales(shop: Shop) -> None:
    """The café's whole day, sums against the Z-report (UZ-SHF-04)."""
    day = read_day(json.loads(Path("reference/pos/cafe-day.json").read_text(encoding="utf-8")))
    for order in day.orders:
        shop.bench.tick(30)
        if order.refund_order:
            shop.bench.core.sync_full_receipts(shop.bench.factory_id, 32)
            shop.till.refund(order.refund_order, order.id)
        else:
            shop.till.sell(order)
    shop.bench.tick()
    report = shop.till.close_day()
    sales = [order for order in day.orders if not order.refund_order]
    (refund,) = [order for order in day.orders if order.refund_order]
    assert (report["TotalSaleCount"], report["TotalRefundCount"]) == (len(sales), 1)
    assert report["TotalCash"] == {"Sale": sum(o.payment.cash for o in sales), "Refund": refund.payment.cash}
    assert report["TotalCard"] == {"Sale": sum(o.payment.card for o in sales), "Refund": refund.payment.card}
    vat = sum(line.vat for order in sales for line in order.lines)
    assert report["TotalVAT"] == {"Sale": vat, "Refund": sum(line.vat for line in refund.lines)}


# --- the client ----------------------------------------------------------------------------------------


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> DriveClient:
    return DriveClient("http://drive", "F", way=Through(httpx.MockTransport(answer)))


@pytest.mark.parametrize("text", ["17", '"17"', '{"TXID":17}', '{"txid":"17"}', '{"value":17}'])
def test_txids_in_every_dress(text: str) -> None:
    """HB-08"""
    assert client_of(lambda _request: httpx.Response(200, text=text)).get_txid({}) == 17


@pytest.mark.parametrize("text", ["", "none", "{}", "[1]", "1.5"])
def test_answers_without_a_txid(text: str) -> None:
    with pytest.raises(DriveRefusedError, match=r"holds no TXID"):
        client_of(lambda _request: httpx.Response(200, text=text)).get_txid({})


def test_answers_that_are_no_objects() -> None:
    with pytest.raises(DriveRefusedError, match=r"is no object"):
        client_of(lambda _request: httpx.Response(200, text="[]")).info()
    client = client_of(lambda _request: httpx.Response(502, text="<html>bad gateway"))
    with pytest.raises(DriveRefusedError, match=r"bad gateway") as refused:
        client.memory()
    assert refused.value.status == 502


def test_no_module_in_the_list() -> None:
    client = DriveClient(
        "http://drive", way=Through(httpx.MockTransport(lambda _request: httpx.Response(200, text="[]")))
    )
    with pytest.raises(DriveRefusedError, match=r"no card found"):
        client.info()


@pytest.mark.parametrize("method", ["shift", "receipt"])
def test_not_found_is_nothing_and_other_errors_are_errors(method: str) -> None:
    reasons = iter(["9020 - NOT_FOUND", "9011 - INVALID_INDEX"])
    client = client_of(lambda _request: httpx.Response(404, json={"Reason": next(reasons)}))
    assert getattr(client, method)(0) is None
    with pytest.raises(DriveRefusedError, match=r"9011"):
        getattr(client, method)(0)
