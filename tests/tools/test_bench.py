"""Benchmarks state what they promise: rows, goals and the exit status; nothing here is timed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import cli
from tools.bench.figures import Figure, at_least, at_least_or_share, at_most_times, flat, write_json
from tools.commands import bench


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (at_most_times("a", 4.0, "µs", 2.0, 2.0), True),
        (at_most_times("a", 4.1, "µs", 2.0, 2.0), False),
        (at_least("a", 10.0, "/s", 10.0), True),
        (at_least("a", 9.9, "/s", 10.0), False),
        (at_least_or_share("a", 8.0, "/s", goal=8.0, floor=100.0, share=0.5), True),
        (at_least_or_share("a", 5.0, "/s", goal=8.0, floor=10.0, share=0.5), True),
        (at_least_or_share("a", 4.9, "/s", goal=8.0, floor=10.0, share=0.5), False),
        (flat("a", [10.0, 12.0, 8.0], "ms", 0.2), True),
        (flat("a", [10.0, 12.1], "ms", 0.2), False),
        (flat("a", [10.0, 7.9], "ms", 0.2), False),
    ],
)
def test_a_goal_holds_up_to_its_border(figure: Figure, holds: bool) -> None:
    assert figure.holds is holds


def test_json_rows_have_the_published_names(tmp_path: Path) -> None:
    write_json(tmp_path / "b.json", [at_least("rate", 3.0, "/s", 2.0)])
    rows = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["rows"]
    assert rows == [
        {"name": "rate", "value": 3.0, "unit": "/s", "floor": None, "goal": "≥ 2 /s", "holds": True}
    ]


@pytest.mark.parametrize(("value", "status"), [(2.0, 0), (1.0, 1)])
def test_a_missed_goal_ends_with_status_1(
    value: float,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def figures(folder: Path) -> Iterator[Figure]:
        assert folder.is_dir()
        yield at_least("rate", value, "/s", 2.0)

    monkeypatch.setitem(bench.BENCHES, "toy", figures)
    assert cli.run(["bench", "toy", "--json", str(tmp_path / "b.json")]) == status
    assert "rate" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["rows"][0]["holds"] is not bool(
        status
    )


def test_a_file_that_cannot_be_written_is_told_before_measuring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(folder: Path) -> Iterator[Figure]:
        raise AssertionError("measured")

    monkeypatch.setitem(bench.BENCHES, "toy", figures)
    assert cli.run(["bench", "toy", "--json", f"{__file__}/b.json"]) == 2
    assert "test_bench.py/b.json cannot be written: " in capsys.readouterr().err


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err
