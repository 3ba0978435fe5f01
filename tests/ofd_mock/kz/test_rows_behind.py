"""A register's row may be behind its documents by a few tickets: nobody can tell, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ofd_mock.kz import archive, tables
from ofd_mock.kz.ledger import Desk
from ofd_mock.kz.memory import MOST_LATER
from ofd_mock.kz.order_book import OrderBook
from ofd_mock.kz.registry import changing
from ofd_mock.kz.surroundings import Chance
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.exchange import DeviceExchange
from reference.protocol.kz.frames import HEADER_SIZE, Frame, Header
from tests.ofd_mock.kz.counter import ID, NOW, TOKEN, Answer, Counter, deposit, ticket


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path)
    yield made
    made.ledger.close()


def stored(counter: Counter) -> dict[str, Any]:
    """The register's row as it is written."""
    with counter.ledger.reading() as connection:
        return dict(
            connection.execute(sa.select(tables.devices).where(tables.devices.c.id == ID)).mappings().one()
        )


def behind(counter: Counter) -> int:
    """How many documents stand behind the row."""
    return len(counter.documents()) - int(stored(counter)["documents"])


def sell(counter: Counter, number: int) -> Answer:
    answer = counter.send(ticket(100_00 + number, printed_number=number))
    assert (answer.code, answer.row) == (0, "D6")
    return answer


def reopened(counter: Counter) -> None:
    counter.ledger.close()
    counter.ledger = counter.opened()


def test_the_row_is_written_once_in_many_tickets(counter: Counter) -> None:
    """The first one makes the register active, which its row must say."""
    lags = []
    for number in range(1, 2 * MOST_LATER + 2):
        sell(counter, number)
        lags.append(behind(counter))
    assert lags == [*range(MOST_LATER), *range(MOST_LATER), 0]


def test_a_repeat_is_answered_as_before_after_a_restart(counter: Counter) -> None:
    """kz-ofd §4.2 D1: token, number and answer of the last document are found behind the row."""
    for number in (1, 2):
        sell(counter, number)
    token, document = counter.token, ticket(300_00, printed_number=3)
    first = counter.send(document)
    assert behind(counter) == 2
    reopened(counter)
    again = counter.send(document, token=token, reqnum=counter.reqnum)
    assert (again.row, again.token) == ("D1", first.token)
    assert again.outcome.body == first.outcome.body
    sell(counter, 4)
    assert [row["number"] for row in counter.documents()] == [1, 2, 3, 4]


def test_a_restart_changes_nothing_of_a_register(counter: Counter) -> None:
    for number in range(1, 8):
        sell(counter, number)
        before = counter.device
        assert before.exchange.issued == counter.token
        assert (before.documents, before.cancellable, before.last_time) == (number, True, NOW)
        reopened(counter)
        assert counter.device == before == counter.ledger.devices()[0]
    assert counter.ask(Command.CANCEL_TICKET, version=202).code == 0
    assert behind(counter) == 0


def test_processes_take_turns_at_one_register(counter: Counter) -> None:
    """Neither writes the row for each ticket, so that the row tells nobody of the other's."""
    other = counter.opened()
    ledgers = [counter.ledger, other]
    for number in range(1, 41):
        counter.ledger = ledgers[number * number % 3 % 2]
        sell(counter, number)
    assert behind(counter)
    assert counter.device.documents == 40
    assert counter.device.counters.cash == sum(100_00 + number for number in range(1, 41))
    counter.ledger = ledgers[0]
    other.close()


