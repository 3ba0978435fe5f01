"""Committed is on disk before anybody is answered: by the commit itself, or by whoever answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from ofd_mock.kz import records
from ofd_mock.kz.checkpoint import log_of
from ofd_mock.kz.intake_process import IntakeProcess
from ofd_mock.kz.records import Record, Unpacker
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.frames import Frame, Header
from reference.runtime.database import open_engine
from tests.ofd_mock.kz.bench import running
from tests.ofd_mock.kz.counter import ID, Counter, ticket

FULL, NORMAL = 2, 1


def waits(counter: Counter) -> int:
    """How the connection that the ledger keeps for writing waits for the disk."""
    own = counter.ledger._own
    assert own is not None
    driver = own.connection.driver_connection
    assert driver is not None
    return int(driver.execute("PRAGMA synchronous").fetchone()[0])


def settle(counter: Counter, *, to_log: bool) -> int:
    counter.reqnum += 1
    body = counter.request(Command.SYSTEM)
    frame = Frame(Header(203, 18 + len(body), ID, counter.token, counter.reqnum), body)
    [outcome] = counter.ledger.settle([frame], counter.rules, counter.now, counter.desk, to_log=to_log)
    return int(outcome.code)


def test_only_who_asks_for_it_does_not_wait_for_the_disk(counter: Counter) -> None:
    assert settle(counter, to_log=False) == 0
    assert waits(counter) == FULL
    assert settle(counter, to_log=True) == 0
    assert waits(counter) == NORMAL
    assert counter.ledger.log is not None
    assert Path(counter.ledger.log).stat().st_size > 0
    with counter.ledger.engine.begin() as other:
        assert other.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
    assert settle(counter, to_log=False) == 0
    assert waits(counter) == FULL


def test_an_operator_that_is_late_with_its_commit_waits_for_the_disk(counter: Counter) -> None:
    counter.set(defects=("ack-before-commit",))
    assert settle(counter, to_log=True) == 0
    counter.ledger.catch_up()
    assert waits(counter) == FULL


def test_a_connection_that_failed_serves_nobody_else(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OperationalError("insert", {}, OSError("disk full"))

    assert settle(counter, to_log=True) == 0
    with monkeypatch.context() as patch:
        patch.setattr("ofd_mock.kz.draft.Draft.flush", full)
        with pytest.raises(OperationalError):
            settle(counter, to_log=True)
    for _ in range(3):
        with counter.ledger.engine.begin() as other:
            assert other.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
    assert settle(counter, to_log=True) == 0
    assert waits(counter) == NORMAL


def test_a_ledger_without_a_log_waits_for_the_disk(tmp_path: Path) -> None:
    assert log_of(sa.create_engine("sqlite://")) is None
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'rollback.sqlite'}")
    assert log_of(engine) is None
    engine.dispose()
    target = tmp_path / "elsewhere" / "real.sqlite"
    target.parent.mkdir()
    target.touch()
    (tmp_path / "link.sqlite").symlink_to(target)
    engine = open_engine(tmp_path / "link.sqlite", {})
    assert log_of(engine) == f"{target}-wal"
    engine.dispose()


def test_the_log_goes_before_every_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[list[Record]] = []
    send = IntakeProcess._send

    def noted(intake: IntakeProcess, data: bytes) -> None:
        messages.append(Unpacker().feed(data))
        send(intake, data)

    monkeypatch.setattr(IntakeProcess, "_send", noted)
    with running(tmp_path) as bench:
        wire = bench.register()
        for _ in range(3):
            assert wire.ask(ticket(time=bench.process.operator.time))[0] == 0
        wire.close()
        log = bench.process.ledger.log
    answers = [told for told in messages if any(record[0] == records.ANSWER for record in told)]
    assert [told[0] for told in answers] == [(records.SYNC, log)] * 3
