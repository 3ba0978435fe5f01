"""`python -m simulator` as a process of its own: ready line, restart, kill -9 (EM-07, EM-08, UZ-DEV-03)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo, ReceiptFile
from simulator.__main__ import main, make_parser, modules_from
from simulator.settings import SettingsError
from tests.simulator.card import SECOND, START, block
from tests.simulator.served import Host
from tests.waiting import PATIENCE

NEW = ("--no-start-locked", "--last-operation", START.isoformat(" "))


class Running:
    def __init__(self, folder: Path, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "simulator",
            "--port",
            "0",
            "--control-port",
            "0",
            "--dir",
            str(folder),
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KASSALAB")}
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(self.process.communicate()[1].decode())
        self.ready = json.loads(line)
        self.addresses = self.ready["addresses"]

    def host(self, index: int = 0) -> Host:
        name = "module" if "module" in self.addresses else f"module.{index}"
        return Host(self.addresses[name], select=True)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        self.errors = errors.decode()
        return self.process.returncode


@contextlib.contextmanager
def running(folder: Path, *options: str, end: int = signal.SIGTERM) -> Iterator[Running]:
    process = Running(folder, *options)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.end(end)
        for pipe in (process.process.stdout, process.process.stderr):
            assert pipe is not None
            pipe.close()


def register(host: Host, step: int) -> bytes:
    return host.ask(apdu.receipt_register(block(START + (1 + step) * SECOND, step)))


def info(host: Host) -> FiscalInfo:
    return FiscalInfo.decode(host.ask(apdu.get_info())[:-2])


def memory(host: Host) -> FiscalMemoryInfo:
    return FiscalMemoryInfo.decode(host.ask(apdu.get_fiscal_memory_info())[:-2])


def test_ready_line_and_a_quiet_end(tmp_path):
    with running(tmp_path, *NEW, "--seed", "7") as part:
        assert part.ready["ready"] is True
        assert (part.ready["part"], part.ready["seed"]) == ("module", 7)
        assert set(part.addresses) == {"module", "control"}
        with part.host() as host:
            assert memory(host).receipt_seq == 0
        assert httpx.get(part.addresses["control"] + "/control/state", timeout=PATIENCE).status_code == 200
        assert part.end() == 0
        assert "Traceback" not in part.errors


def test_several_modules(tmp_path):
    with running(tmp_path, *NEW, "--modules", "3", "--terminal", "ZZ000000000041") as part:
        assert set(part.addresses) == {"module.0", "module.1", "module.2", "control"}
        with part.host(2) as host:
            assert info(host).terminal_id == "ZZ000000000043"


def test_kill_9_loses_nothing_that_was_answered(tmp_path):
    """Killed between any two commands: numbers, sums and files go on where they were."""
    answers: dict[int, bytes] = {}
    factory = set()
    for life in range(4):
        with running(tmp_path, *NEW, "--blocks", "64", end=signal.SIGKILL) as part, part.host() as host:
            factory.add(info(host).cplc)
            if life == 0:
                assert host.ask(apdu.zreport_open(START + SECOND)) == b"\x90\x00"
            assert memory(host).receipt_seq == len(answers)
            for step in range(1, len(answers) + 1):
                assert register(host, step) == answers[step], "told the same again"
            for step in range(len(answers) + 1, len(answers) + 6):
                answers[step] = register(host, step)
                assert answers[step][-2:] == b"\x90\x00"
    assert len(factory) == 1
    with running(tmp_path) as part, part.host() as host:
        assert memory(host).cash.sale == sum(range(1, 21))
        for number in range(1, 21):
            file = ReceiptFile.decode(host.ask(apdu.get_receipt_file(seq=number))[:-2])
            assert standin.open_receipt_file(file).cash == number


@pytest.mark.parametrize("point", ["apdu.command", "apdu.commit", "apdu.reply", "flash.write", "flash.sync"])
def test_crash_at_each_point_of_a_registration(tmp_path, point):
    with running(tmp_path, *NEW) as part:
        with part.host() as host:
            host.ask(apdu.zreport_open(START + SECOND))
            register(host, 1)
            rule = {"point": point, "action": "crash"}
            assert (
                httpx.post(
                    part.addresses["control"] + "/control/faults", json=rule, timeout=PATIENCE
                ).status_code
                == 201
            )
            with pytest.raises(ConnectionError):
                register(host, 2)
        assert part.process.wait(PATIENCE) == 137
    with running(tmp_path) as part, part.host() as host:
        # Up to the commit the receipt is not there, from the sync on it may be: the write has been made.
        assert memory(host).receipt_seq in (
            {1} if point in ("apdu.command", "apdu.commit", "flash.write") else {1, 2}
        )
        assert register(host, 2)[-2:] == b"\x90\x00"
        assert memory(host).receipt_seq == 2
        assert memory(host).cash.sale == 3


def test_torn_write_and_crash(tmp_path):
    with running(tmp_path, *NEW) as part:
        with part.host() as host:
            host.ask(apdu.zreport_open(START + SECOND))
            rule = {"point": "flash.write", "action": "torn-crash", "value": "50"}
            httpx.post(part.addresses["control"] + "/control/faults", json=rule, timeout=PATIENCE)
            with pytest.raises(ConnectionError):
                register(host, 1)
        part.process.wait(PATIENCE)
    with running(tmp_path) as part, part.host() as host:
        assert memory(host).receipt_seq == 0
        register(host, 1)
        assert memory(host).receipt_seq == 1


def test_volatile_forgets_and_is_another_module_each_time(tmp_path):
    ids = set()
    for _ in range(2):
        clock = str(tmp_path / "clock")
        with running(tmp_path, *NEW, "--volatile", "--clock", clock) as part, part.host() as host:
            ids.add(info(host).cplc)
            assert memory(host).zreports_count == 0
            host.ask(apdu.zreport_open(START + SECOND))
            httpx.post(part.addresses["control"] + "/control/clock", json={"advance": 1}, timeout=PATIENCE)
    assert len(ids) == 2


def test_the_number_of_a_module_never_changes(tmp_path):
    with running(tmp_path, "--terminal", "ZZ000000000005") as part, part.host() as host:
        assert info(host).locked is True, "a new module starts locked"
    with running(tmp_path) as part, part.host() as host:
        assert info(host).terminal_id == "ZZ000000000005"
    with pytest.raises(ChildProcessError, match="ZZ000000000005 stands here, not ZZ000000000006"):
        Running(tmp_path, "--terminal", "ZZ000000000006")
    with running(tmp_path, "--terminal", "ZZ000000000005", "--modules", "2") as part:
        assert len(part.addresses) == 3


def test_a_folder_in_use_is_refused(tmp_path):
    with running(tmp_path), pytest.raises(ChildProcessError, match="in use"):
        Running(tmp_path)


def test_fail_apdu_from_the_command_line(tmp_path):
    with running(tmp_path, *NEW, "--fail-apdu", "001700", "--fail-point", "before", "--latency", "1") as part:
        with part.host() as host:
            host.ask(apdu.zreport_open(START + SECOND))
            with pytest.raises(ConnectionError):
                register(host, 1)
        with part.host() as host:
            assert memory(host).receipt_seq == 0


def test_a_defect_from_the_command_line(tmp_path):
    with running(tmp_path, *NEW, "--defect", "empty-z-closes") as part, part.host() as host:
        host.ask(apdu.zreport_open(START + SECOND))
        assert host.ask(apdu.zreport_close(START + 2 * SECOND)) == b"\x90\x00"


def test_help_and_list_of_defects(capsys):
    for option in ("--help", "--list-defects"):
        with pytest.raises(SystemExit) as ended:
            main([option])
        assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "--fail-apdu" in text
    assert "answer-before-commit" in text


@pytest.mark.parametrize(
    "options",
    [
        ["--modules", "0"],
        ["--modules", "5000"],
        ["--terminal", "UZ000000000000"],
        ["--terminal", "ZZ999999999999", "--modules", "2"],
        ["--factory-id", "00"],
        ["--factory-id", "00" * 18, "--modules", "2"],
        ["--blocks", "1"],
        ["--stir", "12"],
        ["--latency", "-1"],
        ["--fail-apdu", "xyz"],
        ["--fail-apdu", "00", "--fail-chance", "200"],
        ["--seed-file", "/nonexistent"],
        ["--host", "192.0.2.1"],
        ["--defect", "unheard-of"],
    ],
    ids=" ".join,
)
def test_usage_errors(tmp_path, capsys, options):
    with pytest.raises(SystemExit) as ended:
        main(["--dir", str(tmp_path), *options])
    assert ended.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--blocks", "1"], "--blocks: "),
        (["--terminal", "UZ000000000000"], "error: --terminal: only test modules"),
        (["--seed-file", "/nonexistent"], "--seed-file /nonexistent: No such file"),
    ],
    ids=["blocks", "terminal", "seed-file"],
)
def test_a_usage_error_names_its_option(tmp_path, capsys, options, told):
    with pytest.raises(SystemExit):
        main(["--dir", str(tmp_path), *options])
    assert told in capsys.readouterr().err


def test_a_port_in_use_is_told(tmp_path, capsys):
    with running(tmp_path / "a") as part:
        port = part.addresses["module"].rsplit(":", 1)[1]
        assert main(["--dir", str(tmp_path / "b"), "--port", port, "--control-port", "0"]) == 1
    assert "cannot start" in capsys.readouterr().err


def test_seed_file(tmp_path):
    seed = tmp_path / "seed"
    seed.write_bytes(bytes(range(32)))
    options = make_parser().parse_args(["--seed-file", str(seed), "--stir", "123456789", "--blocks", "9"])
    (module,) = modules_from(options)
    assert (module.seed, module.stir, module.blocks) == (bytes(range(32)).hex(), "123456789", 9)
    seed.write_bytes(b"short")
    with pytest.raises(SettingsError, match="32"):
        modules_from(options)
