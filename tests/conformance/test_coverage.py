from __future__ import annotations

from pathlib import Path

from conformance.cases import Registry, load_suites
from conformance.coverage import NO_CASE, NOT_RUN, coverage_json, named_by, named_in_tests
from conformance.reports.json_report import report_json
from tests.conformance.conftest import Judged
from tests.conformance.test_cases import add


def test_every_requirement_has_a_row_with_its_cases_or_a_reason(registry: Registry) -> None:
    add(registry, requirements=["UZ-OFD-01"])
    rows = {row["id"]: row for row in coverage_json(registry.book, registry)["requirements"]}
    assert len(rows) == len(registry.book.requirements)
    assert rows["UZ-OFD-01"]["cases"] == ["uz.operator.a.b"]
    assert "reason" not in rows["UZ-OFD-01"]
    assert rows["UZ-OFD-02"] == {
        "id": "UZ-OFD-02",
        "text": registry.book.requirement("UZ-OFD-02").text,
        "cases": [],
        "reason": NO_CASE,
    }


def test_requirement_that_no_case_can_judge_says_why(registry: Registry) -> None:
    rows = {row["id"]: row for row in coverage_json(registry.book, registry)["requirements"]}
    assert rows["UZ-POS-05"]["reason"] == registry.book.requirement("UZ-POS-05").no_case
    assert "paper" in rows["UZ-POS-05"]["reason"]


def test_no_requirement_with_a_case_has_a_reason_for_none() -> None:
    cases = load_suites(["uz.drive", "uz.module", "uz.operator"])
    named = named_by(cases)
    assert [each.id for each in cases.book.requirements.values() if each.no_case and each.id in named] == []


def test_the_last_verdicts_stand_beside(registry: Registry, judged: Judged) -> None:
    add(registry, requirements=["UZ-OFD-01"])
    add(registry, "uz.module.a.b", target="module", clauses=["FM-Z-01"], requirements=["UZ-SHF-01"])
    report = report_json(judged(), registry.book)
    rows = {row["id"]: row for row in coverage_json(registry.book, registry, report)["requirements"]}
    assert rows["UZ-OFD-01"]["outcomes"] == {"pass": 1}
    assert rows["UZ-SHF-01"]["reason"] == NOT_RUN


def test_tests_that_name_a_requirement_are_found(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_pos.py").write_text('"""Proves UZ-POS-05."""\n')
    assert named_in_tests(tmp_path / "tests", registry.book) == {"UZ-POS-05": ["tests/test_pos.py"]}
