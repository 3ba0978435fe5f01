"""The till's journal: every step durable, nothing lost with the power."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reference.pos.errors import BookError, OrderError
from reference.pos.order_book import FAULT_POINT, OrderBook
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from tests.pos.conftest import bread

STEPS = ("taken", "prepared", "stored", "attempted")
ANSWER = {
    "TerminalID": "ZZ000000000000",
    "ReceiptSeq": 1,
    "DateTime": "2026-07-01 09:00:00",
    "FiscalSign": "1" * 12,
}


def test_steps_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "orders.journal"
    book = OrderBook(path)
    steps = [
        lambda: book.take(bread("1")),
        lambda: book.prepare("1", {"Time": "x"}),
        lambda: book.attempt("1", txid=17),
        lambda: book.attempt("1"),
        lambda: book.answer("1", ANSWER),
    ]
    for step in steps:
        made = step()
        book.close()
        book = OrderBook(path)
        assert book.sale("1") == made
    assert made.history == ("taken", "prepared", "stored", "attempted", "attempted", "answered")
    assert (made.txid, made.attempts, made.pending) == (17, 2, False)
    assert len(book) == 1
    book.close()


def test_a_new_receipt_forgets_the_old_txid(tmp_path: Path) -> None:
    book = OrderBook(tmp_path / "o")
    book.take(bread("1"))
    book.prepare("1", {})
    book.attempt("1", txid=17)
    sale = book.prepare("1", {"Time": "later"})
    assert (sale.txid, sale.attempts, sale.receipt) == (None, 0, {"Time": "later"})
    assert book.refuse("1", "9033 - X").pending is False
    book.close()


def test_every_cut_leaves_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "o"
    book = OrderBook(path)
    book.take(bread("1"))
    book.prepare("1", {"Time": "x"})
    book.attempt("1", txid=1)
    book.close()
    whole = path.read_bytes()
    seen = set()
    for size in range(16, len(whole) + 1):
        path.write_bytes(whole[:size])
        cut = OrderBook(path)
        seen.add(cut.sale("1").history if cut.known("1") else ())
        cut.close()
    assert seen == {(), ("taken",), ("taken", "prepared"), ("taken", "prepared", "stored"), STEPS}


def test_names_that_were_set_aside_are_free_again(tmp_path: Path) -> None:
    """And stay so after a restart; a receipt that one of them became is still known as another's."""
    path = tmp_path / "o"
    book = OrderBook(path)
    for name in ("1", "2", "kept"):
        book.take(bread(name))
    first = book.answer("1", ANSWER)
    book.set_aside(["1", "2", "nobody"], "begun anew")
    for _ in range(2):
        assert book.names() == ["kept"]
        assert [sale.order.id for sale in book.pending()] == ["kept"]
        assert book.answered() == [first]
        book.close()
        book = OrderBook(path)
    assert book.take(bread("1")).pending
    book.set_aside(["1"], "begun anew")
    book.set_aside([], "put back", ["2", "kept", "nobody"])
    for _ in range(2):
        assert book.names() == ["kept", "2"]
        assert book.sale("2").refusal == "begun anew"
        assert book.answered() == [first]
        book.close()
        book = OrderBook(path)
    size = path.stat().st_size
    book.set_aside(["nobody"], "nothing", ["2"])
    book.close()
    assert path.stat().st_size == size


@pytest.mark.parametrize("point", [FAULT_POINT, "journal.sync", "journal.rename"])
def test_a_disk_that_takes_nothing_is_told_and_mended(tmp_path: Path, point: str) -> None:
    """What stood in the journal stands in it again, and what came after is not done by halves."""
    path = tmp_path / "o"
    clock = LabClock.private(datetime(2026, 7, 1, tzinfo=UTC)).part("pos")
    faults = FaultPoints(journal_points(FAULT_POINT), clock, "pos", journal_actions(FAULT_POINT))
    book = OrderBook(path, faults)
    book.take(bread("1"))
    book.take(bread("lost"), durable=False)
    faults.add(point=FAULT_POINT, action="error", value="ENOSPC", count=1)
    with pytest.raises(BookError, match=r"cannot be written.* o: records .*No space left") as told:
        book.prepare("1", {"Time": "x"})
    assert str(tmp_path) not in str(told.value)
    assert book.sale("1").receipt is None
    faults.add(point=point, action="error", count=2)
    for attempt in (lambda: book.take(bread("2")), book.sync, book.mend, book.mend):
        with pytest.raises(BookError, match=r"cannot be written"):
            attempt()
    book.mend()
    assert book.names() == ["1"]
    with pytest.raises(OrderError, match=r"no order lost"):
        book.prepare("lost", {})
    made = book.prepare("1", {"Time": "y"})
    book.close()
    again = OrderBook(path)
    assert (again.names(), again.sale("1")) == (["1"], made)
    again.close()


def test_a_disk_with_room_for_less_than_all_of_it_takes_nothing(tmp_path: Path) -> None:
    """A journal that could not be begun anew goes on as one that is broken, though a few bytes would fit."""
    path = tmp_path / "o"
    clock = LabClock.private(datetime(2026, 7, 1, tzinfo=UTC)).part("pos")
    faults = FaultPoints(journal_points(FAULT_POINT), clock, "pos", journal_actions(FAULT_POINT))
    book = OrderBook(path, faults)
    book.take(bread("1"))
    book.take(bread("lost"), durable=False)
    faults.add(point=FAULT_POINT, action="error", value="ENOSPC", count=2)
    for attempt in (book.sync, book.mend):
        with pytest.raises(BookError, match=r"No space left"):
            attempt()
    with pytest.raises(BookError, match=r"No space left"):
        book.prepare("lost", {})
    with pytest.raises(BookError, match=r"No space left"):
        book.sync()
    book.close()
    again = OrderBook(path)
    assert again.names() == ["1"]
    again.close()


def test_unknown_and_doubled_orders(tmp_path: Path) -> None:
    book = OrderBook(tmp_path / "o")
    assert book.last() is None
    book.take(bread("1"))
    with pytest.raises(OrderError, match=r"taken already"):
        book.take(bread("1"))
    with pytest.raises(OrderError, match=r"no order 2"):
        book.sale("2")
    assert [sale.order.id for sale in book.pending()] == ["1"]
    assert book.last() == book.sale("1")
    book.close()


def test_what_is_not_durable_yet_is_so_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "o"
    book = OrderBook(path)
    book.take(bread("1"))
    book.prepare("1", {"Time": "x"})
    book.answer("1", ANSWER, durable=False)
    book.take(bread("2"), durable=False)
    kept = path.read_bytes()
    assert (book.sale("1").answer, book.known("2")) == (ANSWER, True)
    book.prepare("2", {"Time": "y"})
    then = path.read_bytes()
    book.answer("2", ANSWER, durable=False)
    book.sync()
    last = path.read_bytes()
    book.close()
    found = []
    for whole in (kept, then, last):
        path.write_bytes(whole)
        again = OrderBook(path)
        found.append([(sale.order.id, sale.pending) for sale in (*again.answered(), *again.pending())])
        again.close()
    assert found == [[("1", True)], [("1", False), ("2", True)], [("1", False), ("2", False)]]
