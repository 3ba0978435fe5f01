"""Languages of the pages, the drawing of the lab clock, and runs side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import pytest

from conformance.cases import Registry
from conformance.context import Context
from conformance.events import CaseRecord, Verdict
from conformance.outcomes import Outcome
from conformance.reports.html import html_report
from conformance.reports.json_report import report_json
from conformance.reports.matrix import columns, matrix_page, rows
from conformance.reports.overview import clock_chart, target_counts
from conformance.reports.words import LANGUAGES, LanguageError, translator, words
from tests.conformance.conftest import Judged

TEMPLATES = ("page.html", "timeline.html", "overview.html", "matrix.html")


def said(name: str) -> Iterator[str]:
    text = files("conformance.reports").joinpath(name).read_text(encoding="utf-8")
    for double, single in re.findall(r"""\bt\((?:"([^"]+)"|'([^']+)')\)""", text):
        yield double or single


def test_every_fixed_word_is_known_in_every_language() -> None:
    wanted = {text for name in TEMPLATES for text in said(name)}
    wanted |= {outcome.value for outcome in Outcome} | {outcome.meaning for outcome in Outcome}
    assert len(wanted) > 40
    table = words()
    for language in set(LANGUAGES) - {"en"}:
        assert {text for text in wanted if not table.get(text, {}).get(language)} == set()
    used = wanted | {"hours", "days"}
    assert set(table) - used == set(), "words that no page says"


def test_unknown_language_and_word_are_refused() -> None:
    with pytest.raises(LanguageError, match=r"'kk'; there are en, ru, uz"):
        translator("kk")
    with pytest.raises(KeyError):
        translator("ru")("a word nobody says")
    assert translator("en")("a word nobody says") == "a word nobody says"


@pytest.fixture
def one(registry: Registry) -> Registry:
    def passes(ctx: Context) -> None:
        ctx.check(1, 1, "one")

    registry.case(
        "uz.operator.one.only", target="operator", clauses=["OF-13"], description="<One>.", expectation="1."
    )(passes)
    return registry


@pytest.mark.parametrize(("language", "word"), [("ru", "пройдена"), ("uz", "oʻtdi"), ("en", "pass")])
def test_page_speaks_the_language(one: Registry, judged: Judged, language: str, word: str) -> None:
    page = html_report(judged(), one.book, language)
    assert f'<html lang="{language}">' in page
    assert f'<span class="mark pass">{word}</span>' in page
    matrix = matrix_page([("first", report_json(judged(), one.book))], language)
    assert f'<td class="pass" title="">{word}</td>' in matrix


def record(target: str, lab_time: str, seconds: float, one: Registry) -> CaseRecord:
    case = one["uz.operator.one.only"]
    made = CaseRecord(target, case, lab_time)
    made.verdict = Verdict(target, case.id, Outcome.PASS, "", "", "", "", seconds, "again")
    return made


def test_clock_is_drawn_per_target(one: Registry) -> None:
    cases = [
        record("a", "2026-03-01T00:00:00+00:00", 1.0, one),
        record("a", "2026-03-04T00:00:00+00:00", 1.0, one),
        record("b", "2026-03-01T00:00:00+00:00", 4.0, one),
    ]
    chart = clock_chart(cases)
    assert chart is not None
    assert chart.unit == "days"
    assert [(line.name, line.span) for line in chart.lines] == [
        ("a", "3 d 00 h 00 min"),
        ("b", "0 d 00 h 00 min"),
    ]
    # Three days up at a quarter of four seconds across.
    assert chart.lines[0].points.split()[-1] == "229.0,10.0"
    assert [tick.text for tick in chart.rows] == ["0", "1", "2", "3"]
    assert target_counts(cases) == [("a", {Outcome.PASS: 2}), ("b", {Outcome.PASS: 1})]


def test_clock_that_stood_still_is_not_drawn(one: Registry) -> None:
    still = [record("a", "2026-03-01T00:00:00+00:00", 1.0, one)]
    assert clock_chart(still) is None
    assert clock_chart([]) is None
    hours = [*still, record("a", "2026-03-01T05:00:00+00:00", 1.0, one)]
    chart = clock_chart(hours)
    assert chart is not None
    assert chart.unit == "hours"


def report(name: str, outcomes: Sequence[tuple[str, str, str]]) -> tuple[str, dict[str, Any]]:
    kinds = {target: target.split("-")[0] for target, _, _ in outcomes}
    targets = [
        {"name": target, "kind": kind, "address": f"{kind}:x", "facts": {"serial": target}}
        for target, kind in kinds.items()
    ]
    cases = [
        {"id": case, "target": target, "outcome": outcome, "message": f"<{outcome}>", "description": ""}
        for target, case, outcome in outcomes
    ]
    return name, {"seed": 1, "targets": targets, "cases": cases}


def test_kinds_share_a_column_and_twins_do_not() -> None:
    runs = [
        report("monday", [("module", "m.a", "pass"), ("drive", "d.a", "pass")]),
        report("tuesday", [("module", "m.a", "fail"), ("module-2", "m.a", "pass"), ("drive", "d.b", "pass")]),
    ]
    assert [(each.run, len(each.targets)) for each in columns(runs)] == [
        ("monday", 2),
        ("tuesday", 2),
        ("tuesday", 1),
    ]
    found = {row.id: row for row in rows(runs)}
    assert [cell and cell.outcome for cell in found["m.a"].cells] == ["pass", "fail", "pass"]
    assert found["m.a"].differs
    assert [cell and cell.outcome for cell in found["d.b"].cells] == [None, "pass", None]
    assert not found["d.b"].differs
    page = matrix_page(runs)
    assert "differ between the columns: 1" in page
    assert "&lt;fail&gt;" in page
    assert "<fail>" not in page
