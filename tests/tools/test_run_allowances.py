"""Options of `kassalab run` about what a run may do, who is asked, and in which language it reports."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.clauses import ClauseBook, book
from conformance.lab import Lab
from reference.protocol.uz.apdu import zreport_open
from tests.conformance.module_lab import simulator
from tools import cli
from tools.commands import coverage

CASE = "uz.module.shift.close-empty"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with simulator(tmp_path_factory.mktemp("allowances")) as running:
        yield running


@pytest.fixture
def target(lab: Lab) -> str:
    return f"module:tcp://{lab.addresses['module']['module']}"


def test_budget_keeps_a_given_module_from_being_filled(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "uz.module.receipts.numbers", "-t", target, "--receipts", "0", "-v"]
    assert cli.run([*words, "--export-capabilities", str(tmp_path)]) == 0
    assert "the budget of 0 receipts and shifts is used up" in capsys.readouterr().out
    exported = tomllib.loads((tmp_path / "module.toml").read_text())
    assert exported["target"] == "module"
    assert exported["registered"] == 0


def test_capabilities_found_and_used_are_exported_and_read_again(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["run", CASE, "uz.module.frames", "-t", target, "--export-capabilities", str(tmp_path)]
    assert cli.run(first) == 0
    path = tmp_path / "module.toml"
    exported = tomllib.loads(path.read_text())
    assert "raw-link" in exported["used"]
    assert exported["capabilities"]["raw-link"] == "unknown"
    path.write_text(path.read_text().replace('raw-link = "unknown"', 'raw-link = "no"'))
    capsys.readouterr()
    assert cli.run(["run", CASE, "uz.module.frames", "-t", target, "--capabilities", str(path), "-v"]) == 0
    assert "the target lacks raw-link" in capsys.readouterr().out


def test_destructive_cases_need_leave(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "uz.module", "--exclude", "uz.module.*", "-t", target, "--dry-run"]
    assert cli.run(words) == 2
    capsys.readouterr()
    assert cli.run(["run", CASE, "-t", target, "--allow-destructive"]) == 0
    assert "destructive" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('target = "drive"', "claims are about 'drive', which is not judged; there is module"),
        ('target = "module"\n[capabilities]\nwings = "yes"', "there is no capability 'wings'"),
    ],
)
def test_wrong_claims_are_wrong_usage(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(text)
    assert cli.run(["run", CASE, "-t", target, "--capabilities", str(path)]) == 2
    assert problem in capsys.readouterr().err


def test_page_for_a_person_is_named(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["run", CASE, "-t", target, "--prompts", "page"]) == 0
    told = capsys.readouterr()
    assert "the judge asks at http://127.0.0.1:" in told.err
    assert "person" in told.out


def test_language_of_the_report(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["run", CASE, "-t", target, "--report", str(tmp_path), "--language", "uz"]) == 0
    assert '<html lang="uz">' in (tmp_path / "report.html").read_text()
    assert cli.run(["run", CASE, "-t", target, "--language", "kk"]) == 2
    assert "no report is written in 'kk'" in capsys.readouterr().err


def test_list_shows_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "uz.module.shift", "--exclude", "uz.module.shift.length"]) == 0
    shown = capsys.readouterr().out
    assert CASE in shown
    assert "shift.length" not in shown
    assert cli.run(["list", "uz.module.nothing"]) == 2


def test_requirement_without_case_and_reason_ends_with_status_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["coverage"]) == 0
    real = load_suites()
    bare = {
        name: replace(each, no_case="") if name == "HAR-09" else each
        for name, each in book().requirements.items()
    }

    class Bare:
        book = ClauseBook(dict(real.book.clauses), bare)

        def __iter__(self) -> Iterator[object]:
            return iter(real)

    monkeypatch.setattr(coverage, "suites", lambda: Bare())
    capsys.readouterr()
    assert cli.run(["coverage"]) == 1
    assert "neither case nor stated reason: HAR-09" in capsys.readouterr().out


def test_capture_of_a_run_begins_as_pcapng_does(target: str, tmp_path: Path) -> None:
    path = tmp_path / "run.pcapng"
    assert cli.run(["run", CASE, "-t", target, "--pcapng", str(path)]) == 0
    capture = path.read_bytes()
    assert capture[:4] == bytes.fromhex("0a0d0d0a")
    # What opened the shift, whole in one packet.
    assert zreport_open(datetime(2026, 1, 1)).encode()[:5] in capture
