from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.cli import run


def test_the_list_shows_id_and_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "uz.module.shift.open-twice", "--list"]) == 0
    assert capsys.readouterr().out == "uz.module.shift.open-twice  A shift is opened while one is open.\n"


def test_a_dry_run_says_what_would_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "uz.operator", "--dry-run", "--seed", "3", "--strict"]) == 0
    shown = capsys.readouterr().out
    assert "seed: 3" in shown
    assert "strict: yes" in shown
    assert "targets: embedded lab" in shown
    assert "  uz.operator.frame.wrong-checksum" in shown


@pytest.mark.parametrize("option", ["--junit", "--json", "--report"])
def test_a_dry_run_looks_at_its_outputs_and_makes_none(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "uz.operator.frame", "--dry-run", option]
    assert run([*asked, f"{__file__}/x"]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run([*asked, str(tmp_path / "new" / "x")]) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.such.case"], "'no.such.case' selects no case"),
        (["--target", "toaster:tcp://127.0.0.1:1"], "write KIND:URL"),
        (["uz.module", "--target", "operator:tcp://127.0.0.1:1"], "no case is left for a operator"),
        (["--exclude", "uz.*", "--exclude", "kz.*"], "no case is left"),
        (["--defect", "nothing"], "is not PART:NAME"),
        (["--defect", "register-kz:x"], "PART one of module, drive, operator, operator-kz, register"),
        (
            ["--target", "module:tcp://127.0.0.1:1", "--junit", f"{__file__}/x"],
            "/x cannot be written",
        ),
        (
            ["--target", "module:tcp://127.0.0.1:1", "--json", f"{__file__}/x"],
            "/x cannot be written",
        ),
        (
            ["--target", "module:tcp://127.0.0.1:1", "--report", f"{__file__}/x"],
            "/x/report.html cannot be written",
        ),
        (["--defect", "module:x", "--target", "module:tcp://127.0.0.1:1"], "for the embedded lab"),
    ],
)
def test_wrong_usage_is_two(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_an_unreachable_target_is_three_and_still_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(["run", "--target", "operator:tcp://127.0.0.1:1", "--report", str(tmp_path / "out")])
    assert status == 3
    assert "nobody answers at 127.0.0.1:1" in capsys.readouterr().out
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"report.html", "report.json", "junit.xml", "transcript.jsonl"}
    assert json.loads((tmp_path / "out" / "report.json").read_text())["exit_code"] == 3


def test_coverage_names_every_requirement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deep" / "coverage.json"
    assert run(["coverage", "--json", str(file)]) == 0
    rows = {row["id"]: row for row in json.loads(file.read_text())["requirements"]}
    assert "uz.module.shift.open-twice" in rows["UZ-SHF-01"]["cases"]
    assert rows["HAR-07"]["reason"]
    assert run(["coverage"]) == 0
    assert "UZ-SHF-01" in capsys.readouterr().out


def test_coverage_refuses_what_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("[]")
    assert run(["coverage", "--report", str(tmp_path / "x.json")]) == 2
    assert "no JSON report" in capsys.readouterr().err


def test_our_own_module_is_judged_in_a_lab_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "uz.module.shift.open-twice", "--seed", "5", "--json", str(tmp_path / "x.json")]
    assert run([*arguments, "--junit", str(tmp_path / "x.xml")]) == 0
    report = json.loads((tmp_path / "x.json").read_text())
    assert report["summary"]["pass"] == 1
    assert report["seed"] == 5
    assert report["cases"][0]["exchanges"] > 5
    assert (tmp_path / "x.xml").read_text().startswith("<?xml")
    assert "1 pass" in capsys.readouterr().out


def test_a_deliberate_defect_is_found_and_can_be_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["uz.module.acks.not-in-time", "--defect", "module:ack-moves-time", "--seed", "5"]
    assert run(["run", *arguments]) == 1
    shown = capsys.readouterr().out
    assert "    clause    " in shown
    assert "kassalab run uz.module.acks.not-in-time --defect module:ack-moves-time --seed 5" in shown


def test_a_lab_that_does_not_start_is_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "uz.module.shift.open-twice", "--defect", "module:no-such-defect"]) == 3
    assert "the embedded lab does not start" in capsys.readouterr().err