def test_what_was_not_stored_is_not_remembered(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails leaves no ticket behind the row, whatever the writer already knew of it."""
    for number in (1, 2):
        sell(counter, number)
    before, dialect = counter.device, type(counter.ledger.engine.dialect)
    body = counter.body(ticket(777_00, printed_number=3))

    def full(*_: Any) -> None:
        raise counter.ledger.engine.dialect.loaded_dbapi.OperationalError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", full)
        with pytest.raises(sa.exc.OperationalError):
            counter.raw(body)
    assert counter.device == before
    sell(counter, 3)
    assert counter.device.counters.cash == before.counters.cash + 100_03
    assert [row["number"] for row in counter.documents()] == [1, 2, 3]


def test_tickets_of_one_batch(counter: Counter) -> None:
    """More of one register than may stand behind its row, and one among them that is not plain."""
    counter.set(rotate_token="never")
    sell(counter, 1)
    bodies = [counter.body(ticket(100_00, printed_number=number)) for number in range(2, MOST_LATER + 12)]
    bodies.insert(5, counter.request(Command.SYSTEM))

    def batch(some: list[bytes], first: int) -> list[Frame]:
        return [
            Frame(Header(counter.version, HEADER_SIZE + len(body), ID, TOKEN, first + place), body)
            for place, body in enumerate(some)
        ]

    for start, end in ((0, 4), (4, 8), (8, len(bodies))):
        outcomes = counter.ledger.settle(
            batch(bodies[start:end], 10 + start), counter.rules, NOW, counter.desk
        )
        assert {outcome.code for outcome in outcomes} == {0}
    before = counter.device
    assert before.documents == MOST_LATER + 11
    reopened(counter)
    assert counter.device == before


def test_a_ledger_of_the_version_before(counter: Counter) -> None:
    """Its rows were behind in their counters alone, and its documents do not name the next token."""
    for number in range(1, 8):
        sell(counter, number)
    before = counter.device
    as_of_0006(counter)
    reopened(counter)
    assert behind(counter) == 6
    assert counter.device == before
    sell(counter, 8)
    reopened(counter)
    assert counter.device.counters.cash == sum(100_00 + number for number in range(1, 9))
    assert counter.device.exchange.issued == counter.token


def test_a_token_of_the_version_before_stands(counter: Counter) -> None:
    """The portal made it and cleared what was last, while the row's counters were behind (kz-ofd §4.5)."""
    for number in range(1, 5):
        sell(counter, number)
    as_of_0006(counter)
    with counter.ledger.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE kz_devices SET issued = 777, last_token = NULL, last_req = NULL, last_cmd = NULL, "
                "last_answer = NULL"
            )
        )
    reopened(counter)
    assert counter.device.exchange == DeviceExchange(777)
    assert counter.device.counters.cash == sum(100_00 + number for number in range(1, 5))
    counter.token = 777
    answer = counter.send(ticket(500_00, printed_number=5), reqnum=counter.reqnum)
    assert (answer.code, answer.row) == (0, "D6")


def test_another_process_begins_the_ledger_anew(counter: Counter) -> None:
    """With the same dice: the first ticket and the signs are those that this process remembers."""

    def run(amount: int) -> str:
        counter.desk = Desk(OrderBook(), Chance(1, 0), counter.desk.check_base)
        counter.token, counter.reqnum = TOKEN, 0
        sell(counter, 1)
        return counter.send(ticket(amount, printed_number=2)).sign

    one, other = counter.ledger, counter.opened()
    sign = run(200_00)
    counter.ledger = other
    assert counter.info().code == 0
    counter.ledger = one
    one.wipe()
    counter.add()
    assert run(300_00) == sign
    counter.ledger = other
    sell(counter, 3)
    assert counter.send(deposit(1_00)).code == 0
    assert behind(counter) == 0
    assert counter.device.counters.cash == 100_01 + 300_00 + 100_03 + 1_00
    counter.ledger = one
    other.close()


def test_an_archive_of_the_version_before(counter: Counter, tmp_path: Path) -> None:
    for number in range(1, 8):
        sell(counter, number)
    before = counter.device
    archive.write(counter.ledger, tmp_path)
    file = tmp_path / archive.FILE
    old = []
    for line in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        row = entry["row"]
        if entry["table"] == "kz_devices":
            now = {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in changing(before).items()
            }
            row |= now | {"counters": row["counters"], "uncounted": before.documents - row["documents"]}
        elif entry["table"] == "kz_documents":
            del row["issued"]
        old.append(json.dumps(entry))
    archive.read(counter.ledger, tmp_path)
    assert counter.device == before
    file.write_text("\n".join(old), encoding="utf-8")
    counter.ledger.wipe()
    archive.read(counter.ledger, tmp_path)
    assert counter.device == before
    sell(counter, 8)


def as_of_0006(counter: Counter) -> None:
    """Make of the ledger what that version would have written."""
    now, row = changing(counter.device), stored(counter)
    values = now | {"counters": row["counters"]}
    with counter.ledger.engine.begin() as connection:
        connection.execute(sa.update(tables.devices).where(tables.devices.c.id == ID).values(values))
        connection.execute(sa.text("ALTER TABLE kz_devices ADD COLUMN uncounted SMALLINT DEFAULT 0 NOT NULL"))
        connection.execute(
            sa.text("UPDATE kz_devices SET uncounted = :lag"), {"lag": now["documents"] - row["documents"]}
        )
        connection.execute(sa.text("ALTER TABLE kz_documents DROP COLUMN issued"))
        connection.execute(sa.text("UPDATE alembic_ofd_mock_kz_migrations SET version_num = '0006'"))
