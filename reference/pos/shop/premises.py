"""What every desk of the shop works with: database, clock, and the log of changes its owner is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.moments import local_day, written
from reference.runtime.clock import PartClock
from reference.runtime.database import READ_ONLY, migrate

MIGRATIONS = "reference.pos.migrations"


@dataclass(slots=True)
class Premises:
    """One shop on one database; `clock` is the PC's."""

    engine: Engine
    clock: PartClock

    def open(self) -> None:
        """Bring the shop's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, and changes nothing when it raises."""
        with Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads and never waits for a writer."""
        with Session(self.engine.execution_options(**{READ_ONLY: True})) as session:
            yield session

    @property
    def now(self) -> datetime:
        """The PC's time, aware."""
        return self.clock.now()

    @property
    def today(self) -> str:
        """The shop's day."""
        return local_day(self.now)

    def tell(self, session: Session, kind: str, key: object, body: Mapping[str, Any]) -> None:
        """Put a change into the log: the whole of what it is about, as it now is."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        session.add(tables.Change(kind=kind, key=str(key), made=written(self.now), body=text))
