from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conformance.cases import Registry, load_suites
from conformance.events import RunRecord
from tools.bench import judge
from tools.bench.children import BenchError
from tools.commands.bench import BENCHES

needs_browser = pytest.mark.skipif(
    not any(map(shutil.which, judge.BROWSERS)), reason="no Chromium installed: tools/setup_env.sh system"
)


def test_the_same_number_of_every_kind_is_spread_over_its_suites() -> None:
    cases = list(load_suites())
    chosen = judge.spread(cases, 7)
    assert len(chosen) == 7 * len({case.target for case in cases})
    assert len({case.id for case in chosen}) == len(chosen)
    modules = [case for case in cases if case.target == "module"]
    assert [case for case in chosen if case.target == "module"] == modules[:: len(modules) // 7][:7]


@needs_browser
def test_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is timed, kept with and without its records, and its page opened in a browser."""
    few = Registry()
    for case in [each for each in load_suites(["uz.operator"]) if each.target == "operator"][:6]:
        few.add(case)
    monkeypatch.setattr(judge, "TARGET_KINDS", ("operator",))
    monkeypatch.setattr(judge, "load_suites", lambda: few)
    monkeypatch.setattr(judge, "EACH_KIND", 3)
    monkeypatch.setattr(judge, "ROUNDS", 1)
    monkeypatch.setattr(judge, "PAGE_CASES", 5)
    recorded, reported, whole, size, opened = BENCHES["judge"](tmp_path)
    assert "3 cases" in recorded.name
    assert recorded.floor == reported.floor
    assert recorded.floor is not None
    assert recorded.floor > 0
    assert 0 < recorded.value < reported.value
    assert (tmp_path / "records" / "transcript.jsonl").read_text().count('"event": "Verdict"') == 3
    assert "6 cases" in whole.name
    assert whole.floor is not None
    assert 0 < whole.floor < whole.value
    assert whole.holds
    assert size.value == pytest.approx((tmp_path / "page" / "report.html").stat().st_size / 1e6)
    assert (tmp_path / "page" / "report.html").read_text().count('class="case"') == 5
    assert 0 < opened.value < 60


@needs_browser
def test_a_page_that_shows_other_cases_is_no_figure(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<p id=count>3 of 3</p>")
    with pytest.raises(BenchError, match="shows '3 of 3', not 4 cases"):
        judge.opened(page, 4)


def test_processor_time_of_a_process_that_runs_and_of_none() -> None:
    before = judge.processor_seconds(os.getpid())
    assert before > 0
    with pytest.raises(BenchError, match="cannot be read"):
        judge.processor_seconds(2**22 + 1)


def test_a_run_of_too_few_cases_gives_no_page() -> None:
    with pytest.raises(BenchError, match="judged 0 cases; the page wants 5"):
        judge.first_cases(RunRecord(), 5)
