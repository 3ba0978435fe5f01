from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.reports.transcript import case_json
from tools import cli

CASE = "uz.module.shift.open-twice"


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert cli.run(["run", CASE, "uz.module.shift.close-empty", "--seed", "5", "--report", str(folder)]) == 0
    return folder / "transcript.jsonl"


def test_a_replay_on_a_fresh_lab_differs_in_nothing(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told.json"
    assert cli.run(["replay", str(transcript), "--json", str(told)]) == 0
    assert ", 0 differ in 0 cases" in capsys.readouterr().out
    cases = json.loads(told.read_text())["cases"]
    assert {case["id"] for case in cases} == {CASE, "uz.module.shift.close-empty"}
    assert all(case["equal"] > 5 and case["different"] == 0 for case in cases)


def test_a_replay_on_a_wrong_module_differs(transcript: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["replay", str(transcript), "--case", CASE, "--defect", "module:second-open-accepted"]
    assert cli.run(words) == 1
    shown = capsys.readouterr().out
    assert "answer: answer 9022 - ZREPORT_IS_NOT_CLOSED → answer 9000 - NO_ERROR" in shown
    assert "differ in 1 cases" in shown


def test_a_verdict_given_anew(transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, report = tmp_path / "told.json", tmp_path / "report"
    assert cli.run(["regrade", str(transcript), "--json", str(told), "--report", str(report)]) == 0
    assert "2 cases judged anew: 2 pass; 2 as they were, 0 changed" in capsys.readouterr().out
    assert {row["new"] for row in json.loads(told.read_text())["cases"]} == {"pass"}
    assert (report / "report.html").exists()
    assert cli.run(["regrade", str(report / "transcript.jsonl")]) == 0


def test_what_cannot_be_replayed_is_refused(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none.jsonl"
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("words\nmore\n")
    for words, problem in (
        (["replay", str(none)], "No such file"),
        (["regrade", str(none)], "No such file"),
        (["replay", str(wrong)], "line 1: a line of a transcript is one JSON object"),
        (["replay", str(transcript), "--case", "uz.module.none"], "no case is left to replay"),
        (["replay", str(transcript), "--target", "drive:http://127.0.0.1:1"], "nothing for a drive"),
        (["replay", str(transcript), "--defect", "splendid"], "is not PART:NAME"),
        (["regrade", str(transcript), "--report", str(transcript.parent)], "holds the transcript itself"),
    ):
        assert cli.run(words) == 2, words
        assert problem in " ".join(capsys.readouterr().err.split())


def test_nobody_answers(transcript: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["replay", str(transcript), "--target", "module:tcp://127.0.0.1:1"]) == 3
    assert "no module answers at 127.0.0.1:1" in capsys.readouterr().err


def test_registers_ask_and_are_not_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "register.jsonl"
    case = next(each for each in load_suites(("kz.register",)) if each.target == "register-kz")
    facts = {"name": "register-kz", "kind": "register-kz", "address": "x", "capabilities": []}
    started = {
        "event": "RunStarted",
        "lab_time": "2026-07-01T04:00:00+00:00",
        "seed": 1,
        "versions": {},
        "settings": {},
        "planned": 1,
        "targets": [{**facts, "vendor": False, "facts": {}}],
    }
    begun = {"event": "CaseStarted", "target": "register-kz", "case": case_json(case), "lab_time": "2026"}
    ended = {"event": "Verdict", "target": "register-kz", "case_id": case.id, "outcome": "pass"}
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (started, begun, ended)))
    assert cli.run(["replay", str(path)]) == 2
    assert "a register-kz cannot be replayed" in capsys.readouterr().err
    assert cli.run(["regrade", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 cases judged anew: 1 inconclusive" in shown
    assert cli.run(["regrade", str(path), "--strict"]) == 1
