"""The same ledger on PostgreSQL: its own tests again, several operators at once, killed under load."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.kz import tables
from ofd_mock.kz.ledger import Desk
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.surroundings import Chance
from reference.protocol.kz.frames import Frame
from tests.ofd_mock.kz.counter import NOW, Counter, ticket
from tests.ofd_mock.kz.test_crash import Child, kill_under_load
from tests.ofd_mock.kz.test_ledger import *  # noqa: F403 - every test of the ledger, on this one
from tests.ofd_mock.kz.test_ledger import frame
from tests.ofd_mock.kz.test_rows_behind import *  # noqa: F403 - and of rows behind their documents
from tests.ofd_mock.kz.test_rules import *  # noqa: F403 - and of the rules, which ask it
from tests.ofd_mock.kz.test_strays import *  # noqa: F403 - and of twins and times
from tests.ofd_mock.postgresql import served
from tests.waiting import PATIENCE, eventually

OPERATORS = 4
REGISTERS = 16


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture
def empty(url: str) -> Iterator[str]:
    """The server without our tables."""
    yield url
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def counter(empty: str) -> Iterator[Counter]:
    made = Counter(empty)
    yield made
    made.ledger.catch_up()
    made.ledger.engine.dispose()


def test_the_schema(counter: Counter) -> None:
    found = sa.inspect(counter.ledger.engine)
    for table in tables.metadata.sorted_tables:
        assert [one["name"] for one in found.get_columns(table.name)] == [one.name for one in table.columns]
        indexes = {one["name"]: one["unique"] for one in found.get_indexes(table.name)}
        assert indexes == {one.name: one.unique for one in table.indexes}


def test_operators_race_for_the_same_tickets(counter: Counter) -> None:
    """Operators that throw the same dice get the same requests at once: each is counted by one of them."""
    for place in range(REGISTERS):
        counter.add(5000 + place, 1 + place)
    batch = [frame(ticket(), 1 + place, 7, 5000 + place) for place in range(REGISTERS)]
    bodies: list[list[bytes | None]] = []
    rows: list[str] = []
    failures: list[Exception] = []
    start = threading.Barrier(OPERATORS)

    def work(own: list[Frame]) -> None:
        ledger = counter.opened()
        try:
            start.wait(PATIENCE)
            desk = Desk(OrderBook(), Chance(1, 0), counter.desk.check_base)
            outcomes = ledger.settle(own, counter.rules, NOW, desk)
            answers = {one.header.id: one.body for one in outcomes}
            bodies.append([answers[device] for device in sorted(answers)])
            rows.extend(one.row for one in outcomes)
        except Exception as error:  # noqa: BLE001 - counted below
            failures.append(error)
        finally:
            ledger.engine.dispose()

    turned = [batch[place:] + batch[:place] for place in range(0, REGISTERS, REGISTERS // OPERATORS)]
    threads = [threading.Thread(target=work, args=(own,)) for own in turned]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(rows) == ["D1"] * (OPERATORS - 1) * REGISTERS + ["D6"] * REGISTERS
    assert all(one == bodies[0] for one in bodies)
    assert counter.ledger.counts()["documents"] == REGISTERS


def test_operators_with_the_same_dice_and_other_registers(counter: Counter) -> None:
    """Nobody is refused because another operator gave out the same sign a moment before."""
    operators, each = 3, 20
    for place in range(operators):
        counter.add(5000 + place, 1)
    failures: list[Exception] = []
    codes: list[int] = []
    start = threading.Barrier(operators)

    def work(device: int) -> None:
        ledger = counter.opened()
        try:
            desk = Desk(OrderBook(), Chance(1, 0), counter.desk.check_base)
            token = 1
            start.wait(PATIENCE)
            for reqnum in range(1, each + 1):
                batch = [frame(ticket(), token, reqnum, device)]
                [outcome] = ledger.settle(batch, counter.rules, NOW, desk)
                codes.append(outcome.code)
                token = outcome.token
        except Exception as error:  # noqa: BLE001 - counted below
            failures.append(error)
        finally:
            ledger.engine.dispose()

    threads = [threading.Thread(target=work, args=(5000 + place,)) for place in range(operators)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert codes == [0] * operators * each
    assert counter.ledger.counts()["documents"] == operators * each


def test_another_process_sees_what_changed(counter: Counter) -> None:
    """What one remembers of a register is never trusted over its row."""
    other = counter.opened()
    assert counter.send(ticket()).row == "D6"
    other.change(counter.device.id, lambda device: device)
    outcome = other.settle(
        [frame(ticket(200_00), counter.token, 2)], counter.rules, counter.now, counter.desk
    )[0]
    assert outcome.row == "D6"
    counter.token = outcome.token
    assert counter.send(ticket(300_00), reqnum=3).row == "D6"
    assert counter.device.counters.cash == 600_00
    other.engine.dispose()


def test_served_by_the_environment(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KASSALAB_DATABASE_URL: two operator processes, one ledger."""
    monkeypatch.setenv("KASSALAB_DATABASE_URL", empty)
    with ExitStack() as ending:
        children = [Child(tmp_path / name) for name in ("one", "two")]
        for child in children:
            ending.callback(child.wait)
            ending.callback(child.process.terminate)
        made = children[0].order("provision")
        assert children[1].order("documents", id=made["id"])["documents"] == []
        assert not list(tmp_path.rglob("ledger.sqlite"))
        eventually(lambda: all(child.process.poll() is None for child in children))


@pytest.mark.slow
def test_kill_under_load_here(empty: str, tmp_path: Path) -> None:
    assert kill_under_load(tmp_path, "--database", empty) > 10
