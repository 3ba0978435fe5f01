"""A part's own database as its desks use it: transactions that change, sessions that only read, the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from reference.runtime.clock import PartClock
from reference.runtime.database import reading_options


@dataclass(slots=True)
class Book:
    """One database with the clock of the part that it is of."""

    engine: Engine
    clock: PartClock
    _reader: Engine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """The same database for those who only read."""
        self._reader = self.engine.execution_options(**reading_options(self.engine))

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, and changes nothing when it raises."""
        with Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, all of it as of one moment, and never waits for a writer."""
        with Session(self._reader) as session:
            yield session

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """The same as a connection, for statements that ask for columns: far cheaper than a session."""
        with self._reader.connect() as connection:
            yield connection

    @property
    def now(self) -> datetime:
        """The part's time, aware."""
        return self.clock.now()
