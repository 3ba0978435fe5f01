"""Statements compiled once for a driver and put to it directly: what every ticket asks and writes.

SQLAlchemy's own way of executing costs more than the databases do; for everything rarer it is the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect


class Prepared:
    """One statement; its parameters are named as its bindparams are."""

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._positions: list[str] | None = getattr(compiled, "positiontup", None)
        self._driver_error: type[Exception] = dialect.loaded_dbapi.Error
        self._integrity_error: type[Exception] = dialect.loaded_dbapi.IntegrityError

    def first(self, cursor: Any, values: Mapping[str, Any]) -> Any:
        """The first row, None without any, by a cursor of the driver. Raises SQLAlchemyError."""
        try:
            cursor.execute(self._text, self._given(values))
            # All of them, since a query that is not read to its end would outlive the transaction.
            rows = cursor.fetchall()
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        return rows[0] if rows else None

    def all(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """All rows. Raises SQLAlchemyError."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._text, self._given(values))
            return cursor.fetchall()
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        finally:
            cursor.close()

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry it out for every row. Raises SQLAlchemyError, IntegrityError among them."""
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, [self._given(row) for row in rows])
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        finally:
            cursor.close()

    def _given(self, values: Mapping[str, Any]) -> Any:
        return values if self._positions is None else [values[name] for name in self._positions]

    def _as_sqlalchemy(self, error: Exception) -> sa.exc.DBAPIError:
        kind = sa.exc.IntegrityError if isinstance(error, self._integrity_error) else sa.exc.OperationalError
        return kind(self._text, None, error)
