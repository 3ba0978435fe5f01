"""The ledger's own promises: its schema, its unique indexes, one transaction a batch, several processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from ofd_mock.uz import inquiries, tables
from ofd_mock.uz.checking import Bundle, verify_bundles
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.registry import DirectiveKind, Enrolment, Selector
from ofd_mock.uz.rules import Rules, correct_rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.settling import Sheet
from ofd_mock.uz.values import Submission, Verdict
from ofd_mock.uz.verification import Verifier
from ofd_mock.uz.writer import LedgerWriter, WriterStoppedError
from reference.protocol.uz.message import File, StatusCode
from reference.runtime.database import open_engine
from tests.ofd_mock.till import TERMINAL, Till
from tests.waiting import PATIENCE

NOW = "20260701120000"
RULES = correct_rules(OperatorSettings())


def submission(till: Till, *files: File) -> Submission:
    bundle = Bundle(till.terminal, False, None, files)
    return Submission(till.terminal, tuple(verify_bundles([(Verifier(), bundle)])[0]))


def settle(ledger: Ledger, *batch: Submission, rules: Rules = RULES) -> list[list[str]]:
    return [list(done.verdicts) for done in ledger.settle(batch, rules, NOW, 100)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    yield Ledger(engine)
    engine.dispose()


def rows(ledger: Ledger, terminal: str = TERMINAL) -> list[inquiries.Row]:
    with ledger.reading() as connection:
        return list(inquiries.receipts(connection, terminal, limit=1000))


def test_migrations_build_the_tables_of_the_code(ledger: Ledger) -> None:
    inspector = sa.inspect(ledger.engine)
    assert {name for name in inspector.get_table_names() if name.startswith("uz_")} == set(
        tables.metadata.tables
    )
    for table in tables.metadata.sorted_tables:
        found = {column["name"]: column for column in inspector.get_columns(table.name)}
        assert list(found) == [column.name for column in table.columns]
        for column in table.columns:
            assert found[column.name]["nullable"] == column.nullable, (table.name, column.name)
            built = found[column.name]["type"].compile(ledger.engine.dialect)
            assert built == column.type.compile(ledger.engine.dialect), (table.name, column.name)
        unique = {index["name"]: index["column_names"] for index in inspector.get_indexes(table.name)}
        assert unique == {index.name: [column.name for column in index.columns] for index in table.indexes}


def test_migrations_go_back_too(tmp_path: Path) -> None:
    import importlib

    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    engine = open_engine(tmp_path / "ledger.sqlite", {})
    Ledger(engine)
    revision = importlib.import_module("ofd_mock.uz.migrations.versions.0001_ledger")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        revision.downgrade()
        assert not [name for name in sa.inspect(connection).get_table_names() if name.startswith("uz_")]
    engine.dispose()


def test_durability_settings(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_the_database_itself_keeps_a_number_single(ledger: Ledger, till: Till) -> None:
    settle(ledger, submission(till, till.bread().full(), till.close()[0]))
    with ledger.engine.connect() as connection:
        receipt = dict(connection.execute(sa.select(tables.receipts)).mappings().one())
        report = dict(connection.execute(sa.select(tables.zreports)).mappings().one())
    for table, row in ((tables.receipts, receipt), (tables.zreports, report)):
        del row["entry"]
        with pytest.raises(IntegrityError), ledger.engine.begin() as connection:
            connection.execute(sa.insert(table), row)


def test_one_batch_settles_requests_after_each_other(ledger: Ledger, till: Till) -> None:
    one, two = till.bread(), till.bread()
    other = Till()
    clash = other.bread(number=1)
    other.time = till.time
    verdicts = settle(
        ledger,
        submission(till, one.short()),
        submission(till, one.full(), two.full()),
        submission(till, one.full(), two.short()),
        submission(other, other.bread(number=2).full()),
    )
    assert verdicts == [["store"], ["complete", "store"], ["again", "keep-full"], ["conflict"]]
    assert [row["repeats"] for row in rows(ledger)] == [1, 1]
    assert clash.number == 1


def test_all_or_nothing(ledger: Ledger, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [submission(till, till.bread().full()), submission(till, till.bread().full())]

    def torn(self: Sheet, _: object) -> None:
        if self.new_receipts:
            raise OperationalError("insert", {}, Exception("disk is full"))
        self.new_receipts.append({})

    with monkeypatch.context() as patch:
        patch.setattr(Sheet, "settle", torn)
        with pytest.raises(OperationalError):
            ledger.settle(batch, RULES, NOW, 100)
    assert rows(ledger) == []
    assert settle(ledger, *batch) == [["store"], ["store"]]


def test_two_processes_on_one_ledger(ledger: Ledger, till: Till, tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    second = Ledger(engine)
    sold = [till.bread() for _ in range(20)]
    batches = [submission(till, receipt.full()) for receipt in sold]
    found: list[list[str]] = []

    def work(own: Ledger) -> None:
        found.extend(settle(own, batch)[0] for batch in batches)

    threads = [threading.Thread(target=work, args=(own,)) for own in (ledger, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdict for (verdict,) in found) == ["again"] * 20 + ["store"] * 20
    assert len(rows(ledger)) == 20
    second.issue(DirectiveKind.BLOCK, Selector(TERMINAL), reason=1)
    assert ledger.registry.standing(TERMINAL).block is None
    (settled,) = ledger.settle(batches[:1], RULES, NOW, 100)
    assert settled.status.code is StatusCode.NotActive
    engine.dispose()


def test_a_race_for_a_new_module_is_settled_again(
    ledger: Ledger, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a module without a row cannot be locked; the unique index then refuses the second one."""
    wanted = submission(till, till.bread().full())
    settle(ledger, wanted)
    from ofd_mock.uz import ledger as code

    seen = []
    read = code._read

    def blind(connection: sa.Connection, needs: object, sheet: Sheet) -> None:
        seen.append(sheet)
        if len(seen) > 1:
            read(connection, needs, sheet)  # type: ignore[arg-type]

    monkeypatch.setattr(code, "_read", blind)
    assert settle(ledger, wanted) == [["again"]]
    assert len(seen) == 2
    assert len(rows(ledger)) == 1


