"""The pytest plugin as a vendor meets it: from a folder of his own, in a pytest process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.lab import Lab
from tests.conformance.operator_lab import operator

SELECT = "uz.module.shift.close-empty"
OWN_TESTS = """
from datetime import timedelta

def test_module_is_ready_to_sell(module):
    module.ready(shift="open")
    assert module.memory().terminal_id.startswith("ZZ")

def test_clock_jumps(lab_clock):
    before = lab_clock.now()
    lab_clock.advance(49 * 3600)
    assert lab_clock.now() - before >= timedelta(hours=49)

def test_fault_is_laid(module, faults):
    assert "apdu.command" in faults.points("module")
    rule = faults.add("module", "apdu.command", "sw", value="6f00", count=1)
    assert rule["point"] == "apdu.command"

def test_fault_is_gone(module, faults):
    module.ready(shift="open")
"""


POS_TESTS = """
from conformance.drivers.pos import sale
from conformance.drivers.pos_faces import REGISTER
from conformance.drivers.pos_server import Line
from conformance.drivers.pos_drive import Order

def test_lost_answer_makes_no_second_receipt(pos):
    stand = pos.ready()
    stand.order(Order(REGISTER, line=Line.CUT_AFTER))
    pressed = pos.settle(pos.sell(sale(45_000_00)))
    assert pos.held(pressed).cash == 45_000_00
    assert len({call.told[1]["ReceiptSeq"] for call in stand.seen(REGISTER)}) == 1

def test_clock_is_that_of_the_till(pos, lab_clock):
    before = pos.now()
    lab_clock.advance(3600)
    assert (pos.now() - before).total_seconds() >= 3600
"""


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with operator(tmp_path_factory.mktemp("plugin")) as running:
        yield running


def test_own_tests_get_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(OWN_TESTS)
    done = ran(tmp_path)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_own_tests_get_a_point_of_sale(tmp_path: Path) -> None:
    (tmp_path / "test_pos.py").write_text(POS_TESTS)
    done = ran(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_cases_are_items_and_leave_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = ran(
        tmp_path, "--pyargs", "conformance", "--kassalab-select", SELECT, "--kassalab-report", str(report)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"PASSED {SELECT}" in done.stdout.replace("../", "").replace("::", " ") or SELECT in done.stdout
    written = json.loads((report / "report.json").read_text())
    assert [(case["id"], case["outcome"]) for case in written["cases"]] == [(SELECT, "pass")]
    assert SELECT in (report / "report.html").read_text()


def test_case_that_misses_tells_its_story(tmp_path: Path, lab: Lab) -> None:
    lab.control("operator").reset(defects=["takes-33-files"])
    target = f"operator:tcp://{lab.addresses['operator']['operator']}?control={lab.control_url('operator')}"
    done = ran(
        tmp_path, "--pyargs", "conformance", "--target", target, "--kassalab-select", "uz.operator.files"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "again     kassalab run uz.operator.files.thirty-three --target" in done.stdout
    assert "Traceback" not in done.stdout


def test_cases_of_other_kinds_are_left_out(tmp_path: Path, lab: Lab) -> None:
    target = f"operator:tcp://{lab.addresses['operator']['operator']}"
    done = ran(tmp_path, "--pyargs", "conformance", "--target", target, "--kassalab-select", SELECT)
    assert done.returncode == 5, done.stdout
    (tmp_path / "test_own.py").write_text("def test_module(module):\n    assert module\n")
    done = ran(tmp_path, "test_own.py", "--target", target)
    assert "SKIPPED" in done.stdout
    assert "no target is a module; there is operator" in done.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--target", "nonsense"], "'nonsense' is not a target"),
        (["--target", "module:tcp://127.0.0.1:1", "-n", "2"], "cannot be shared by several pytest workers"),
        (
            ["--pyargs", "conformance", "--kassalab-select", "uz.module.nothing"],
            "'uz.module.nothing' selects no case",
        ),
    ],
)
def test_wrong_use_is_said(tmp_path: Path, words: list[str], text: str) -> None:
    done = ran(tmp_path, *words)
    assert done.returncode in (2, 4), done.stdout + done.stderr
    assert text in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout


def test_target_nobody_answers_at_fails_with_a_sentence(tmp_path: Path) -> None:
    done = ran(
        tmp_path,
        "--pyargs",
        "conformance",
        "--target",
        "module:tcp://127.0.0.1:1",
        "--kassalab-select",
        SELECT,
    )
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stdout
    assert "Traceback" not in done.stdout
