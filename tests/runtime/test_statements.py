"""Core statements on SQLite's driver: what comes of them is what SQLAlchemy makes of the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam, delete, func, insert, select, update

from reference.runtime.database import open_engine
from reference.runtime.statements import MOST, Statements

META = sa.MetaData()
GOODS = sa.Table(
    "goods",
    META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(20), unique=True),
    sa.Column("price", sa.BigInteger, default=7),
    sa.Column("sold", sa.Boolean, default=False),
    sa.Column("note", sa.Text),
    sa.Column("made", sa.String(20), default=lambda: "now"),
    sa.Column("read", sa.String(20), onupdate="again"),
)
NEW = insert(GOODS).returning(GOODS.c.id, GOODS.c.name, GOODS.c.sold)
ALL = select(GOODS).order_by(GOODS.c.id)
OF = select(GOODS.c.name, GOODS.c.sold, func.count().over()).where(
    GOODS.c.price >= bindparam("least"), GOODS.c.name != "none"
)
SAVE = update(GOODS).where(GOODS.c.id == bindparam("key"))
TAKE = (
    update(GOODS).values(price=GOODS.c.price - bindparam("amount")).where(GOODS.c.name == bindparam("which"))
)
DROP = delete(GOODS).where(GOODS.c.id == bindparam("key"))
ROW = {"name": "osh", "made": "then", "sold": True}


class Bench:
    """Two databases: one for SQLAlchemy, one for the driver."""

    def __init__(self, folder: Path) -> None:
        self.engines = [open_engine(folder / f"{name}.sqlite", {}) for name in ("core", "driver")]
        for engine in self.engines:
            META.create_all(engine)
        self.core, self.other = (engine.connect() for engine in self.engines)
        self.statements = Statements(self.engines[1])
        self.driver: sqlite3.Connection = self.other.connection.driver_connection  # type: ignore[assignment]

    def both(self, statement: Any, given: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement; both have the same, and have touched as many."""
        told = self.core.execute(statement, given)
        rows = [tuple(row) for row in told.all()] if told.returns_rows else []
        found = self.statements.run(self.driver, statement, given)
        assert found.all() == rows
        assert [*map(type, sum(found.all(), ()))] == [*map(type, sum(rows, ()))]
        assert rows or found.rowcount == told.rowcount
        return rows

    def close(self) -> None:
        """Let go of both."""
        for connection, engine in zip((self.core, self.other), self.engines, strict=True):
            connection.close()
            engine.dispose()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_they_do_what_sqlalchemy_does(bench: Bench) -> None:
    assert bench.both(NEW, ROW) == [(1, "osh", True)]
    bench.both(NEW, ROW | {"name": "choy", "price": 3, "sold": False})
    bench.both(insert(GOODS), ROW | {"name": "non", "note": None})
    assert [name for name, _, _ in bench.both(OF, {"least": 4})] == ["osh", "non"]
    bench.both(SAVE, {"key": 2, "sold": True, "note": "ў"})
    bench.both(SAVE, {"key": 9, "sold": True})
    bench.both(TAKE, {"amount": 2, "which": "choy"})
    bench.both(DROP, {"key": 1})
    assert [(row[1], row[2], row[3], row[6]) for row in bench.both(ALL)] == [
        ("choy", 1, True, "again"),
        ("non", 7, True, None),
    ]


def test_many_rows_at_once(bench: Bench) -> None:
    rows = [ROW | {"name": name} for name in "abc"]
    bench.core.execute(insert(GOODS), rows)
    bench.statements.run_all(bench.driver, insert(GOODS), rows)
    bench.statements.run_all(bench.driver, insert(GOODS), [])
    assert len(bench.both(ALL)) == 3


def test_ways_to_look_at_rows(bench: Bench) -> None:
    nothing = bench.statements.run(bench.driver, OF, {"least": 0})
    assert (nothing.first(), nothing.scalar(), [*nothing]) == (None, None, [])
    bench.both(NEW, ROW)
    found = bench.statements.run(bench.driver, OF, {"least": 0})
    assert (found.first(), found.scalar(), [*found]) == (("osh", True, 1), "osh", [("osh", True, 1)])


@pytest.mark.parametrize("given", [{}, {"key": 1}], ids=("no value", "another's"))
def test_a_value_that_is_wanted_has_to_be_given(bench: Bench, given: dict[str, Any]) -> None:
    with pytest.raises(sa.exc.InvalidRequestError, match="a value for least is wanted"):
        bench.statements.run(bench.driver, OF, given)


@pytest.mark.parametrize(
    ("statement", "given", "rule"),
    [
        (select(GOODS).where(GOODS.c.id.in_(bindparam("ids", expanding=True))), {"ids": [1]}, "any length"),
        (insert(GOODS), {"name": "osh"}, "value of goods.made is computed"),
    ],
    ids=("a list", "a computed value"),
)
def test_what_is_not_the_same_each_time_is_refused(
    bench: Bench, statement: Any, given: dict[str, Any], rule: str
) -> None:
    with pytest.raises(sa.exc.InvalidRequestError, match=rule):
        bench.statements.run(bench.driver, statement, given)


def test_errors_are_sqlalchemys_and_tell_no_values(bench: Bench) -> None:
    bench.both(NEW, ROW)
    for act in (
        lambda: bench.statements.run(bench.driver, NEW, ROW),
        lambda: bench.statements.run_all(bench.driver, insert(GOODS), [ROW]),
    ):
        with pytest.raises(sa.exc.IntegrityError) as caught:
            act()
        assert "osh" not in str(caught.value)
    bench.driver.execute("DROP TABLE goods")
    with pytest.raises(sa.exc.OperationalError, match="no such table"):
        bench.statements.run(bench.driver, ALL)


def test_not_more_statements_than_some_are_remembered(bench: Bench) -> None:
    for number in range(MOST + 5):
        bench.statements.run(bench.driver, select(GOODS.c.id).where(GOODS.c.id == number))
    assert len(bench.statements._known) <= MOST


def test_a_transaction_that_another_holds_up_is_told(bench: Bench) -> None:
    """As SQLAlchemy tells it, too."""
    bench.driver.execute("PRAGMA busy_timeout=1")
    with bench.engines[1].begin(), pytest.raises(sa.exc.OperationalError, match="locked"):
        bench.statements.act(bench.driver, "BEGIN IMMEDIATE")
    bench.statements.act(bench.driver, "BEGIN IMMEDIATE")
    bench.statements.act(bench.driver, "COMMIT")