def test_more_keys_than_one_statement_takes(ledger: Ledger) -> None:
    till = Till()
    files = [till.bread().short() for _ in range(450)]
    batch = [submission(till, *files)]
    assert settle(ledger, *batch) == [["store"] * 450]
    assert settle(ledger, *batch) == [["again"] * 450]
    assert len(rows(ledger)) == 450


def test_keys_and_orders_outlive_the_process(ledger: Ledger, tmp_path: Path) -> None:
    ledger.enroll(TERMINAL, Enrolment(bytes(64), bytes(32)))
    ledger.issue(DirectiveKind.LOCK, Selector("ZZ*", 0.5, 9), locked=True, notice="n", reason=4)
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    again = Ledger(engine)
    assert again.registry == ledger.registry
    assert again.registry.enrolments[TERMINAL].transport_key == bytes(32)
    engine.dispose()


def test_a_wiped_ledger_without_and_with_its_indexes(ledger: Ledger, till: Till) -> None:
    file = till.bread().full()
    ledger.wipe(unique=False)
    twice = Rules(RULES.read_request, RULES.admit, decide_receipt=lambda *_: Verdict.STORE)
    settle(ledger, submission(till, file), rules=twice)
    settle(ledger, submission(till, file), rules=twice)
    assert len(rows(ledger)) == 2
    ledger.wipe()
    settle(ledger, submission(till, file), rules=twice)
    with pytest.raises(IntegrityError):
        settle(ledger, submission(till, file), rules=twice)


def test_gaps_are_limited(ledger: Ledger, till: Till) -> None:
    settle(ledger, submission(till, *[till.bread(number=at).short() for at in range(2, 40, 2)]))
    with ledger.reading() as connection:
        assert [(gap.first, gap.last) for gap in inquiries.gaps(connection, TERMINAL, 3)] == [
            (1, 1),
            (3, 3),
            (5, 5),
        ]
        assert inquiries.gaps(connection, "ZZ000000000009") == []


# --- the thread -----------------------------------------------------------------------------------------


def test_a_stopped_writer_takes_nothing(ledger: Ledger, till: Till) -> None:
    writer = LedgerWriter(ledger, RULES, lambda: NOW, 100)
    assert writer.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        writer.run(lambda: 1 // 0)
    writer.stop()
    with pytest.raises(WriterStoppedError):
        writer.run(lambda: 7)

    async def submit() -> None:
        await writer.submit(submission(till, till.bread().full()))

    with pytest.raises(WriterStoppedError):
        asyncio.run(submit())


def test_what_was_submitted_before_the_stop_is_stored(ledger: Ledger, till: Till) -> None:
    writer = LedgerWriter(ledger, RULES, lambda: NOW, 100)

    async def submit() -> list[str]:
        waiting = [writer.submit(submission(till, till.bread().full())) for _ in range(700)]
        writer.stop()
        return [(await done).verdicts[0] for done in waiting]

    assert asyncio.run(submit()) == ["store"] * 700
    assert len(rows(ledger)) == 700


def test_a_caller_that_has_gone_is_not_missed(ledger: Ledger, till: Till) -> None:
    writer = LedgerWriter(ledger, RULES, lambda: NOW, 100)
    gate = threading.Event()
    holding = threading.Thread(target=lambda: writer.run(lambda: gate.wait(PATIENCE)))
    holding.start()

    async def submit(wait: bool) -> None:
        done = writer.submit(submission(till, till.bread().full()))
        done.cancel()
        if wait:
            gate.set()
            await writer.submit(submission(till, till.bread().full()))

    asyncio.run(submit(wait=False))  # its loop is closed when the answer comes
    asyncio.run(submit(wait=True))
    holding.join()
    writer.stop()
    assert len(rows(ledger)) == 3
