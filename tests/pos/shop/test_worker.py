"""What the point of sale does by itself, and what the cashier sees of the service."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from reference.pos.errors import BookError
from reference.pos.order_book import FAULT_POINT, OrderBook
from reference.pos.shop.drive_state import day_is_over, look_at
from reference.pos.shop.fiscal_desk import TOGETHER
from reference.protocol.uz.standin import SyncFlags
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from tests.drive.doubles import make_module
from tests.pos.shop.conftest import Cafe
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("opened", "now", "over"),
    [
        ("2026-07-01 09:00", "2026-07-01 23:29:59", False),
        ("2026-07-01 09:00", "2026-07-01 23:30:00", True),
        ("2026-07-01 09:00", "2026-07-01 23:59:59", True),
        ("2026-07-01 09:00", "2026-07-02 00:00:00", False),
        ("2026-07-01 23:40", "2026-07-01 23:50", False),
        ("2026-07-01 23:40", "2026-07-02 23:30", True),
    ],
)
def test_a_day_ends_at_its_hour_and_only_that_day(opened: str, now: str, over: bool) -> None:
    times = datetime.fromisoformat(opened), datetime.fromisoformat(now)
    assert day_is_over(*times, "23:30") is over
    assert not day_is_over(*times, "")


def test_a_round_makes_receipts_and_says_where_things_stand(cafe: Cafe) -> None:
    """UZ-OFF-06"""
    cafe.pay(cafe.order((cafe.tea, 1000)))
    standing = cafe.worker.round()
    assert (standing.waiting, standing.trouble, standing.drive.unsent) == (0, "", 1)
    assert standing.drive.terminal == "ZZ000000000000"
    assert standing.drive.seconds_left is not None
    assert abs(standing.drive.seconds_left - 48 * 3600) <= 1
    cafe.till.bench.tick(3600)
    later = cafe.worker.round().drive.seconds_left
    assert later == standing.drive.seconds_left - 3600
    cafe.till.bench.core.sync_full_receipts(cafe.till.bench.factory_id, 32)
    assert cafe.worker.round().drive.seconds_left is None
    order = cafe.orders.all()[0]
    fiscal = cafe.fiscal.of(order.id)
    assert fiscal is not None
    assert fiscal.acknowledged


@pytest.mark.parametrize("where", [FAULT_POINT, "journal.sync"])
def test_a_disk_that_is_full_is_told_and_sales_go_on(cafe: Cafe, tmp_path: Path, where: str) -> None:
    """Each becomes one receipt once there is room again; nobody has to start anything anew."""
    faults = FaultPoints(
        journal_points(FAULT_POINT), cafe.till.bench.clock, "pos", journal_actions(FAULT_POINT)
    )
    till = cafe.fiscal.till
    till.book = OrderBook(tmp_path / "journal", faults)
    full = faults.add(point=where, action="error", value="ENOSPC", skip=1, count=None)
    orders = [cafe.order((cafe.tea, 1000)) for _ in range(2)]
    cafe.pay(orders[0])
    cafe.worker.start()
    eventually(lambda: "No space left" in cafe.worker.standing.trouble)
    cafe.pay(orders[1])
    with pytest.raises(BookError, match="cannot be written"):
        cafe.worker.close_shift()
    with pytest.raises(BookError, match="cannot be written"):
        cafe.fiscal.prove_chain(cafe.settings.read())
    assert cafe.worker.round().waiting == 2
    faults.remove(full.id)
    cafe.worker.kick()
    eventually(lambda: not cafe.worker.standing.waiting)
    cafe.worker.stop()
    assert cafe.worker.standing.trouble == ""
    made = [cafe.fiscal.of(order.id) for order in orders]
    assert [each and each.number for each in made] == [1, 2]
    assert cafe.worker.round().drive.unsent == 2
    till.book.close()


def test_a_database_that_does_not_answer_is_told(cafe: Cafe, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the worker goes on."""

    def full(**_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    cafe.pay(cafe.order((cafe.tea, 1000)))
    monkeypatch.setattr(cafe.fiscal, "run", full)
    cafe.worker.start()
    eventually(lambda: "database" in cafe.worker.standing.trouble)
    monkeypatch.undo()
    cafe.worker.kick()
    eventually(lambda: cafe.fiscal.waiting() == 0 and cafe.worker.standing.trouble == "")
    cafe.worker.stop()


def test_a_service_that_is_gone_is_told_and_comes_back(cafe: Cafe) -> None:
    """UZ-SVC-03"""
    cafe.till.wire.down = True
    cafe.pay(cafe.order((cafe.tea, 1000)))
    standing = cafe.worker.round()
    assert (standing.drive.reachable, standing.waiting) == (False, 1)
    cafe.till.wire.down = False
    assert cafe.worker.round().waiting == 0


def test_a_pulled_key_is_told(cafe: Cafe) -> None:
    """UZ-USB-01"""
    kept, cafe.till.bench.card.module = cafe.till.bench.card.module, None
    standing = cafe.worker.round()
    assert standing.drive.reachable
    assert standing.drive.terminal == ""
    assert standing.drive.trouble
    cafe.till.bench.card.module = kept
    assert cafe.worker.round().drive.terminal == "ZZ000000000000"


@pytest.mark.parametrize("calls", range(1, 9))
def test_a_key_that_comes_back_in_a_round_lets_nobody_overtake(
    cafe: Cafe, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """UZ-SVC-03, PS-03: after however many calls it is back, receipts are in the order of payment."""
    wire, card = cafe.till.wire, cafe.till.bench.card
    orders = []
    for _ in range(3):
        orders.append(cafe.order((cafe.tea, 1000)))
        cafe.pay(orders[-1])
    cafe.fiscal.run()  # with the module's name known, and everything else as after a morning's work
    sold = len(orders)
    for _ in range(3):
        orders.append(cafe.order((cafe.tea, 1000)))
        cafe.pay(orders[-1])
    kept, card.module = card.module, None
    begun = len(wire.calls)
    handle = wire.handle_request

    def back_in_time(request: httpx.Request) -> httpx.Response:
        if len(wire.calls) - begun >= calls:
            card.module = kept
        return handle(request)

    monkeypatch.setattr(wire, "handle_request", back_in_time)
    for _ in range(calls + 3):
        cafe.till.bench.tick(5)
        cafe.fiscal.run()
    numbers = [fiscal.number for order in orders if (fiscal := cafe.fiscal.of(order.id)) is not None]
    assert numbers == list(range(1, sold + 4))


def test_a_locked_module_is_told(cafe: Cafe) -> None:
    bench = cafe.till.bench
    bench.card.module = make_module(bench.now(), factory_id=bench.factory_id, start_locked=True)
    found = look_at(cafe.till.client, bench.now())
    assert (found.locked, found.trouble) == (True, "locked")


def test_the_shift_is_closed_at_the_end_of_the_day(cafe: Cafe) -> None:
    """UZ-SHF-08"""
    cafe.sold((cafe.tea, 1000))
    assert cafe.worker.round().drive.shift_opened is not None
    now = cafe.till.bench.now()
    end = now.replace(hour=23, minute=30, second=0)
    cafe.till.bench.tick((end - now).total_seconds())
    assert cafe.worker.round().drive.shift_opened is None
    assert [kind for kind, _ in cafe.changes()].count("shift") == 1


def test_a_shift_that_was_just_closed_is_not_closed_once_more(cafe: Cafe) -> None:
    """The day ends in the same second: what was seen before the cashier closed it counts no more."""
    cafe.sold((cafe.tea, 1000))
    now = cafe.till.bench.now()
    cafe.till.bench.tick((now.replace(hour=23, minute=29, second=59) - now).total_seconds() + 0.4)
    assert cafe.worker.round().drive.shift_opened is not None
    cafe.worker.close_shift()
    cafe.till.bench.tick(0.7)
    standing = cafe.worker._round(prompt=False)
    assert (standing.drive.shift_opened, standing.trouble) == (None, "")
    assert [kind for kind, _ in cafe.changes()].count("shift") == 1


def test_yesterdays_shift_is_warned_of_and_not_closed(cafe: Cafe) -> None:
    """UZ-SHF-08"""
    cafe.sold((cafe.tea, 1000))
    cafe.till.bench.tick(86_400)
    standing = cafe.worker.round()
    assert standing.drive.shift_is_yesterdays
    assert standing.drive.shift_opened is not None
    report = cafe.worker.close_shift()
    assert (report["TotalSaleCount"], report["TotalCash"]["Sale"]) == (1, 5_000_00)
    assert not cafe.worker.round().drive.shift_is_yesterdays


def test_the_thread_works_when_kicked(cafe: Cafe) -> None:
    cafe.worker.start()
    try:
        cafe.pay(cafe.order((cafe.tea, 1000)))
        cafe.worker.kick()
        eventually(lambda: cafe.fiscal.waiting() == 0)
    finally:
        cafe.worker.stop()


def test_a_test_receipt_proves_the_chain(cafe: Cafe) -> None:
    """UZ-POS-02"""
    proof = cafe.fiscal.prove_chain(cafe.settings.read())
    assert (proof.number, len(proof.sign), cafe.fiscal.waiting()) == (1, 12, 0)
    shift = cafe.till.bench.core.shift(cafe.till.bench.factory_id, 0)
    assert (shift.sales, shift.refunds) == (1, 1)
    assert cafe.orders.all() == []


def test_receipts_are_asked_for_one_by_one_only_when_one_may_be_gone(cafe: Cafe) -> None:
    """UZ-OFF-06: a long outage is not walked through at every look; what is acknowledged is known at once."""
    wire, bench = cafe.till.wire, cafe.till.bench
    asked = []
    for _ in range(4):
        cafe.sold((cafe.tea, 1000))
        wire.calls.clear()
        cafe.worker.round()
        asked.append(wire.calls.count("Info") > 3)
    assert asked == [True, False, False, False]
    bench.core.sync_full_receipts(bench.factory_id, 2)
    cafe.worker.round()
    known = [cafe.fiscal.of(order.id) for order in cafe.orders.all()]
    assert [fiscal is not None and fiscal.acknowledged for fiscal in known] == [False, False, True, True]
    cafe.sold((cafe.tea, 1000))
    bench.core.sync_full_receipts(bench.factory_id, 32)
    cafe.worker.round()
    known = [cafe.fiscal.of(order.id) for order in cafe.orders.all()]
    assert all(fiscal is not None and fiscal.acknowledged for fiscal in known)


def test_a_round_asks_the_module_once_whether_it_is_ready(cafe: Cafe) -> None:
    """HB-06; and it is not looked at after each receipt, but once a lab second or for who wants to see."""
    wire = cafe.till.wire
    cafe.pay(cafe.order((cafe.tea, 1000)))
    cafe.worker.round()
    wire.calls.clear()
    for _ in range(2):
        cafe.pay(cafe.order((cafe.tea, 1000)))
    cafe.worker._round(prompt=False)
    assert wire.calls == ["Info", "Info", *["GetTXID", "RegisterTXID"] * 2]
    cafe.till.bench.tick(1)
    cafe.pay(cafe.order((cafe.tea, 1000)))
    wire.calls.clear()
    assert cafe.worker._round(prompt=False).drive.unsent == 3
    assert sorted(wire.calls[:3]) == ["Info", "Info", "Info"]
    assert wire.calls[3:] == ["GetTXID", "RegisterTXID"]
    assert cafe.worker.round().drive.unsent == 4


@pytest.mark.parametrize("until", ["the next day", "a lock", "a closed shift"])
def test_a_module_that_is_not_ready_any_more_is_cured(cafe: Cafe, until: str) -> None:
    """HB-04, HB-06: within the second after a look, too."""
    bench = cafe.till.bench
    cafe.pay(cafe.order((cafe.tea, 1000)))
    assert cafe.worker.round().drive.shift_opened is not None
    if until == "the next day":
        bench.tick(86_400)
    elif until == "a lock":
        hour_ago = bench.now() - timedelta(hours=1)
        bench.card.module = make_module(hour_ago, factory_id=bench.factory_id, start_locked=True)
        bench.books.sync_flags = SyncFlags.CHANGE_LOCK
    else:
        cafe.till.client.close_shift(bench.now() + timedelta(seconds=30))
    cafe.pay(cafe.order((cafe.tea, 1000)))
    cafe.worker._round(prompt=False)
    standing = cafe.worker.round()
    assert (standing.waiting, standing.trouble, standing.drive.locked) == (0, "", False)
    assert standing.drive.shift_is_yesterdays is (until == "the next day")


def test_receipts_are_noted_in_the_shop_a_few_at_a_time(cafe: Cafe, monkeypatch: pytest.MonkeyPatch) -> None:
    """UZ-POS-01: what the service registered is noted when the next ones break off, and once."""
    noted: list[int] = []
    note = cafe.fiscal._note_made
    monkeypatch.setattr(cafe.fiscal, "_note_made", lambda sales: (noted.append(len(sales)), note(sales)))
    for _ in range(TOGETHER + 3):
        cafe.pay(cafe.order((cafe.tea, 1000)))
    wire = cafe.till.wire
    cafe.worker.round()
    assert noted == [TOGETHER, 3]
    orders = [cafe.order((cafe.tea, 1000)) for _ in range(3)]
    for each in orders:
        cafe.pay(each)
    wire.cut = {len(wire.calls) + 5: "before"}
    assert cafe.fiscal.run(sure=True).done == 2
    found = [cafe.fiscal.of(order.id) for order in orders]
    assert [each.state for each in found if each] == ["done", "done", "waiting"]
    cafe.till.bench.tick(5)
    assert cafe.fiscal.run().done == 1
    kinds = [key for kind, key in cafe.changes() if kind == "fiscal"]
    assert len(kinds) == len(set(kinds)) == TOGETHER + 6


def test_a_receipt_made_after_the_look_is_not_taken_for_acknowledged(cafe: Cafe) -> None:
    """The look showed a module that holds nothing: that says nothing of what it took since."""
    bench = cafe.till.bench
    cafe.pay(cafe.order((cafe.tea, 1000)))
    cafe.worker.round()
    bench.core.sync_full_receipts(bench.factory_id, 32)
    bench.tick(5)
    last = cafe.order((cafe.tea, 1000))
    cafe.pay(last)
    assert cafe.worker._round(prompt=False).drive.unsent == 0
    found = [cafe.fiscal.of(each.id) for each in cafe.orders.all()]
    assert {each.order: each.acknowledged for each in found if each}[last.id] is False
    assert [each.acknowledged for each in found if each].count(True) == 1
