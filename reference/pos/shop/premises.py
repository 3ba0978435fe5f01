"""What every desk of the shop works with: database, clock, and the log of changes its owner is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.moments import local_day, written
from reference.runtime.book import Book
from reference.runtime.database import migrate

MIGRATIONS = "reference.pos.migrations"
_TOLD: Final = "told"
_LOG: Final = insert(tables.Base.metadata.tables[tables.Change.__tablename__])


@dataclass(slots=True)
class Premises(Book):
    """One shop on one database; `clock` is the PC's."""

    def open(self) -> None:
        """Bring the shop's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, with all that was told in it."""
        with Book.changing(self) as session:
            yield session
            if told := session.info.pop(_TOLD, None):
                session.flush()
                session.connection().execute(_LOG, told)

    @property
    def today(self) -> str:
        """The shop's day."""
        return local_day(self.now)

    def tell(self, session: Session, kind: str, key: object, body: Mapping[str, Any]) -> None:
        """Put a change into the log: the whole of what it is about, as it now is.

        `session` is one of `changing`, which writes it down when its block ends.
        """
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        told = {"kind": kind, "key": str(key), "made": written(self.now), "body": text}
        session.info.setdefault(_TOLD, []).append(told)
