"""What every desk of the shop works with: database, clock, and the log of changes its owner is told."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import Connection, Executable, Insert, PoolProxiedConnection, insert
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.memory import Memory
from reference.pos.shop.moments import local_day, written
from reference.runtime.book import Book
from reference.runtime.database import migrate
from reference.runtime.statements import Rows, Statements

MIGRATIONS = "reference.pos.migrations"
_TOLD: Final = "told"
_LOG: Final = insert(tables.Base.metadata.tables[tables.Change.__tablename__])
_READERS: Final = 2
"""Connections at most that are kept for those who ask."""


@dataclass(slots=True)
class Straight:
    """A connection of SQLite's driver, and the statements that it runs."""

    statements: Statements
    driver: sqlite3.Connection

    def execute(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Rows:
        """The result of one statement."""
        return self.statements.run(self.driver, statement, given)


@dataclass(slots=True)
class Writing:
    """A transaction of statements, the moment at which it began, and what the owner is told with it.

    Its statements are made once, and without lists of any length; rows are tuples.
    """

    through: Connection | Straight
    now: datetime
    moment: str
    told: list[dict[str, str]] = field(default_factory=list)

    def execute(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Any:
        """The result of one statement."""
        return self.through.execute(statement, given)

    def added(self, statement: Insert, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[int]:
        """Insert rows at once, with a statement that returns their numbers and `names`; the numbers.

        A database returns rows in no order: whose number it is, the columns `names` tell.
        """
        if isinstance(self.through, Straight):
            return [self.through.execute(statement, row).scalar() for row in rows]
        numbers = defaultdict[tuple[Any, ...], list[int]](list)
        for number, *what in self.through.execute(statement, rows):
            numbers[tuple(what)].append(number)
        return [numbers[tuple(row[name] for name in names)].pop(0) for row in rows]

    def tell(self, kind: str, key: object, body: Mapping[str, Any]) -> None:
        """Put a change into the log: the whole of what it is about, as it now is."""
        self.told.append(_change(kind, key, self.moment, body))

    def log(self) -> None:
        """Write down what was told."""
        if not self.told:
            return
        if isinstance(self.through, Straight):
            self.through.statements.run_all(self.through.driver, _LOG, self.told)
        else:
            self.through.execute(_LOG, self.told)


@dataclass(slots=True)
class Premises(Book):
    """One shop on one database, which one process serves; `clock` is the PC's.

    Who writes waits for his turn here. So a transaction sees nothing that `memory` has not forgotten when
    somebody changed it.
    """

    memory: Memory = field(default_factory=Memory, init=False, repr=False)
    changes: int = field(default=0, init=False, repr=False)
    """How often the owner may have been told something: as long as it stays, nothing was."""
    _kept: PoolProxiedConnection | None = field(default=None, init=False, repr=False)
    _turn: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    _statements: Statements | None = field(default=None, init=False, repr=False)
    _readers: list[PoolProxiedConnection] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        """SQLite's statements go straight to its driver."""
        Book.__post_init__(self)
        if self.engine.dialect.name == "sqlite":
            self._statements = Statements(self.engine)

    def open(self) -> None:
        """Bring the shop's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, with all that was told in it.

        It may change whatever it likes: afterwards nothing is remembered.
        """
        with self._turn:
            try:
                with Book.changing(self) as session:
                    yield session
                    if told := session.info.pop(_TOLD, None):
                        session.flush()
                        session.connection().execute(_LOG, told)
            finally:
                self.memory.forget()
                self.changes += 1

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """The same for statements, far cheaper: of orders, payments, receipts, papers and stock.

        What is remembered stays, unless nothing comes of it: people at the till, goods but for their stock,
        places and settings are only written in `changing`.
        """
        with self._turn:
            try:
                with self._begun() as through:
                    now = self.now
                    made = Writing(through, now, written(now))
                    yield made
                    made.log()
            except BaseException:
                self.memory.forget()
                self.changes += 1
                raise
            if made.told:
                self.changes += 1

    def asked(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Rows:
        """What one statement gives, made as `Writing.execute` wants it: alone, it needs no transaction."""
        if self._statements is None:
            with self.looking() as connection:
                return Rows([tuple(row) for row in connection.execute(statement, given)], -1)
        try:
            lent = self._readers.pop()
        except IndexError:
            lent = self._statements.lent()
        try:
            assert lent.driver_connection is not None
            found = self._statements.run(lent.driver_connection, statement, given)
        except BaseException:
            lent.close()
            raise
        if len(self._readers) < _READERS:
            self._readers.append(lent)
        else:
            lent.close()
        return found

    @contextmanager
    def _begun(self) -> Iterator[Connection | Straight]:
        """A transaction: of SQLite on one connection for all in turn; another database's may break."""
        statements = self._statements
        if statements is None:
            with self.engine.begin() as connection:
                yield connection
            return
        if self._kept is None:
            self._kept = statements.lent()
        driver = self._kept.driver_connection
        assert driver is not None
        try:
            statements.act(driver, "BEGIN IMMEDIATE")
            yield Straight(statements, driver)
            statements.act(driver, "COMMIT")
        except BaseException:
            # Where not even the commit came through, only giving it back rolls back.
            self._let_go()
            raise

    def close(self) -> None:
        """Let go of the connections."""
        with self._turn:
            self._let_go()
        while self._readers:
            self._readers.pop().close()
        self.engine.dispose()

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @property
    def today(self) -> str:
        """The shop's day."""
        return local_day(self.now)

    def tell(self, session: Session, kind: str, key: object, body: Mapping[str, Any]) -> None:
        """Put a change into the log: the whole of what it is about, as it now is.

        `session` is one of `changing`, which writes it down when its block ends.
        """
        session.info.setdefault(_TOLD, []).append(_change(kind, key, written(self.now), body))


def _change(kind: str, key: object, made: str, body: Mapping[str, Any]) -> dict[str, str]:
    return {"kind": kind, "key": str(key), "made": made, "body": to_json(body).decode()}
