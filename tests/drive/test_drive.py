"""The drive as a whole: store, restart, reset, snapshot, restore, migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reference.drive.drive import MIGRATIONS, TABLES
from reference.drive.errors import SaveError
from reference.drive.records import FileState, Settled, SyncEntry
from reference.drive.schema import metadata, register_log
from reference.drive.settings import SettingsError
from reference.drive.shelves import LOG_KEEP, SyncLog
from reference.drive.store import ReceiptStore
from reference.drive.transactions import Database
from reference.runtime.database import migrate, open_engine
from tests.drive.conftest import MORNING, Bench, BenchMaker
from tests.drive.doubles import TERMINAL, sale


def test_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "d.sqlite3")
    migrate(engine, MIGRATIONS)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _p: kind != "table" or not name.startswith("alembic")},
        )
        assert compare_metadata(context, metadata) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_migrations_can_be_undone(tmp_path: Path) -> None:
    from alembic import op
    from alembic.operations import Operations

    from reference.drive.migrations.versions import v0001_first_tables as first
    from reference.drive.migrations.versions import v0002_generation_1 as second

    engine = open_engine(tmp_path / "d.sqlite3")
    migrate(engine, MIGRATIONS)
    with engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            assert op is not None
            second.downgrade()
            first.downgrade()
        names = sa.inspect(connection).get_table_names()
    assert not set(names) & set(metadata.tables)
    engine.dispose()


def test_everything_survives_a_restart(shop: Bench) -> None:
    """UZ-SVC-02"""
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 32)
    shop.register()
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.drive.stop()
    shop.drive.start()
    assert shop.core.count_files(FileState.ACKNOWLEDGED) == {TERMINAL: 1}
    assert shop.core.count_files(FileState.NEW) == {TERMINAL: 1}
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 3
    assert shop.core.register(shop.factory_id, 1).receipt_seq == 1


def test_reset_forgets_everything_and_takes_settings(shop: Bench) -> None:
    shop.register()
    shop.drive.reset({"refund_check": "off", "send_delay": 1})
    assert shop.core.count_files(FileState.NEW) == {}
    assert (shop.drive.settings.refund_check, shop.drive.settings.send_delay) == ("off", 1.0)
    shop.core.modules()
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick())) == 1, "TXIDs begin anew"
    shop.drive.reset({})
    assert shop.drive.settings.refund_check == "online", "settings of the start"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"nonsense": 1}, "setting nonsense"),
        ({"send_delay": -1}, "setting send_delay"),
        ({"send_delay": float("inf")}, "setting send_delay"),
        ({"refund_check": "maybe"}, "setting refund_check"),
        ({"server_addresses": ()}, "setting server_addresses"),
        ({"server_addresses": ("ofd.uz:3447",)}, "live fiscal service"),
        ({"modules": ("x",)}, "module address"),
        ({"defects": ("none-such",)}, "none-such"),
        ({"allow_any_host": True}, "allow_any_host"),
    ],
)
def test_reset_refuses_what_cannot_be(shop: Bench, values: dict[str, object], text: str) -> None:
    shop.register()
    with pytest.raises(SettingsError, match=text):
        shop.drive.reset(values)
    assert shop.core.count_files(FileState.NEW) == {TERMINAL: 1}, "nothing was lost"


def test_snapshot_and_restore(shop: Bench, tmp_path: Path) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 1)
    folder = tmp_path / "copy"
    folder.mkdir()
    shop.drive.snapshot(folder)
    assert (folder / TABLES).stat().st_size > 0
    shop.register()
    shop.drive.restore(folder)
    assert shop.core.count_files(FileState.NEW) == {}
    (row,) = shop.core.stage.receipts.by_numbers(TERMINAL, [1])
    assert row.state is FileState.ACKNOWLEDGED
    assert (row.receipt_seq, len(row.header) > 100, len(row.body) % 8) == (1, True, 0)
    assert shop.core.stage.receipts.receipt(txid, shop.factory_id).content
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick())) == 4, "no TXID is given twice"


def test_two_processes_on_one_database_agree_on_a_txid(shop: Bench) -> None:
    """G2-S-05 when somebody else stored it, and no TXID is spent on finding out"""
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    store = shop.core.stage.receipts
    row = store.receipt(txid, shop.factory_id)

    from reference.drive.records import NewReceipt

    again = NewReceipt(
        row.factory_id,
        row.terminal_id,
        row.type,
        row.operation,
        row.hash,
        row.total_block,
        row.content,
        row.time,
    )
    assert ReceiptStore(store.database).keep(again, shop.now()) == txid
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick())) == txid + 1


def test_a_finished_registration_is_not_finished_again(shop: Bench) -> None:
    shop.register()
    store = shop.core.stage.receipts
    row = store.receipt(1, shop.factory_id)
    assert row.answer is not None
    other = row.answer.__class__(TERMINAL, 99, row.time, "000000000099")
    assert store.finish(row, other, b"", b"", shop.now()) == row.answer
    assert store.count(FileState.NEW) == {TERMINAL: 1}


def test_a_module_that_begins_anew_keeps_selling(make_bench: BenchMaker) -> None:
    """A volatile emulator: same TerminalID, new FactoryID, number 1 again."""
    from tests.drive.doubles import make_module

    bench = make_bench(pin_modules=False)
    bench.open_shift()
    bench.register()
    bench.card.module = make_module(MORNING, factory_id="00" + "8" * 34)
    bench.open_shift()
    assert bench.register() == 1
    assert bench.core.count_files(FileState.NEW) == {TERMINAL: 2}


def test_the_sync_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "d.sqlite3")
    migrate(engine, MIGRATIONS)
    log = SyncLog(Database(engine))
    for number in range(100):
        log.add(SyncEntry(MORNING, TERMINAL, "receipts", "a" * 200, number, 0, "fine"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE sqlite_sequence SET seq = {LOG_KEEP + 99} WHERE name = 'sync_log'"
        )
    log.add(SyncEntry(MORNING, TERMINAL, "receipts", "", 101, 0, "fine"))
    assert [entry.files for entry in log.last(3)] == [101]
    engine.dispose()


@pytest.mark.slow
def test_a_registration_costs_the_same_with_many_receipts(shop: Bench) -> None:
    """No query of a sale may walk the table: the plans use indexes only."""
    database = shop.core.stage.receipts.database
    statements: list[str] = []
    for kept in [*database._writers._idle, *database._readers._idle]:
        driver = kept.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(statements.append)

    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 32)
    plans = []
    with database.engine.connect() as connection:
        for statement in list(statements):
            if statement.startswith(("SELECT", "UPDATE")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
                plans += [f"{row[3]} -- {statement}" for row in rows]
    assert plans
    walks = [plan for plan in plans if plan.startswith("SCAN")]
    assert walks == []
    assert register_log.name in " ".join(plans)


def test_another_database_is_asked_through_sqlalchemy(shop: Bench) -> None:
    """Its statements are the same: to SQLite they go past SQLAlchemy."""
    shop.core.stage.receipts.database._statements = None
    number = shop.register()
    assert shop.register() == number + 1
    assert [item.state for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == [
        FileState.ACKNOWLEDGED,
        FileState.ACKNOWLEDGED,
    ]
    assert [entry.acknowledged for entry in shop.core.stage.log.last(1)] == [2]
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick())) == number + 2
    assert shop.core.count_files(FileState.ACKNOWLEDGED) == {TERMINAL: 2}


def test_what_is_written_together_is_there_as_a_whole_or_not_at_all(shop: Bench) -> None:
    """The outcome of an exchange and its line in the log are one transaction."""
    stage = shop.core.stage
    shop.register()
    txid = stage.receipts.pending(TERMINAL, 1)[0].txid
    before = len(stage.log.last(99))
    entry = SyncEntry(stage.now(), TERMINAL, "receipts", "", 1, 1, "acks taken")

    def write() -> None:
        with stage.receipts.database.together():
            stage.receipts.settle([Settled(txid, FileState.REJECTED)], stage.now())
            stage.log.add(entry)
            assert stage.receipts.count(FileState.REJECTED) == {}, "nothing is seen before the commit"
            raise LookupError

    with pytest.raises(LookupError):
        write()
    assert stage.receipts.count(FileState.REJECTED) == {}
    assert len(stage.log.last(99)) == before
    with stage.receipts.database.together():
        stage.receipts.settle([Settled(txid, FileState.REJECTED)], stage.now())
        stage.log.add(entry)
    assert stage.receipts.count(FileState.REJECTED) == {TERMINAL: 1}
    assert len(stage.log.last(99)) == before + 1


def test_a_connection_that_failed_is_not_used_again(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "d.sqlite3")
    migrate(engine, MIGRATIONS)
    database = Database(engine)
    with database.writing() as first:
        pass
    with database.writing() as again:
        assert again is first
    with pytest.raises(SaveError), database.writing() as broken:
        broken.exec_driver_sql("INSERT INTO nothing VALUES (1)")
    assert broken.closed
    with database.reading() as reader, database.writing() as writer:
        assert reader is not writer
        assert not writer.closed
    database.close()
    assert reader.closed
    assert writer.closed
