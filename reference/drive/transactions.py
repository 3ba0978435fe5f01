"""Transactions of the drive's memory, each on a connection that mostly was used a moment before.

What a sale and its sending ask is fixed: such statements go straight to SQLite's driver (statements.py), to
another database by SQLAlchemy as all else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from reference.drive.errors import SaveError
from reference.runtime.database import READ_ONLY
from reference.runtime.statements import Statements

KEPT_CONNECTIONS: Final = 2
"""Of a kind: more threads than these are seldom at the database at once."""


class Database:
    """Transactions on one engine; a database that refuses becomes SaveError, the cause stays attached."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._writers = _Idle(engine)
        self._readers = _Idle(engine.execution_options(**{READ_ONLY: True}), only_reads=True)
        self._joined = _Joined()
        self._statements = Statements(engine) if engine.dialect.name == "sqlite" else None

    def run(self, connection: sa.Connection, statement: sa.Executable, given: Mapping[str, Any]) -> Any:
        """What a statement gives that is made once and has no lists of any length; rows are tuples."""
        if self._statements is None:
            return connection.execute(statement, given)
        return self._statements.run(_driver(connection), statement, given)

    def run_all(
        self, connection: sa.Connection, statement: sa.Executable, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """The same for a statement that gives nothing, with each of `rows`: one at least."""
        if self._statements is None:
            connection.execute(statement, rows)
        else:
            self._statements.run_all(_driver(connection), statement, rows)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, committed at the end of the block, undone by any error."""
        if self._joined.connection is not None:
            yield self._joined.connection
            return
        try:
            with self._writers.transaction() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise SaveError from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all that this thread writes in the block: one commit for several stores."""
        with self.writing() as connection:
            self._joined.connection = connection
            try:
                yield
            finally:
                self._joined.connection = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A look at the last committed state."""
        try:
            with self._readers.transaction() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise SaveError from error

    def close(self) -> None:
        """Let go of every connection; whoever asks again gets new ones."""
        self._writers.close()
        self._readers.close()
        self.engine.dispose()


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


class _Joined(threading.local):
    """The transaction of `together` in this thread."""

    connection: sa.Connection | None = None


class _Idle:
    """Connections between two transactions.

    To take one out of the engine's pool and give it back costs as much as a transaction, so a few are kept.
    Those to a server go back: the pool tries them before it gives them out again.
    """

    def __init__(self, engine: sa.Engine, *, only_reads: bool = False) -> None:
        self._engine = engine
        self._only_reads = only_reads
        self._most = KEPT_CONNECTIONS if engine.dialect.name == "sqlite" else 0
        self._idle: list[sa.Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction; after an error its connection is not used again."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            with connection.begin() as transaction:
                yield connection
                if self._only_reads:
                    transaction.rollback()  # there is nothing to commit
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Give all of them back."""
        while self._idle:
            self._idle.pop().close()
