"""Databases of the parts: SQLite in the folder, PostgreSQL by URL, one set of migrations for both."""

from __future__ import annotations

import importlib.resources
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy
from sqlalchemy import event

URL_VARIABLE = "KASSALAB_DATABASE_URL"
BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another's transaction: a disk that stalls under one does not fail the other."""
WAL_AUTOCHECKPOINT_PAGES = 1_000
READ_ONLY = "kassalab_read_only"
"""Execution option: a transaction that only reads begins without taking SQLite's one writer's place."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    # FULL, not NORMAL: a committed row must survive a power cut, because an acknowledgement follows it.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA wal_autocheckpoint={WAL_AUTOCHECKPOINT_PAGES}",
)
_LARGE_PRAGMAS = ("PRAGMA cache_size=-131072", "PRAGMA wal_autocheckpoint=32000")
"""128 MiB of pages in memory and up to 128 MiB of log: rows that touch indexes all over cost nearly the same
in a database of millions as in an empty one.
"""
_MIGRATION_LOCK = 0x6B61737361
"""Key of the PostgreSQL advisory lock under which one process at a time migrates."""


def open_engine(
    path_or_url: Path | str, environ: Mapping[str, str] = os.environ, *, large: bool = False
) -> sqlalchemy.Engine:
    """An engine on a SQLite file, or on the database a URL names.

    A path gives way to KASSALAB_DATABASE_URL when that is set, so that several processes can serve one
    ledger. `large` gives a SQLite file the means to stay quick with millions of rows. Raises
    sqlalchemy.exc.ArgumentError for an unreadable URL and ModuleNotFoundError for a missing driver.
    """
    text = str(path_or_url)
    url = text if "://" in text else environ.get(URL_VARIABLE, "")
    if not url:
        Path(text).parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(sqlalchemy.URL.create("sqlite", database=text), large=large)
    parsed = sqlalchemy.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, large=large)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(parsed, pool_pre_ping=True, hide_parameters=True)


def _sqlite(url: sqlalchemy.URL, *, large: bool) -> sqlalchemy.Engine:
    pragmas = _PRAGMAS + _LARGE_PRAGMAS if large else _PRAGMAS
    in_file = bool(url.database) and url.database != ":memory:"
    # The connection used last is used next: its cache is warm, and a writer mostly keeps its own.
    more = {"pool_use_lifo": True} if in_file else {}
    # What was to be stored, passwords' hashes and tokens among it, is nothing for an error's text.
    engine = sqlalchemy.create_engine(url, hide_parameters=True, **more)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transactions begin too late (after the first read); ours begin below.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: sqlalchemy.Connection) -> None:
        # A reader that turns writer cannot wait for the lock (SQLITE_BUSY_SNAPSHOT), so writers say so at
        # once.
        reading = connection.get_execution_options().get(READ_ONLY, False)
        driver = connection.connection.driver_connection
        assert driver is not None
        statement = "BEGIN" if reading else "BEGIN IMMEDIATE"
        try:
            driver.execute(statement)
        except sqlite3.Error as error:
            raise sqlalchemy.exc.OperationalError(statement, None, error) from error

    return engine


def reading_options(engine: sqlalchemy.Engine) -> dict[str, object]:
    """The execution options of connections that only read: they see the database as of one moment, and never
    wait for a writer.
    """
    # What SQLite's transactions always do.
    moment = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    return {READ_ONLY: True, **moment}


def migrate(engine: sqlalchemy.Engine, script_package: str) -> None:
    """Bring the database to the newest schema of `script_package`, in one transaction; processes take turns.

    The package holds Alembic revision files, in itself or in its folder `versions`; it needs no env.py. Each
    package counts its revisions in a table of its own, so parts can share one database.
    """
    folder = Path(str(importlib.resources.files(script_package)))
    versions = folder / "versions" if (folder / "versions").is_dir() else folder
    environment = Path(__file__).parent / "migration_environment"
    config = alembic.config.Config()
    # Options are read through ConfigParser, which takes % for the start of a reference.
    config.set_main_option("script_location", str(environment).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(
                sqlalchemy.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
            )
        config.attributes["connection"] = connection
        config.attributes["version_table"] = "alembic_" + script_package.replace(".", "_")
        alembic.command.upgrade(config, "head")
