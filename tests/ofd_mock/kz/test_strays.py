"""A twin is found whatever the order of times, and documents out of it are noted (kz-ofd §4.5)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ofd_mock.kz import archive, strays, tables
from reference.protocol.kz.frames import HEADER_SIZE, Frame, Header
from tests.ofd_mock.kz.counter import ID, NOW, Counter, closing, deposit, ticket
from tests.ofd_mock.kz.test_rows_behind import as_of_0006

CHECKS = [{}, {"T09": "off"}]


def noted(counter: Counter) -> list[tuple[int, int, str]]:
    with counter.ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(tables.strays)).all()]


def expected(counter: Counter) -> list[tuple[int, int, str]]:
    """Looked for one by one, among the documents themselves."""
    latest, found = "", []
    for row in counter.documents():
        if row["time"] is None:
            continue
        if row["time"] < latest:
            found.append((ID, row["number"], row["time"]))
        latest = max(latest, row["time"])
    return found


def sold(counter: Counter, time: datetime, number: int, total: int = 100_00) -> bool:
    """Whether a ticket that is sold is found to have a twin."""
    before = len(counter.findings())
    assert counter.send(ticket(total, time=time, printed_number=number)).code == 0
    return "4.5" in counter.findings()[before:]


def reopened(counter: Counter) -> None:
    counter.ledger.close()
    counter.ledger = counter.opened()


@pytest.mark.parametrize("checks", CHECKS, ids=["default", "off"])
@pytest.mark.parametrize("seed", range(3))
def test_twins_of_any_order(counter: Counter, seed: int, checks: dict[str, str]) -> None:
    """Times forth and back, printed numbers in disorder, money and closings between, new processes."""
    counter.set(checks=checks)
    rng = random.Random(seed)
    there: set[tuple[datetime, int, int]] = set()
    mostly, answers = timedelta(), set()
    for _ in range(70):
        mostly += timedelta(seconds=rng.choice((0, 0, 1)))
        time = NOW + (mostly if rng.random() < 0.7 else timedelta(seconds=rng.randint(0, 40)))
        kind = rng.random()
        if kind < 0.1:
            counter.send(deposit(1, time=time))
        elif kind < 0.15:
            counter.send(closing(time=time))
        elif kind < 0.2:
            reopened(counter)
        else:
            one = time, rng.randint(1, 4), rng.choice((100_00, 200_00))
            answer = sold(counter, *one)
            assert answer is (one in there), one
            there.add(one)
            answers.add(answer)
    assert answers == {True, False}
    assert noted(counter) == expected(counter) != []


def test_strays_of_a_large_batch_are_noted(counter: Counter) -> None:
    """Documents of one register in one transaction, before any of them is in the tables."""
    counter.set(rotate_token="never")
    bodies = []
    for seconds, number in ((0, 1), (9, 2), (4, 3), (9, 4), (4, 3)):
        one = ticket(time=NOW + timedelta(seconds=seconds), printed_number=number)
        bodies.append(counter.body(one))
    batch = [
        Frame(Header(counter.version, HEADER_SIZE + len(body), ID, counter.token, reqnum), body)
        for reqnum, body in enumerate(bodies, 1)
    ]
    outcomes = counter.ledger.settle(batch, counter.rules, counter.now, counter.desk)
    assert [outcome.code for outcome in outcomes] == [0] * 5
    assert [row[1] for row in noted(counter)] == [3, 5]
    assert counter.findings().count("4.5") == 1


def test_documents_that_were_not_stored_leave_no_trace(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that fails must not make later documents look out of order, or hide a twin."""
    assert not sold(counter, NOW, 1)
    late = NOW + timedelta(minutes=3)
    with monkeypatch.context() as patched:

        def fail(*_: Any) -> None:
            raise sa.exc.OperationalError("full", None, Exception("full"))

        patched.setattr("ofd_mock.kz.ledger._write", fail)
        with pytest.raises(sa.exc.OperationalError):
            counter.send(ticket(time=late, printed_number=2))
    counter.reqnum += 1
    assert not sold(counter, NOW + timedelta(minutes=1), 2)
    assert noted(counter) == []
    assert sold(counter, NOW + timedelta(minutes=1), 2)
    assert not sold(counter, late, 2)


def test_an_older_ledger_and_an_archive_have_them_too(counter: Counter, tmp_path: Path) -> None:
    for minutes, number in ((0, 1), (3, 2), (1, 3), (3, 4), (2, 5), (4, 6)):
        assert not sold(counter, NOW + timedelta(minutes=minutes), number)
    found = noted(counter)
    assert [row[1] for row in found] == [3, 5]
    as_of_0006(counter)
    with counter.ledger.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE kz_strays"))
        connection.execute(
            sa.text("CREATE INDEX kz_documents_time ON kz_documents (time, device, printed_number)")
        )
        connection.execute(sa.text("UPDATE alembic_ofd_mock_kz_migrations SET version_num = '0005'"))
    reopened(counter)
    assert noted(counter) == found
    archive.write(counter.ledger, tmp_path)
    counter.ledger.wipe()
    assert noted(counter) == []
    archive.read(counter.ledger, tmp_path)
    assert noted(counter) == found
    counter.token, counter.reqnum = counter.device.exchange.issued, 100
    assert sold(counter, NOW + timedelta(minutes=1), 3)
    assert sold(counter, NOW + timedelta(minutes=4), 6)


def test_a_time_is_found_in_few_questions(counter: Counter) -> None:
    """However many documents there are, and wherever the time stands among them."""
    for number in range(1, 65):
        time = NOW + timedelta(seconds=number // 2)
        assert counter.send(ticket(time=time, printed_number=number)).code == 0
    with counter.ledger.reading() as connection:
        times = strays.Times(connection.dialect, connection.connection.cursor())
        asked: list[int] = []
        real = times._last
        times._last = lambda device, most: asked.append(most) or real(device, most)  # type: ignore[method-assign,func-returns-value]
        last, _ = times.latest(ID)
        for number in range(1, 65):
            moment = (NOW + timedelta(seconds=number // 2)).isoformat()
            asked.clear()
            assert times.has(ID, last, 1, moment, 100_00, number)
            assert not times.has(ID, last, 1, moment, 100_00, number + 2)
            assert len(asked) <= 4 * 14


def test_one_time_far_ahead_makes_no_later_ticket_dear(counter: Counter) -> None:
    """A clock that was wrong once leaves all that follows out of order: each costs what the first did."""
    if not counter.ledger.near:
        pytest.skip("SQLite alone tells the steps of a statement")
    assert not sold(counter, NOW + timedelta(days=365), 1)
    assert not sold(counter, NOW, 2)
    driver = counter.ledger._own.connection.driver_connection  # type: ignore[union-attr]
    steps = [0]

    def step() -> None:
        steps[0] += 1

    def cost(number: int) -> int:
        steps[0] = 0
        driver.set_progress_handler(step, 10)  # type: ignore[union-attr]
        assert not sold(counter, NOW + timedelta(seconds=number), number)
        driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
        return steps[0]

    costs = [cost(number) for number in range(3, 103)]
    assert sum(costs[-20:]) < 1.5 * sum(costs[:20])
    assert len(noted(counter)) == 101
