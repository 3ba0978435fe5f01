from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.mutants import Caught, load_catchers
from tools import cli
from tools.commands import mutants


def test_every_part_with_mistakes_has_its_table() -> None:
    tables = {table.part: table for table in load_catchers()}
    assert set(tables) == set(mutants.KNOWN)
    for part, names in mutants.KNOWN.items():
        assert set(tables[part].mutants) == set(names()), part


def test_at_least_eighty_mistakes_are_kept() -> None:
    assert sum(len(names()) for names in mutants.KNOWN.values()) >= 80


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
