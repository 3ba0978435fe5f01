"""The shop over each dialect: orders while the service is down, the day's end, what the cashier is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.pos.fiscal.address import open_service
from reference.pos.order_book import OrderBook
from reference.pos.till import Till
from reference.runtime.refusals import RefusedError
from tests.drive.conftest import make_bench as make_bench
from tests.pos.conftest import Shop
from tests.pos.fiscal.conftest import DIALECTS, SALE_CALL, SETTLE, Wire
from tests.pos.shop.conftest import Cafe
from tests.pos.shop.conftest import cafe as cafe
from tests.pos.ways import Through


@pytest.fixture(params=DIALECTS)
def shop(make_bench: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The till below the café, in each dialect."""
    bench = make_bench()
    bench.tick(60)
    wire: Any = Wire(bench, request.param)
    service: Any = open_service(f"{request.param}:", way=Through(wire))
    book = OrderBook(tmp_path / "till" / "orders.journal")
    made = Shop(bench, wire, tmp_path / "till", service, book, Till(service, book, bench.clock))
    yield made
    made.book.close()
    service.close()


def test_orders_are_taken_while_the_service_is_down(cafe: Cafe) -> None:
    """UZ-SVC-03, UZ-POS-01"""
    wire: Any = cafe.till.wire
    wire.down = True
    first, second = cafe.order((cafe.tea, 1000)), cafe.order((cafe.plov, 1000))
    cafe.pay(first)
    cafe.pay(second, "card")
    standing = cafe.worker.round()
    assert (standing.drive.reachable, standing.waiting) == (False, 2)
    assert standing.drive.dialect == wire.dialect
    wire.down = False
    cafe.till.bench.tick(60)
    assert cafe.worker.round().waiting == 0
    made = [cafe.fiscal.of(each.id) for each in (first, second)]
    assert [one.number for one in made if one is not None] == [1, 2]
    assert all(one is not None and len(one.sign) == 12 and one.address for one in made)


@pytest.mark.parametrize("how", ["before", "after", "half"])
def test_a_lost_answer_in_the_shop_is_one_receipt(cafe: Cafe, how: str) -> None:
    """UZ-POS-01: the shop's row gets the number and sign of the one receipt."""
    wire: Any = cafe.till.wire
    made = cafe.order((cafe.tea, 1000))
    cafe.pay(made)
    wire.cut = {SALE_CALL[wire.dialect]: how}
    assert cafe.worker.round().waiting == 1
    cafe.till.bench.tick(SETTLE)
    assert cafe.worker.round().waiting == 0
    bench = cafe.till.bench
    ((sold,), found) = (bench.core.stage.gen1.by_number(bench.factory_id, 1), cafe.fiscal.of(made.id))
    assert found is not None
    assert (found.number, found.sign) == (1, sold.answer.fiscal_sign)
    assert bench.number == 1


def test_acknowledged_receipts_are_known_where_the_dialect_shows_them(cafe: Cafe) -> None:
    """UZ-OFF-06: while some are unsent, QPOS does not say which; when none is, all are acknowledged."""
    first = cafe.sold((cafe.tea, 1000))
    cafe.worker.round()
    bench = cafe.till.bench
    bench.core.sync_full_receipts(bench.factory_id, 32)
    second = cafe.sold((cafe.plov, 1000))
    cafe.worker.round()
    views = [cafe.fiscal.of(each.id) for each in (first, second)]
    known = [view is not None and view.acknowledged for view in views]
    wire: Any = cafe.till.wire
    assert known == ([False, False] if wire.dialect == "qpos" else [True, False])
    bench.core.sync_full_receipts(bench.factory_id, 32)
    cafe.worker.round()
    assert all(view is not None and view.acknowledged for view in map(cafe.fiscal.of, (first.id, second.id)))


def test_the_shift_is_closed_at_the_end_of_the_day(cafe: Cafe) -> None:
    """UZ-SHF-08"""
    cafe.sold((cafe.tea, 1000))
    assert cafe.worker.round().drive.shift_opened is not None
    now = cafe.till.bench.now()
    cafe.till.bench.tick((now.replace(hour=23, minute=30, second=0) - now).total_seconds())
    assert cafe.worker.round().drive.shift_opened is None
    assert [kind for kind, _ in cafe.changes()].count("shift") == 1


def test_an_advance_in_the_shop(cafe: Cafe) -> None:
    """UZ-POS-04: no sign and no QR; a number only where generation 2 gives one"""
    made = cafe.order((cafe.tea, 1000))
    total = cafe.orders.one(made.id).total
    cafe.checkout.pay(cafe.boss, made.id, {"payments": [{"kind": "cash", "amount": total}], "kind": 1})
    assert cafe.worker.round().waiting == 0
    found = cafe.fiscal.of(made.id)
    assert found is not None
    wire: Any = cafe.till.wire
    assert (found.state, found.sign, found.address, found.reason) == ("done", "", "", "")
    assert found.number == (1 if wire.dialect == "rest" else None)
    if found.number is None:
        with pytest.raises(RefusedError) as caught:
            cafe.refunds.refund(cafe.boss, made.id)
        assert caught.value.rule == "unsigned"
