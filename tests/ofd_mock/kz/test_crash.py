"""Acknowledged means durable: the operator is killed under load and at its fault points, and started anew."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ofd_mock.kz import tables
from reference.protocol.kz.dialects import Command
from reference.runtime.database import open_engine
from tests.ofd_mock.kz.bench import Wire, web
from tests.ofd_mock.kz.counter import ticket
from tests.waiting import eventually

PATIENCE = 60.0
REGISTERS = 4
NO_LIMIT = ("--shift-limit-hours", "1000000")
"""The sale below is older than the machine's clock, and so is the shift that it opens."""
SALE = ticket(time=datetime(2026, 1, 2, 12))


class Child:
    """`python -m ofd_mock --country kz` as users start it."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "ofd_mock", "--country", "kz", "--port", "0", "--http-port", "0"]
        self.process = subprocess.Popen(
            [*command, "--seed", "1", "--dir", str(folder), *NO_LIMIT, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"},
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    @property
    def port(self) -> int:
        return int(self.ready["addresses"]["operator-kz"].rpartition(":")[2])

    @property
    def base(self) -> str:
        return str(self.ready["addresses"]["http"])

    def order(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        answer = web.post(f"{self.base}/control/do/{operation}", json=arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json() or {})

    def wait(self) -> int:
        status = self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        return status


def sell(wire: Wire, sent: list[tuple[int, int, str]]) -> None:
    """Sell until the operator is gone; every acknowledged ticket is noted, the last pair stays as it is."""
    while True:
        reqnum, token = wire.reqnum + 1, wire.token
        try:
            code, frame = wire.ask(SALE, reqnum)
        except (OSError, AssertionError):
            wire.close()
            wire.token = token
            return
        assert code == 0
        wire.reqnum = reqnum
        sent.append((token, reqnum, wire.decode(frame).ticket.ticket_number))


@pytest.mark.slow
def test_kill_under_load(tmp_path: Path) -> None:
    assert kill_under_load(tmp_path) > 10


def kill_under_load(tmp_path: Path, *options: str) -> int:
    """Kill an operator at work and look for every acknowledged ticket in its ledger, once; gives how many."""
    child = Child(tmp_path, *options)
    made = child.order("provision", count=REGISTERS)["devices"]
    wires = [Wire(child.port, one["id"], one["token"]) for one in made]
    sent: list[list[tuple[int, int, str]]] = [[] for _ in wires]
    threads = [threading.Thread(target=sell, args=pair) for pair in zip(wires, sent, strict=True)]
    for thread in threads:
        thread.start()
    eventually(lambda: min(map(len, sent)) > 10, PATIENCE)
    child.process.kill()
    child.wait()
    for thread in threads:
        thread.join(PATIENCE)
    again = Child(tmp_path, *options)
    for wire, acknowledged in zip(wires, sent, strict=True):
        documents = again.order("documents", id=wire.device, limit=10_000)["documents"]
        signs = [row["sign"] for row in documents]
        told = [sign for _, _, sign in acknowledged]
        assert signs[: len(told)] == told, "an acknowledged ticket is lost"
        assert len(signs) - len(told) in (0, 1)
        wire.port = again.port
        code, frame = wire.ask(SALE, wire.reqnum + 1)
        assert code == 0, "the pair whose answer was lost must be accepted or repeated"
        final = [row["sign"] for row in again.order("documents", id=wire.device, limit=10_000)["documents"]]
        assert final == [*told, wire.decode(frame).ticket.ticket_number], "counted twice, or not at all"
        state = web.get(f"{again.base}/control/state").json()["devices"][str(wire.device)]
        assert ["tickets.total", 2, len(final)] in state["counters"]["totals"]
        wire.close()
    again.process.terminate()
    assert again.wait() == 0
    return sum(map(len, sent))


@pytest.mark.parametrize(("point", "stored"), [("ofd-kz.before-commit", 0), ("ofd-kz.after-commit", 1)])
def test_crash_at_point(tmp_path: Path, point: str, stored: int) -> None:
    child = Child(tmp_path)
    made = child.order("provision")
    rule = {"point": point, "action": "crash", "match": {"command": "TICKET"}}
    assert web.post(f"{child.base}/control/faults", json=rule).status_code == 201
    wire = Wire(child.port, made["id"], made["token"])
    assert wire.ask(int(Command.SYSTEM))[0] == 0
    wire.send(wire.frame(wire.body(SALE), 9))
    with contextlib.suppress(ConnectionResetError):
        assert wire.receive() is None
    wire.close()
    assert child.wait() == 137
    engine = open_engine(tmp_path / "ledger.sqlite", {})
    with engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(tables.documents)
        assert connection.execute(query).scalar_one() == stored
    engine.dispose()
    again = Child(tmp_path)
    wire.port = again.port
    assert wire.ask(SALE, 9)[0] == 0
    assert len(again.order("documents", id=wire.device)["documents"]) == 1
    wire.close()
    again.process.terminate()
    assert again.wait() == 0
