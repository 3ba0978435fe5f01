"""What the writer remembers, skips and leaves to a thread changes nothing that anybody can see."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.kz import checkpoint, memory
from ofd_mock.kz.consumer import find
from ofd_mock.kz.registry import LaterTicket, Row, mock_registration
from ofd_mock.kz.values import Device, Profile
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import to_message
from reference.protocol.kz.frames import HEADER_SIZE, Frame, Header
from reference.protocol.kz.signs import QrFields
from reference.runtime.chance import generator
from reference.runtime.database import open_engine
from tests.ofd_mock.kz.counter import ID, NOW, Counter, ParentTicket, offline, ticket
from tests.waiting import PATIENCE, eventually


def sell(counter: Counter, number: int) -> int:
    return int(counter.send(ticket(100_00 + number, time=counter.now, printed_number=number)).code)


def test_what_others_write_is_seen_at_once(counter: Counter) -> None:
    """By the control API of this process, and by another process on the same file."""
    assert [sell(counter, number) for number in (1, 2, 3)] == [0, 0, 0]
    counter.change(state=DeviceState.BLOCKED_OFD)
    assert sell(counter, 4) == 15
    other = counter.opened()
    for state, code in ((DeviceState.ACTIVE, 0), (DeviceState.BLOCKED_MONEY, 15)) * 2:
        other.change(ID, lambda device, state=state: replace(device, state=state))
        assert sell(counter, 5 + counter.device.documents) == code
    other.close()


def test_a_twin_is_found_whoever_took_its_like(counter: Counter) -> None:
    """kz-ofd §4.5: by this process, by an earlier one, and with a number below the highest."""
    number, other = 7, 9
    assert [sell(counter, number), sell(counter, other)] == [0, 0]
    before = counter.findings()
    sell(counter, number)
    found = counter.findings()[len(before) :]
    assert found
    counter.ledger.close()
    counter.ledger = counter.opened()
    mark = len(counter.findings())
    sell(counter, number)
    assert counter.findings()[mark:] == found
    sell(counter, 8)
    assert counter.findings()[mark + len(found) :] == []


@pytest.mark.parametrize("checks", [{}, {"T07": "off"}], ids=["short way", "long way"])
def test_a_twin_is_one_of_its_own_time(counter: Counter, checks: dict[str, str]) -> None:
    """kz-ofd §4.5: the same number at another time is no twin, whatever was asked in between."""
    counter.set(checks=checks)
    early, late, last = (counter.now + timedelta(minutes=minutes) for minutes in range(3))

    def sold(time: datetime, number: int) -> bool:
        before = len(counter.findings())
        one = ticket(100_00, time=time, printed_number=number)
        assert counter.send(one).code == 0
        return "4.5" in counter.findings()[before:]

    assert not sold(early, 7)
    assert not sold(late, 7)
    assert not sold(late, 9)
    assert sold(late, 7)
    assert sold(early, 7)
    assert not sold(early, 8)
    assert sold(late, 9)
    assert not sold(last, 10)
    assert sold(last, 10)


def test_a_twin_of_the_same_batch_is_found(counter: Counter) -> None:
    """Two tickets of a register in one transaction, the first not in the tables yet."""
    assert sell(counter, 1) == 0
    dialect = dialect_for(counter.version)
    assert dialect is not None
    body = to_message(dialect, ticket(time=counter.now, printed_number=2)).SerializeToString()
    counter.set(rotate_token="never")
    header = Header(counter.version, HEADER_SIZE + len(body), ID, counter.token, 50)
    batch = [Frame(header._replace(reqnum=number), body) for number in (50, 51)]
    outcomes = counter.ledger.settle(batch, counter.rules, counter.now, counter.desk)
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert counter.findings() == ["4.5"]
    assert [row["printed_number"] for row in counter.documents()] == [1, 2, 2]


def test_no_question_reads_all_documents(tmp_path: Path) -> None:
    """A plain sale, a twin, a sale made offline, its return, the check page: all by an index."""
    counter = Counter(tmp_path)
    asked: list[str] = []
    counter.ledger.engine.dispose()
    sa.event.listen(
        counter.ledger.engine, "connect", lambda driver, _record: driver.set_trace_callback(asked.append)
    )
    assert [sell(counter, number) for number in (1, 2, 2)] == [0, 0, 0]
    assert counter.send(ticket(100_00, offline_number=1001, printed_number=3), offline()).code == 0
    parent = ParentTicket("1001", NOW, "990000004931", 100_00, False)
    assert counter.send(ticket(10_00, operation=3, parent=parent, printed_number=4)).code == 0
    with counter.ledger.reading() as connection:
        assert find(connection, QrFields("1001", "990000004931", 100_00, NOW), strict=True)
        rows = [text for text in asked if "FROM kz_documents" in text and text.startswith("SELECT")]
        assert any("offline_number" in text for text in rows)
        assert any("parent_sign" in text for text in rows)
        assert any("printed_number" in text for text in rows)
        for text in rows:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
            assert not [step for step in plan if step.startswith("SCAN")], text
    counter.ledger.close()


def test_signs_stay_unique_when_chance_repeats_itself(counter: Counter) -> None:
    for number in range(1, 11):
        counter.desk.chance.signs = generator(1, "the same again")
        assert sell(counter, number) == 0
    documents = counter.documents()
    assert len({row["sign"] for row in documents}) == 10
    assert [row["number"] for row in documents] == list(range(1, 11))


def test_a_ledger_closes_while_its_log_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end may be asked for at any moment of the thread's work; it must not wait for more work then."""
    moving, asked = threading.Event(), threading.Event()

    def move(_driver: object) -> int:
        moving.set()
        assert asked.wait(PATIENCE)
        return 0

    monkeypatch.setattr(checkpoint, "_AFTER", 1)
    monkeypatch.setattr(checkpoint, "_move", move)
    checkpoints = checkpoint.Checkpoints(open_engine(tmp_path / "ledger.sqlite", {}))
    checkpoints.settled(1, None)
    assert moving.wait(PATIENCE)
    closer = threading.Thread(target=checkpoints.close, daemon=True)
    closer.start()
    eventually(lambda: checkpoints._ending)
    asked.set()
    closer.join(PATIENCE)
    assert not closer.is_alive()


