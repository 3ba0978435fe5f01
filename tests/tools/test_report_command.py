from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import cli

CASE = "uz.module.shift.close-empty"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("reports")
    paths = [folder / day / "report.json" for day in ("monday", "tuesday")]
    for seed, path in enumerate(paths):
        assert cli.run(["run", CASE, "--seed", str(seed), "--json", str(path)]) == 0
    return paths


@pytest.mark.parametrize(("language", "word"), [("en", "pass"), ("ru", "пройдена"), ("uz", "oʻtdi")])
def test_runs_side_by_side(reports: list[Path], tmp_path: Path, language: str, word: str) -> None:
    page = tmp_path / "side.html"
    words = ["report", *map(str, reports), "-o", str(page), "--language", language]
    assert cli.run(words) == 0
    text = page.read_text()
    assert text.count(f">{word}</td>") == 2
    assert "monday/report" in text
    assert "tuesday/report" in text
    assert CASE in text


def test_what_is_no_report_is_named(
    reports: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "side.html"
    broken = json.loads(reports[0].read_text())
    broken["cases"][0]["outcome"] = "splendid"
    path = tmp_path / "broken.json"
    for text, problem in (
        (json.dumps(broken), "cases/0/outcome: 'splendid' is not one of"),
        ("[1", "is no JSON report"),
    ):
        path.write_text(text)
        assert cli.run(["report", str(path), "-o", str(page)]) == 2
        assert problem in capsys.readouterr().err
    assert cli.run(["report", str(tmp_path / "none.json"), "-o", str(page)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert cli.run(["report", str(reports[0]), "-o", str(page), "--language", "kk"]) == 2
    assert "no report is written in 'kk'" in capsys.readouterr().err
    assert not page.exists()
