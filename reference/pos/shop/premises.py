"""What every desk of the shop works with: database, clock, and the log of changes its owner is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.moments import local_day, written
from reference.runtime.book import Book
from reference.runtime.database import migrate

MIGRATIONS = "reference.pos.migrations"


@dataclass(slots=True)
class Premises(Book):
    """One shop on one database; `clock` is the PC's."""

    def open(self) -> None:
        """Bring the shop's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @property
    def today(self) -> str:
        """The shop's day."""
        return local_day(self.now)

    def tell(self, session: Session, kind: str, key: object, body: Mapping[str, Any]) -> None:
        """Put a change into the log: the whole of what it is about, as it now is."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        session.add(tables.Change(kind=kind, key=str(key), made=written(self.now), body=text))
