"""Which requirement is named by which case, and what stands uncovered (HAR-01)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.cases import Case
from conformance.clauses import ClauseBook

NO_CASE = "no case names it yet"
ONLY_TESTS = "tests name it, no case does"
NOT_RUN = "its cases were not run"


def named_by(cases: Iterable[Case]) -> dict[str, list[str]]:
    """Requirement id → ids of the cases that name it."""
    found: dict[str, list[str]] = {}
    for case in cases:
        for requirement in case.requirements:
            found.setdefault(requirement, []).append(case.id)
    return found


def coverage_rows(
    book: ClauseBook, verdicts: Mapping[str, tuple[tuple[str, ...], str]]
) -> list[dict[str, Any]]:
    """One row a requirement for what a run has seen:
    its cases with their outcomes, and a reason where none.
    """
    by_requirement: dict[str, list[dict[str, str]]] = {}
    for case_id, (requirements, outcome) in sorted(verdicts.items()):
        for requirement in requirements:
            by_requirement.setdefault(requirement, []).append({"id": case_id, "outcome": outcome})
    return [
        {"id": each.id, "text": each.text, "cases": by_requirement.get(each.id, [])}
        for each in book.requirements.values()
    ]


def coverage_json(
    book: ClauseBook,
    cases: Iterable[Case],
    report: Mapping[str, Any] | None = None,
    tests: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """The table behind `kassalab coverage`: every requirement with its case ids, and why there is none.

    With a JSON report of a run, `outcomes` counts the verdicts of its cases; with `tests`,
    the test files that name a requirement stand beside its cases.
    """
    named = named_by(cases)
    rows = []
    for requirement in book.requirements.values():
        own = sorted(named.get(requirement.id, []))
        row: dict[str, Any] = {"id": requirement.id, "text": requirement.text, "cases": own}
        if tests is not None:
            row["tests"] = tests.get(requirement.id, [])
        if not own:
            row["reason"] = requirement.no_case or (ONLY_TESTS if row.get("tests") else NO_CASE)
        elif report is not None:
            row["outcomes"] = _outcomes(own, report)
            if not row["outcomes"]:
                row["reason"] = NOT_RUN
        rows.append(row)
    return {"requirements": rows}


def _outcomes(case_ids: Iterable[str], report: Mapping[str, Any]) -> dict[str, int]:
    wanted = set(case_ids)
    counts: dict[str, int] = {}
    for case in report["cases"]:
        if case["id"] in wanted:
            counts[case["outcome"]] = counts.get(case["outcome"], 0) + 1
    return counts


def named_in_tests(folder: Path, book: ClauseBook) -> dict[str, list[str]]:
    """Requirement id → test files below `folder` that name it, for requirements that no case can judge."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for requirement in book.requirements:
            if requirement in text:
                found.setdefault(requirement, []).append(path.relative_to(folder.parent).as_posix())
    return found
