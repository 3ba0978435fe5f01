"""Transactions of a shop: whole or not at all, and the next one goes on."""

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from reference.pos.shop import tables
from reference.runtime.refusals import UnknownError
from reference.runtime.statements import Statements
from tests.pos.shop.conftest import Cafe

ALL = select(tables.Base.metadata.tables[tables.Setting.__tablename__])


def test_a_commit_that_fails_leaves_nothing_behind(cafe: Cafe, monkeypatch: pytest.MonkeyPatch) -> None:
    act = Statements.act

    def full(statements: Statements, driver: sqlite3.Connection, text: str) -> None:
        if text == "COMMIT":
            raise OSError("the disk is full")
        act(statements, driver, text)

    made = cafe.order((cafe.tea, 1000))
    monkeypatch.setattr(Statements, "act", full)
    with pytest.raises(OSError, match="full"):
        cafe.orders.confirm(cafe.boss, made.id)
    monkeypatch.undo()
    assert cafe.orders.one(made.id) == made
    assert cafe.orders.confirm(cafe.boss, made.id).confirmed is not None


def test_what_is_refused_leaves_nothing_behind(cafe: Cafe) -> None:
    before = cafe.changes()
    with pytest.raises(UnknownError):
        cafe.orders.open(cafe.boss, None, [{"product": cafe.tea.id}, {"product": 999}])
    assert (cafe.orders.all(), cafe.changes()) == ([], before)


def test_a_shop_that_another_program_holds_goes_on_afterwards(cafe: Cafe) -> None:
    made, engine = cafe.order((cafe.tea, 1000)), cafe.premises.engine

    @event.listens_for(engine, "checkout")
    def impatient(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=1")

    cafe.premises.close()
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        cafe.orders.confirm(cafe.boss, made.id)
    other.execute("ROLLBACK")
    other.close()
    assert cafe.orders.confirm(cafe.boss, made.id).confirmed is not None


@pytest.mark.parametrize(
    "ask", [lambda cafe: cafe.premises.asked(ALL), lambda cafe: begin(cafe)], ids=["asking", "writing"]
)
def test_a_database_that_cannot_be_opened_is_told_as_every_other_trouble(
    cafe: Cafe, ask: Callable[[Cafe], object]
) -> None:
    """Whoever works by himself goes on after SQLAlchemy's errors, and would end with the driver's."""

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    cafe.premises.close()
    event.listen(cafe.premises.engine, "connect", broken)
    with pytest.raises(OperationalError, match="disk I/O error"):
        ask(cafe)
    event.remove(cafe.premises.engine, "connect", broken)
    ask(cafe)


def begin(cafe: Cafe) -> None:
    with cafe.premises.writing() as writing:
        writing.execute(ALL)
