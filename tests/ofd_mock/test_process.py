"""`python -m ofd_mock`: its ready line, its options, its end, and worker processes (UZ-OFD-01, UZ-OFD-04)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ofd_mock.__main__ import make_parser, settings_from
from ofd_mock.defects import DEFECTS
from ofd_mock.uz.settings import OperatorSettings
from reference.protocol.uz.message import FileStatus, StatusCode
from tests.ofd_mock.children import alive, operator, workers
from tests.ofd_mock.conftest import web
from tests.ofd_mock.till import Till, statuses, sync_of
from tests.waiting import PATIENCE, eventually

ACK = FileStatus.Acknowledge


def refused(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ofd_mock", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert done.stdout == ""
    return done.stderr


def test_ready_line_walk_through_and_end(tmp_path: Path, till: Till) -> None:
    clock = tmp_path / "clock"
    with operator(tmp_path / "state", "--clock", str(clock), "--max-files", "3", "--check-spic") as child:
        assert child.ready["part"] == "operator"
        assert child.ready["ready"] is True
        assert child.ready["seed"] == 1
        assert set(child.ready["addresses"]) == {"operator", "http"}
        state = web.get(child.base + "/control/state").json()
        assert (state["settings"]["max_files"], state["settings"]["check_spic"]) == (3, True)
        answer = web.post(child.base + "/state", data={"ChangeLockState": "Yes", "LockState": "Unlock"})
        assert answer.status_code == 200
        with child.line() as line:
            assert sync_of(line.ask(till.request(till.sync()))).lock is False
            assert statuses(line.ask(till.request(till.sell().full()))) == [ACK]
            many = line.ask(till.request(*[till.sync()] * 4))
            assert many.status.code is StatusCode.TooManyFiles
        log = child.end()
    assert child.process.returncode == 0
    assert '"reason": "SIGTERM"' in log
    with operator(tmp_path / "state", "--clock", str(clock)) as child, child.line() as line:
        assert sync_of(line.ask(till.request(till.sync()))).lock is False, "orders outlive the process"
        assert statuses(line.ask(till.request(till.sold[0].query()))) == [ACK]


def test_it_ends_with_the_pipe_of_its_parent(tmp_path: Path) -> None:
    with operator(tmp_path) as child:
        assert child.process.stdin is not None
        child.process.stdin.close()
        assert child.process.wait(PATIENCE) == 0


def test_first_orders_from_the_command_line(tmp_path: Path) -> None:
    options = [
        "--change-lock-state",
        "--lock-state",
        "Lock",
        "--generation-1",
        "ZZ9*",
        "--generation-1",
        "ZZ8*",
    ]
    with operator(tmp_path, *options) as child:
        till = Till("ZZ000000000003")
        with child.line() as line:
            assert sync_of(line.ask(till.request(till.sync())), terminal=till.terminal).lock is True
        orders = web.get(child.base + "/control/state").json()["orders"]
        assert [(order["kind"], order["terminal"]) for order in orders] == [
            ("lock", "*"),
            ("gen1", "ZZ9*"),
            ("gen1", "ZZ8*"),
        ]


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "ofd_mock", "--port", port, "--http-port", "0", "--dir", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot listen" in done.stderr


def test_options_that_cannot_be(tmp_path: Path) -> None:
    assert "invalid choice: 'clumsy'" in refused("--defect", "clumsy")
    told = refused("--max-files", "0", "--dir", str(tmp_path))
    assert "argument --max-files: " in told
    assert "validation error" not in told
    assert "not a loopback address" in refused("--host", "192.0.2.1", "--dir", str(tmp_path))


def test_every_setting_is_an_option() -> None:
    options = make_parser().parse_args([])
    assert settings_from(options) == OperatorSettings()
    text = make_parser().format_help()
    for name in OperatorSettings.model_fields:
        if name != "defects":
            assert "--" + name.replace("_", "-") in text
    given = make_parser().parse_args(
        ["--no-blocked-serves-sync", "--identity", "production", "--defect", "acks-reversed"]
    )
    settings = settings_from(given)
    assert (settings.blocked_serves_sync, settings.identity) == (False, "production")
    assert settings.defects == ("acks-reversed",)


@pytest.mark.parametrize("name", ["stored-twice", "ack-before-commit"])
def test_a_defect_from_the_command_line(tmp_path: Path, till: Till, name: str) -> None:
    with operator(tmp_path, "--defect", name) as child:
        state = web.get(child.base + "/control/state").json()
        assert state["settings"]["defects"] == [name]
        assert name in DEFECTS


def test_verifying_in_worker_processes(tmp_path: Path, till: Till) -> None:
    with operator(tmp_path, "--verifiers", "2", "--defect", "crc-unchecked") as child:
        pids = workers(child.process.pid)
        assert len(pids) == 2
        with child.line() as line:
            files = [till.sell().full() for _ in range(32)]
            assert statuses(line.ask(till.request(*files))) == [ACK] * 32
            os.kill(pids[0], signal.SIGKILL)
            assert statuses(line.ask(till.request(*files[:20], till.close()[0]))) == [ACK] * 21
        counts = web.get(child.base + "/control/state").json()["counts"]
        assert (counts["receipts"], counts["zreports"]) == (32, 1)

        def both_there_again() -> list[int]:
            with child.line() as line:
                assert statuses(line.ask(till.request(till.bread().full()))) == [ACK]
            pids = workers(child.process.pid)
            return pids if len(pids) == 2 else []

        pids = eventually(both_there_again)
        child.kill()
        eventually(lambda: not any(alive(pid) for pid in pids))


def test_the_ready_line_is_one_json_line(tmp_path: Path) -> None:
    with operator(tmp_path) as child:
        assert json.loads(json.dumps(child.ready)) == child.ready
        child.process.terminate()
        assert child.process.stdout is not None
        assert child.process.stdout.read() == ""