def test_a_row_as_it_was_written_is_not_read_into_a_device_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's writing makes rows be read again; what plain tickets made of them is remembered."""
    assert [sell(counter, number) for number in (1, 2)] == [0, 0]
    read: list[object] = []
    known = memory.from_row

    def counted(row: Row, later: Iterable[LaterTicket]) -> Device:
        read.append(row["id"])
        return known(row, later)

    monkeypatch.setattr(memory, "from_row", counted)
    counter.opened().add([Device(ID + 1, profile=Profile(mock_registration(ID + 1)))])
    assert sell(counter, 3) == 0
    assert read == []
    counter.change(state=DeviceState.BLOCKED_OFD)
    assert sell(counter, 4) == 15
    assert ID in read


def test_a_log_that_could_not_be_moved_is_moved_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be opened just then, since the process has no more: told, and tried again."""
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    moved = threading.Event()
    lent = engine.raw_connection
    troubles = [sa.exc.OperationalError("connect", None, OSError("too many open files"))]

    def lend() -> sa.PoolProxiedConnection:
        if troubles:
            raise troubles.pop()
        return lent()

    def move(_driver: object) -> int:
        moved.set()
        return 0

    monkeypatch.setattr(checkpoint, "_AFTER", 1)
    monkeypatch.setattr(checkpoint, "_move", move)
    monkeypatch.setattr(engine, "raw_connection", lend)
    checkpoints = checkpoint.Checkpoints(engine)

    def asked() -> bool:
        checkpoints.settled(1, None)
        return moved.is_set()

    eventually(asked)
    checkpoints.close()
    assert not troubles
    assert "could not be moved" in capsys.readouterr().out


def test_the_log_moves_into_the_file_beside_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "_AFTER", 10)
    counter = Counter(tmp_path)
    copy = tmp_path / "copy.sqlite"
    number = 0

    def moved() -> bool:
        nonlocal number
        number += 1
        assert sell(counter, number) == 0
        shutil.copyfile(tmp_path / "ledger.sqlite", copy)
        with closing(sqlite3.connect(copy)) as alone:
            try:
                return bool(alone.execute("select count(*) from kz_documents").fetchone()[0])
            except sqlite3.DatabaseError:
                return False  # copied while pages of it were moved

    eventually(moved)
    assert [row["number"] for row in counter.documents()] == list(range(1, 1 + len(counter.documents())))
    counter.ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as whole:
        assert whole.execute("pragma integrity_check").fetchone() == ("ok",)
        assert whole.execute("select count(*) from kz_documents").fetchone() == (number,)
