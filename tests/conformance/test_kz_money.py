"""The judge's books: the worked shift of kz-ofd §9.3 by hand, and random trades against a second count."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.models.kz_money import Books, Carried, known_to_124
from conformance.models.kz_report import report_of
from conformance.suites.kz.operator import worked_shift
from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.generate import random_placement, random_ticket
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.recount import Booked, recount
from reference.protocol.kz.report_building import build_report
from reference.protocol.kz.reports import figures

TIME = datetime(2026, 7, 1, 9, 0, 0)
CLOSING = CloseShift(TIME + timedelta(hours=9), withdraw_money=True)


def test_the_worked_shift() -> None:
    books = Books()
    for entry in worked_shift.entries(TIME):
        books.add(entry)
    assert books.cash == 483_000
    assert books.report()["revenue"] == 160_000
    found = books.close(CLOSING)
    assert found == worked_shift.Z | {
        "open_shift_time": TIME.isoformat(),
        "close_shift_time": "2026-07-01T18:00:00",
    }
    assert (books.shift_number, books.cash, books.is_open) == (2, 0, False)


def test_what_124_cannot_say_is_left_out() -> None:
    books = Books()
    for entry in worked_shift.entries(TIME):
        books.add(entry)
    left = known_to_124(books.report())
    assert left["ticket_operations.SELL.payments.CASH.sum"] == 145_000
    assert left["ticket_operations.SELL.count"] == 3
    assert not [name for name in left if "offline" in name or "change" in name or "time" in name]
    assert "ticket_operations.SELL.payments.CASH.count" not in left


def test_a_cancelled_ticket_stays_in_the_total_count_alone() -> None:
    books = Books()
    books.add(MoneyPlacement(0, TIME, 100))
    before = books.report()
    books.add(random_ticket(Random(1), 202, TIME, operation=None))
    books.cancel()
    after = books.report()
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == {"ticket_operations.SELL.total_count"}


def test_books_go_on_from_a_z_of_somebody_elses() -> None:
    books = Books()
    for entry in worked_shift.entries(TIME):
        books.add(entry)
    report = report_of(books.z_of(CLOSING), TIME)
    books.close(CLOSING)
    assert books.carried == Carried.of(report)


@pytest.mark.parametrize("shifts", [1, 3])
@given(seed=st.integers(0, 2**32), count=st.integers(0, 12))
def test_books_agree_with_a_second_count(seed: int, count: int, shifts: int) -> None:
    rng, books, time = Random(seed), Books(), TIME
    documents: list[Booked] = []
    for _ in range(shifts):
        for _ in range(count):
            time += timedelta(minutes=1)
            entry = random_placement(rng, time) if rng.random() < 0.2 else random_ticket(rng, 203, time)
            books.add(entry)
            documents.append(entry)
        counters = recount(documents).counters
        x_report = build_report(counters, ReportKind.X, time)
        assert books.report() == figures(x_report)
        assert figures(report_of(books.report(), time)) == books.report()
        closing = CloseShift(time, withdraw_money=rng.random() < 0.5)
        books.close(closing)
        documents.append(closing)
