"""SQLAlchemy's Core statements straight on SQLite's driver, for what a part does all day.

To bind a statement's values and to wrap its rows costs SQLAlchemy ten times what SQLite needs to run it. So a
statement is compiled once for each set of names it is given, and runs from then on with its values alone.
Only what is the same each time: a statement with lists of any length, or with values that are computed as it
runs, is compiled as SQLAlchemy does it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Dialect, Engine, Executable, Insert, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.sql.compiler import SQLCompiler

MOST: Final = 500
"""Statements that are remembered: parts have some dozens, made once."""
_NOTHING: Final[Mapping[str, Any]] = {}
_Converter = Callable[[Any], Any]


@dataclass(slots=True)
class Rows:
    """What came of a statement: its rows, and how many it touched."""

    _rows: list[tuple[Any, ...]]
    rowcount: int

    def all(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._rows

    def first(self) -> tuple[Any, ...] | None:
        """The first row, None without one."""
        return self._rows[0] if self._rows else None

    def scalar(self) -> Any:
        """The first column of the first row, None without one."""
        return self._rows[0][0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class Statements:
    """Statements of one SQLite database; several threads may use it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.dialect
        self._known: dict[tuple[Any, ...], _Ready] = {}

    def lent(self) -> PoolProxiedConnection:
        """One of the engine's connections, for whoever runs statements on it; SQLAlchemy's DBAPIError."""
        try:
            return self._engine.raw_connection()
        except sqlite3.Error as error:
            raise self._told("connect", error) from error

    def run(
        self, driver: sqlite3.Connection, statement: Executable, given: Mapping[str, Any] | None = None
    ) -> Rows:
        """Run a statement with these values, as a connection's `execute` does; SQLAlchemy's DBAPIError."""
        given = given or _NOTHING
        ready = self._ready(statement, given)
        try:
            found = driver.execute(ready.text, ready.values(given))
            return Rows(ready.converted(found.fetchall()), found.rowcount)
        except sqlite3.Error as error:
            raise self._told(ready.text, error) from error

    def run_all(
        self, driver: sqlite3.Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Run a statement that gives nothing with each of `rows`, which have the same names."""
        if not rows:
            return
        ready = self._ready(statement, rows[0])
        try:
            driver.executemany(ready.text, [ready.values(row) for row in rows])
        except sqlite3.Error as error:
            raise self._told(ready.text, error) from error

    def act(self, driver: sqlite3.Connection, text: str) -> None:
        """Begin, commit or roll back; SQLAlchemy's DBAPIError."""
        try:
            driver.execute(text)
        except sqlite3.Error as error:
            raise self._told(text, error) from error

    def _ready(self, statement: Executable, given: Mapping[str, Any]) -> _Ready:
        key = (statement, *given)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[key] = _Ready.of(statement, list(given), self._dialect)
        return found

    def _told(self, text: str, error: sqlite3.Error) -> BaseException:
        # Without the values, as the engines of the parts tell it.
        return DBAPIError.instance(
            text, None, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
        )


@dataclass(frozen=True, slots=True)
class _Ready:
    """A compiled statement: its text, the names of its values in their order, those nobody gives, and what
    has to be made of values and columns."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    binds: tuple[tuple[str, _Converter], ...]
    columns: tuple[tuple[int, _Converter], ...]

    @classmethod
    def of(cls, statement: Executable, names: list[str], dialect: Dialect) -> _Ready:
        """Compiled for values of these names; InvalidRequestError for one that cannot be."""
        made = cast("SQLCompiler", cast("Any", statement).compile(dialect=dialect, column_keys=names or None))
        if made.post_compile_params or made.literal_execute_params:
            raise InvalidRequestError(f"a statement with lists of any length is not run so: {made}")
        fixed = {}
        for column in [*(made.insert_prefetch or ()), *(made.update_prefetch or ())]:
            default = column.default if made.isinsert else column.onupdate
            if default is None or not default.is_scalar:
                raise InvalidRequestError(f"the value of {column} is computed as the statement runs")
            fixed[column.key] = cast("Any", default).arg
        for name, bind in made.binds.items():
            if name in names or name in fixed:
                continue
            if bind.required:
                raise InvalidRequestError(f"a value for {name} is wanted: {made}")
            fixed[name] = bind.effective_value
        binds = [
            (name, found)
            for name, bind in made.binds.items()
            if (found := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]
        columns = [
            (place, found)
            for place, column in enumerate(_columns(statement))
            if (found := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        return cls(str(made), tuple(made.positiontup or ()), fixed, tuple(binds), tuple(columns))

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the statement's order."""
        told = {**self.fixed, **given}
        for name, convert in self.binds:
            told[name] = convert(told[name])
        return [told[name] for name in self.names]

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows as the columns' types have them."""
        if not self.columns:
            return rows
        made = [list(row) for row in rows]
        for row in made:
            for place, convert in self.columns:
                row[place] = convert(row[place])
        return [tuple(row) for row in made]


def _columns(statement: Executable) -> list[Any]:
    """What a statement gives."""
    gives = cast("Any", statement)
    if isinstance(statement, Insert) or hasattr(statement, "returning"):
        return list(gives.exported_columns)
    return list(gives.selected_columns)
