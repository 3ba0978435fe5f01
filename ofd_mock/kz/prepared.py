"""Statements compiled once for a driver and put to it directly: what every ticket asks and writes.

SQLAlchemy's own way of executing costs more than the databases do; for everything rarer it is the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

Values = Mapping[str, Any] | tuple[Any, ...]
"""Parameters by name, or all of them in the statement's `order`."""


class Prepared:
    """One statement; its parameters are named as its bindparams are.

    `order` names them too if rows and questions are to be given as tuples in that order.
    """

    def __init__(
        self,
        statement: sa.Select[Any] | sa.Insert | sa.Update,
        dialect: Dialect,
        order: Sequence[str] = (),
    ) -> None:
        compiled = statement.compile(dialect=dialect)
        self._text = str(compiled)
        # Numbers that stand in the statement itself, such as a limit.
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._positions: list[str] | None = getattr(compiled, "positiontup", None)
        self._order = tuple(order)
        self._as_given = self._positions is not None and tuple(self._positions) == self._order
        self._driver_error: type[Exception] = dialect.loaded_dbapi.Error
        self._integrity_error: type[Exception] = dialect.loaded_dbapi.IntegrityError

    def first(self, cursor: Any, values: Values) -> Any:
        """The first row, None without any, by a cursor of the driver. Raises SQLAlchemyError."""
        try:
            cursor.execute(self._text, values if self._as_given else self._given(values))
            # All of them, since a query that is not read to its end would outlive the transaction.
            rows = cursor.fetchall()
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        return rows[0] if rows else None

    def all(self, connection: Connection, values: Values) -> Sequence[Any]:
        """All rows. Raises SQLAlchemyError."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._text, self._given(values))
            return cursor.fetchall()
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        finally:
            cursor.close()

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Carry it out for every row. Raises SQLAlchemyError, IntegrityError among them."""
        given: Any = rows if self._as_given else [self._given(row) for row in rows]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, given)
        except self._driver_error as error:
            raise self._as_sqlalchemy(error) from error
        finally:
            cursor.close()

    def _given(self, values: Values) -> Any:
        named = values if isinstance(values, Mapping) else dict(zip(self._order, values, strict=True))
        if self._constants:
            named = {**self._constants, **named}
        return named if self._positions is None else [named[name] for name in self._positions]

    def _as_sqlalchemy(self, error: Exception) -> sa.exc.DBAPIError:
        kind = sa.exc.IntegrityError if isinstance(error, self._integrity_error) else sa.exc.OperationalError
        return kind(self._text, None, error)
