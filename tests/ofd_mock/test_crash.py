"""kill -9 under load: every acknowledged receipt stands in the ledger, exactly once (OF-25, UZ-OFD-01)."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from ofd_mock.uz import tables
from reference.protocol.uz.message import File, FileStatus, Response
from reference.runtime.database import open_engine
from tests.ofd_mock.children import Child, operator
from tests.ofd_mock.conftest import web
from tests.ofd_mock.till import Till, ack_of, statuses
from tests.waiting import PATIENCE, eventually

TILLS = 6
KILLS = 4
ACKS_BETWEEN_KILLS = 40


class Drive(threading.Thread):
    """Sends a till's files over and over until each is acknowledged, as a drive does; never waits for
    long.
    """

    def __init__(self, till: Till, files: list[File], ports: list[int]) -> None:
        super().__init__(daemon=True)
        self.till = till
        self.todo = list(files)
        self.ports = ports
        self.acknowledged: list[int] = []
        self.closed = 0
        self.sends = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while self.todo:
                self.send(self.todo[:3])
        except BaseException as error:
            self.failure = error
            raise

    def send(self, files: list[File]) -> None:
        from tests.ofd_mock.till import Line

        self.sends += 1
        try:
            with Line(self.ports[-1], timeout=PATIENCE) as line:
                line.send(self.till.request(*files).encode())
                response = line.read()
        except OSError:
            return
        if isinstance(response, Response) and response.acks:
            assert statuses(response) == [FileStatus.Acknowledge] * len(files)
            for file, ack in zip(files, response.acks, strict=True):
                contents = ack_of(ack, self.till.terminal)
                if file.type == 2:
                    self.closed += 1
                else:
                    self.acknowledged.append(contents.receipt_seq)
            del self.todo[: len(files)]


def held(folder: Path) -> tuple[Counter[tuple[str, int]], Counter[tuple[str, str]]]:
    """What stands in the ledger file, read without the operator's code."""
    engine = open_engine(folder / "ledger.sqlite", {})
    receipts, reports = tables.receipts, tables.zreports
    with engine.connect() as connection:
        found = Counter(
            (row.terminal, row.number)
            for row in connection.execute(sa.select(receipts.c.terminal, receipts.c.number))
        )
        closed = Counter(
            (row.terminal, row.close_time)
            for row in connection.execute(sa.select(reports.c.terminal, reports.c.close_time))
        )
    engine.dispose()
    return found, closed


def test_killed_under_load(tmp_path: Path) -> None:
    tills = [Till(f"ZZ{at:012d}") for at in range(TILLS)]
    files = [[till.bread().full() for _ in range(60)] + [till.close()[0]] for till in tills]
    child = Child(tmp_path)
    ports = [child.port]
    drives = [Drive(till, own, ports) for till, own in zip(tills, files, strict=True)]
    for drive in drives:
        drive.start()

    def acknowledged() -> int:
        assert not any(drive.failure for drive in drives)
        return sum(len(drive.acknowledged) for drive in drives)

    try:
        for round_ in range(KILLS):
            enough = acknowledged() + ACKS_BETWEEN_KILLS
            eventually(lambda enough=enough: acknowledged() >= enough, 60)
            child.kill()
            # What has been acknowledged so far is on disk now, with nobody alive to write it later.
            found, _ = held(tmp_path)
            for drive in drives:
                for number in list(drive.acknowledged):
                    assert found[(drive.till.terminal, number)] == 1, f"lost in round {round_}"
            child = Child(tmp_path)
            ports.append(child.port)
        for drive in drives:
            drive.join(60)
            assert not drive.is_alive()
            assert drive.failure is None
    finally:
        child.kill()
    found, closed = held(tmp_path)
    expected = {(till.terminal, number) for till in tills for number in range(1, 61)}
    assert found == Counter(dict.fromkeys(expected, 1))
    assert all(count == 1 for count in closed.values())
    assert len(closed) == TILLS
    for drive in drives:
        assert sorted(drive.acknowledged) == list(range(1, 61))
        assert drive.closed == 1
    assert sum(drive.sends for drive in drives) > TILLS * 21, "no answer was ever lost: nothing was tried"


@pytest.mark.parametrize(
    ("point", "stored"), [("ofd.store.before", 0), ("ofd.store.after", 1), ("ofd.ack", 1)]
)
def test_a_crash_at_a_named_place(tmp_path: Path, till: Till, point: str, stored: int) -> None:
    sold = till.bread()
    with operator(tmp_path) as child:
        rule = {"point": point, "action": "crash"}
        assert web.post(child.base + "/control/faults", json=rule).status_code == 201
        with child.line() as line:
            line.send(till.request(sold.full()).encode())
            assert line.read() is None
        assert child.process.wait(PATIENCE) == 137
    assert sum(held(tmp_path)[0].values()) == stored
    with operator(tmp_path) as child, child.line() as line:
        assert statuses(line.ask(till.request(sold.full()))) == [FileStatus.Acknowledge]
    assert held(tmp_path)[0] == Counter({(till.terminal, 1): 1})
