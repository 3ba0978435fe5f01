from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from reference.runtime.database import READ_ONLY, migrate, open_engine

FIRST = """
from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade():
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.Text, nullable=False)
    op.create_table("book", *columns)
"""
SECOND = """
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "page",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("book_id", sa.Integer, sa.ForeignKey("book.id"), nullable=False),
    )
"""
BROKEN = """
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("CREATE TABLE half (id INTEGER)")
    op.execute("SELECT nonsense FROM nowhere")
"""


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / f"shelf_{tmp_path.name}" / "migrations" / "versions"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder.parent.parent):
        (package / "__init__.py").write_text("")
    (folder / "first.py").write_text(FIRST)
    (folder / "second.py").write_text(SECOND)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


def package(scripts: Path) -> str:
    return f"{scripts.parent.parent.name}.migrations"


def scalar(engine: sqlalchemy.Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "new" / "part.sqlite", environ={})
    assert scalar(engine, "PRAGMA journal_mode") == "wal"
    assert scalar(engine, "PRAGMA synchronous") == 2
    assert scalar(engine, "PRAGMA foreign_keys") == 1
    assert scalar(engine, "PRAGMA busy_timeout") == 30_000
    assert scalar(engine, "PRAGMA wal_autocheckpoint") == 1_000
    engine.dispose()


def test_migrations_run_once_and_foreign_keys_hold(tmp_path: Path, scripts: Path) -> None:
    engine = open_engine(tmp_path / "part.sqlite", environ={})
    migrate(engine, package(scripts))
    migrate(engine, package(scripts))
    assert scalar(engine, f"SELECT version_num FROM alembic_{package(scripts).replace('.', '_')}") == "0002"
    with engine.begin() as connection, pytest.raises(sqlalchemy.exc.IntegrityError):
        connection.execute(text("INSERT INTO page VALUES (1, 99)"))
    engine.dispose()


def test_broken_migration_leaves_nothing_half_done(tmp_path: Path, scripts: Path) -> None:
    engine = open_engine(tmp_path / "part.sqlite", environ={})
    migrate(engine, package(scripts))
    (scripts / "third.py").write_text(BROKEN)
    with pytest.raises(sqlalchemy.exc.OperationalError):
        migrate(engine, package(scripts))
    assert sorted(sqlalchemy.inspect(engine).get_table_names())[1:] == ["book", "page"]
    assert scalar(engine, f"SELECT version_num FROM alembic_{package(scripts).replace('.', '_')}") == "0002"
    engine.dispose()


def test_rollback_undoes_everything(tmp_path: Path, scripts: Path) -> None:
    engine = open_engine(tmp_path / "part.sqlite", environ={})
    migrate(engine, package(scripts))
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO book VALUES (1, 'a')"))
        connection.execute(text("CREATE TABLE extra (id INTEGER)"))
        connection.rollback()
    assert scalar(engine, "SELECT count(*) FROM book") == 0
    assert "extra" not in sqlalchemy.inspect(engine).get_table_names()
    engine.dispose()


def test_writers_take_turns_and_readers_do_not_wait(tmp_path: Path, scripts: Path) -> None:
    engine = open_engine(tmp_path / "part.sqlite", environ={})
    migrate(engine, package(scripts))
    failures: list[Exception] = []

    def count_up() -> None:
        try:
            for _ in range(20):
                with engine.begin() as connection:
                    number = connection.execute(text("SELECT count(*) FROM book")).scalar_one()
                    connection.execute(text("INSERT INTO book VALUES (:id, 'b')"), {"id": number + 1})
        except sqlalchemy.exc.SQLAlchemyError as error:
            failures.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    with engine.connect().execution_options(**{READ_ONLY: True}) as reader:
        assert reader.execute(text("SELECT count(*) FROM book")).scalar() == 0
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert reader.execute(text("SELECT count(*) FROM book")).scalar() == 0
    assert failures == []
    assert scalar(engine, "SELECT count(*) FROM book") == 80
    engine.dispose()


def test_url_of_the_environment_wins_over_a_path(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    environ = {"KASSALAB_DATABASE_URL": f"sqlite:///{elsewhere}"}
    engine = open_engine(tmp_path / "part.sqlite", environ=environ)
    assert engine.url.database == str(elsewhere)
    named = open_engine(f"sqlite:///{tmp_path / 'named.sqlite'}", environ=environ)
    assert named.url.database == str(tmp_path / "named.sqlite")


def test_url_without_a_driver_is_an_error() -> None:
    with pytest.raises(sqlalchemy.exc.ArgumentError):
        open_engine("://", environ={})


def test_a_large_database_has_more_memory_and_the_same_promises(tmp_path: Path) -> None:
    asked = ("cache_size", "wal_autocheckpoint", "journal_mode", "synchronous")
    told = []
    for large in (False, True):
        engine = open_engine(tmp_path / "part.sqlite", environ={}, large=large)
        with engine.connect() as connection:
            told.append([connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked])
        engine.dispose()
    assert told == [[-2000, 1000, "wal", 2], [-131072, 32000, "wal", 2]]
