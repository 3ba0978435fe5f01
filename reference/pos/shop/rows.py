"""Rows by their key, with a statement that is built once: the session would build one for every row.

What was found is held as long as its session, which by itself forgets what nobody holds and asks anew.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.util import identity_key

from reference.pos.shop.tables import Base

Row = TypeVar("Row", bound=Base)
_HELD: Final = "held"


class ByKey(Generic[Row]):
    """The rows of `table`, by its primary key `column`."""

    def __init__(self, table: type[Row], column: InstrumentedAttribute[Any]) -> None:
        self._table = table
        query = select(table).where(column == bindparam("key"))
        self._query = query.execution_options(autoflush=False)

    def one(self, session: Session, key: object) -> Row:
        """The row of that key; NoResultFound."""
        row = self.find(session, key)
        if row is None:
            raise NoResultFound(f"{self._table.__tablename__} has no row {key}")
        return row

    def find(self, session: Session, key: object) -> Row | None:
        """The row of that key; None when there is none."""
        known = session.identity_map.get(identity_key(self._table, key))
        if known is not None:
            return known
        row = session.scalars(self._query, {"key": key}).first()
        if row is not None:
            session.info.setdefault(_HELD, []).append(row)
        return row
