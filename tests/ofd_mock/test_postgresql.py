"""The same ledger on PostgreSQL, several operators at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.uz import archive, inquiries, tables
from ofd_mock.uz.ledger import LOCK_NAME, Ledger
from ofd_mock.uz.registry import DirectiveKind, Enrolment, Selector
from ofd_mock.uz.values import Submission
from reference.protocol.uz.message import StatusCode
from reference.runtime.database import open_engine
from tests.ofd_mock.postgresql import served
from tests.ofd_mock.test_ledger import NOW, RULES, rows, settle, submission
from tests.ofd_mock.till import TERMINAL, Till, bread
from tests.waiting import PATIENCE, eventually


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    engine = open_engine(url, {})
    ledger = Ledger(engine)
    ledger.wipe()
    yield ledger
    engine.dispose()


def test_the_schema(ledger: Ledger) -> None:
    inspector = sa.inspect(ledger.engine)
    for table in tables.metadata.sorted_tables:
        assert [column["name"] for column in inspector.get_columns(table.name)] == [
            column.name for column in table.columns
        ]
        found = {index["name"] for index in inspector.get_indexes(table.name) if index["unique"]}
        assert {index.name for index in table.indexes} <= found


def test_everything_once(ledger: Ledger, till: Till) -> None:
    sold = till.bread()
    closing, record = till.close()
    assert settle(ledger, submission(till, sold.short(), closing)) == [["store", "store"]]
    assert settle(ledger, submission(till, sold.full(), closing)) == [["complete", "again"]]
    assert settle(ledger, submission(till, sold.full(), sold.short())) == [["again", "keep-full"]]
    other = Till().bread(number=1), till.zfile(record)
    assert settle(ledger, submission(till, other[0].full(), other[1])) == [["again", "again"]]
    changed = Till()
    changed.bread()
    assert settle(ledger, submission(till, changed.bread(number=1).full())) == [["conflict"]]
    with ledger.reading() as connection:
        assert inquiries.counts(connection) == {
            "modules": 1,
            "receipts": 1,
            "zreports": 1,
            "unsigned": 0,
            "traces": 1,
        }
        (report,) = inquiries.zreports(connection, TERMINAL)
        assert inquiries.mismatches(connection, report, count_advance_credit=True) == []
        (listed,) = inquiries.modules(connection)
        assert (listed["receipts"], listed["last"]) == (1, 1)


def test_four_operators_race_for_a_new_module(url: str, ledger: Ledger) -> None:
    till = Till()
    batches = [submission(till, *[till.bread().full() for _ in range(4)]) for _ in range(12)]
    verdicts: list[str] = []
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def work() -> None:
        engine = open_engine(url, {})
        try:
            own = Ledger(engine)
            start.wait(PATIENCE)
            for batch in batches:
                verdicts.extend(settle(own, batch)[0])
        except Exception as error:  # noqa: BLE001 - counted below
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert verdicts.count("store") == 48
    assert verdicts.count("again") == 3 * 48
    held = rows(ledger)
    assert [row["number"] for row in held] == list(range(1, 49))
    assert [row["repeats"] for row in held] == [3] * 48


def test_operators_take_turns_at_a_module_that_has_no_row_to_lock_yet(
    url: str, ledger: Ledger, till: Till
) -> None:
    engine = open_engine(url, {})
    verdicts: list[list[str]] = []
    batch = submission(till, till.bread().full())
    thread = threading.Thread(target=lambda: verdicts.extend(settle(ledger, batch)))
    with engine.connect() as first:
        first.execute(LOCK_NAME, {"name": f"module {TERMINAL}"})
        thread.start()
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        eventually(lambda: first.execute(waiting).scalar() == 1)
        # Who waits for the name holds nothing that the first one may want.
        others = sa.select(tables.receipts.c.entry).with_for_update(nowait=True)
        assert first.execute(others).all() == []
        assert verdicts == []
        first.rollback()
    thread.join(PATIENCE)
    engine.dispose()
    assert verdicts == [["store"]]


def test_orders_reach_the_other_processes(url: str, ledger: Ledger, till: Till) -> None:
    engine = open_engine(url, {})
    other = Ledger(engine)
    other.issue(DirectiveKind.BLOCK, Selector("ZZ*"), reason=2, notice="n")
    other.enroll(TERMINAL, Enrolment(bytes(64), bytes(32)))
    (settled,) = ledger.settle([Submission(TERMINAL, ())], RULES, NOW, 10)
    assert (settled.status.code, settled.status.reason) == (StatusCode.NotActive, 2)
    assert ledger.registry.enrolments[TERMINAL] == Enrolment(bytes(64), bytes(32))
    engine.dispose()


def test_snapshots_move_between_databases(ledger: Ledger, till: Till, tmp_path: Path) -> None:
    settle(ledger, submission(till, till.bread().full(), till.bread(number=7).short(), till.close()[0]))
    ledger.register_taxpayer(TERMINAL, "123456789", "Non", "Toshkent", "Kassa")
    ledger.issue(DirectiveKind.POS_UNLOCK, Selector())
    archive.write(ledger, tmp_path)
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    copy = Ledger(engine)
    archive.read(copy, tmp_path, unique=True)
    assert [dict(row) | {"entry": 0} for row in rows(copy)] == [
        dict(row) | {"entry": 0} for row in rows(ledger)
    ]
    assert copy.registry.directives == ledger.registry.directives
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE uz_receipts, uz_zreports RESTART IDENTITY"))
    archive.read(ledger, tmp_path, unique=True)
    # New rows must not meet the entry numbers that were restored.
    assert settle(ledger, submission(till, till.sell(bread(till.time), 8).full())) == [["store"]]
    with ledger.reading() as connection:
        assert [(gap.first, gap.last) for gap in inquiries.gaps(connection, TERMINAL)] == [(2, 6)]
    ledger.forget(TERMINAL)
    assert rows(ledger) == []
    engine.dispose()
