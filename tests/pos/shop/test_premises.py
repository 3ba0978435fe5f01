"""Transactions of a shop: whole or not at all, and the next one goes on."""

import sqlite3

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from reference.runtime.refusals import UnknownError
from reference.runtime.statements import Statements
from tests.pos.shop.conftest import Cafe


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
