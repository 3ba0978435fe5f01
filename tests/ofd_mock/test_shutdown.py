"""Ending an operator: what is in work is answered, what waits is closed, nothing hangs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from ofd_mock.defects import rules_with_defects
from ofd_mock.uz.process import OperatorProcess
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.wire import MessageServer
from reference.protocol.uz.message import FileStatus
from reference.runtime.clock import LabClock
from tests.ofd_mock.conftest import LAB_START, part_settings
from tests.ofd_mock.till import Line, Till, statuses
from tests.waiting import PATIENCE, eventually


def made(folder: Path, **settings: object) -> OperatorProcess:
    clock = LabClock.private(LAB_START, rate=0.0)
    return OperatorProcess(
        part_settings(folder), OperatorSettings(**settings), rules_with_defects, clock, clock.part("operator")
    )


def test_a_request_in_work_is_answered_and_idle_clients_are_closed(
    tmp_path: Path, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = made(tmp_path)
    gate, entered = threading.Event(), threading.Event()
    settle = process.ledger.settle

    def slow(*arguments):  # type: ignore[no-untyped-def]
        entered.set()
        gate.wait(PATIENCE)
        return settle(*arguments)

    monkeypatch.setattr(process.ledger, "settle", slow)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(process.start(0, 0), loop).result(PATIENCE)
    with Line(process.server.port) as busy, Line(process.server.port) as idle:
        eventually(lambda: len(process.server._connections) == 2)
        busy.send(till.request(till.bread().full()).encode())
        entered.wait(PATIENCE)
        stopping = asyncio.run_coroutine_threadsafe(process.stop(), loop)
        eventually(lambda: not process.server._server.is_serving())  # type: ignore[union-attr]
        gate.set()
        response = busy.read()
        assert response is not None
        assert statuses(response) == [FileStatus.Acknowledge]
        assert idle.closed()
        assert busy.closed()
        stopping.result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_one_that_never_started(tmp_path: Path) -> None:
    running = set(threading.enumerate())
    process = made(tmp_path, defects=("stored-twice",))
    assert set(threading.enumerate()) - running, "nothing to end"
    asyncio.run(process.stop())
    assert set(threading.enumerate()) <= running


def test_a_server_that_does_not_listen(tmp_path: Path) -> None:
    process = made(tmp_path)
    server = MessageServer(process.operator, "127.0.0.1", 13447)
    assert server.port == 13447
    asyncio.run(server.stop())
    asyncio.run(process.stop())
