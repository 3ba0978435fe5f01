from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from conformance.cases import Registry
from conformance.events import Consumer, RunEnded, Verdict
from conformance.judging import RunRequest
from conformance.mutants import Caught, load_catchers
from conformance.outcomes import Outcome
from tools import cli
from tools.commands import mutants


def test_every_part_with_mistakes_has_its_table() -> None:
    tables = {table.group: table for table in load_catchers()}
    assert set(tables) == set(mutants.KNOWN)
    for part in mutants.KNOWN:
        assert set(tables[part].mutants) == set(mutants.known_mistakes(part)), part


def test_at_least_eighty_mistakes_are_kept() -> None:
    assert sum(len(mutants.known_mistakes(part)) for part in mutants.KNOWN) >= 80


def test_hunt_of_two_and_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mutants.json"
    words = ["mutants", "operator:takes-33-files", "operator:ack-missing", "--seed", "3", "--json", str(path)]
    assert cli.run(words) == 0
    assert "2 of 2 mistakes caught" in capsys.readouterr().out
    table = json.loads(path.read_text())
    assert {row["name"]: row["caught"] for row in table["mutants"]} == {
        "operator:ack-missing": True,
        "operator:takes-33-files": True,
    }
    assert all(row["by"] and not row["missed"] for row in table["mutants"])
    assert table["clean"] == {"runs": 0, "flickers": []}


def test_mistake_nobody_knows_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["mutants", "operator:no-such-thing"]) == 2
    assert "'operator:no-such-thing' is no mistake of a part" in capsys.readouterr().err


def test_lost_mistake_ends_with_status_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_arguments: object) -> list[list[Caught]]:
        return [[Caught("operator", "ack-missing", (), ("uz.operator.files.mixed",), (), 0.1)]]

    monkeypatch.setattr(mutants, "_hunted", lost)
    assert cli.run(["mutants", "operator:ack-missing"]) == 1
    told = capsys.readouterr().out
    assert "NOT CAUGHT" in told
    assert "not caught: operator:ack-missing" in told


def _played(*verdicts: Verdict, stopped: str = "") -> Callable[..., RunEnded]:
    """A judge that has these verdicts to tell in every run."""

    def judge(_request: RunRequest, _registry: Registry, consumers: Sequence[Consumer]) -> RunEnded:
        for verdict in verdicts:
            for consumer in consumers:
                consumer.take(verdict)
        summary = Counter(verdict.outcome.value for verdict in verdicts)
        return RunEnded(summary, 3 if stopped else 0, 0.1, stopped)

    return judge


def _verdict(case: str, outcome: Outcome, message: str = "", trace: str = "") -> Verdict:
    return Verdict("operator", case, outcome, message, "", "", "", 0.1, "", trace)


def test_flicker_of_a_clean_run_is_told_at_once_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(mutants, "_hunted", lambda *_arguments: [])
    odd = _verdict("uz.operator.walk.long", Outcome.TOOL_ERROR, "nobody answers", "the trace of it")
    played = _played(odd, _verdict("uz.operator.files.mixed", Outcome.PASS))
    monkeypatch.setattr(mutants, "judge", played)
    path = tmp_path / "table.json"
    words = ["mutants", "operator:ack-missing", "--clean", "2", "--seed", "7", "--json", str(path)]
    assert cli.run(words) == 1
    told = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(("seed", "clean", "the"))
    ]
    assert told == [
        "seed 7: uz.operator.walk.long is tool-error: nobody answers",
        "the trace of it",
        "clean run with seed 7: 1 pass, 1 tool-error",
        "seed 8: uz.operator.walk.long is tool-error: nobody answers",
        "the trace of it",
        "clean run with seed 8: 1 pass, 1 tool-error",
    ]
    flickers = json.loads(path.read_text())["clean"]["flickers"]
    assert [(each["seed"], each["case"], each["message"]) for each in flickers] == [
        (7, "uz.operator.walk.long", "nobody answers"),
        (8, "uz.operator.walk.long", "nobody answers"),
    ]


def test_clean_run_that_was_not_finished_is_no_clean_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "_hunted", lambda *_arguments: [])
    monkeypatch.setattr(mutants, "judge", _played(stopped="target drive stopped answering"))
    assert cli.run(["mutants", "operator:ack-missing", "--clean", "1", "--seed", "7"]) == 1
    told = capsys.readouterr().out
    assert "target drive stopped answering" in told
    assert "1 clean runs with 1 flickers" in told


def test_clean_runs_without_a_flicker_end_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "_hunted", lambda *_arguments: [])
    monkeypatch.setattr(mutants, "judge", _played(_verdict("uz.operator.files.mixed", Outcome.PASS)))
    assert cli.run(["mutants", "operator:ack-missing", "--clean", "2", "--seed", "7"]) == 0
    assert "2 clean runs with 0 flickers" in capsys.readouterr().out
