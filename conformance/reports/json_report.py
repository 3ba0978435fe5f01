"""The JSON report: what machines read. Its schema is conformance/schema/report.schema.json."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.clauses import ClauseBook
from conformance.coverage import coverage_rows
from conformance.events import CaseRecord, RunRecord, Step, Verdict

FORMAT = 1


def report_json(record: RunRecord, book: ClauseBook) -> dict[str, object]:
    """A finished run as JSON data."""
    started, ended = record.started, record.ended
    assert started is not None
    assert ended is not None
    return {
        "format": FORMAT,
        "summary": dict(ended.summary),
        "exit_code": ended.exit_code,
        "stopped": ended.stopped,
        "seconds": round(ended.seconds, 3),
        "lab_time": started.lab_time,
        "seed": started.seed,
        "versions": dict(started.versions),
        "settings": dict(started.settings),
        "targets": [
            {
                "name": target.name,
                "kind": target.kind,
                "address": target.address,
                "capabilities": list(target.capabilities),
                "vendor": target.vendor,
                "facts": dict(target.facts),
            }
            for target in started.targets
        ],
        "cases": [_case(each) for each in record.cases if each.verdict is not None],
        "coverage": coverage_rows(book, verdicts(record)),
    }


def verdicts(record: RunRecord) -> dict[str, tuple[tuple[str, ...], str]]:
    """Case id → the requirements it names and its worst outcome over the targets, for the coverage table."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for each in record.cases:
        if each.verdict is not None:
            known = found.get(each.case.id)
            outcome = each.verdict.outcome.value
            if known is None or known[1] == "pass":
                found[each.case.id] = (each.case.requirements, outcome)
    return found


def write_json(record: RunRecord, book: ClauseBook, path: Path) -> None:
    """Write the report to a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(report_json(record, book), ensure_ascii=False, indent=2) + "\n",
        encoding="utf-8",
        errors="backslashreplace",  # a half of a surrogate pair stays what JSON writes of it
    )


def _case(record: CaseRecord) -> dict[str, object]:
    verdict = record.verdict
    assert isinstance(verdict, Verdict)
    case = record.case
    return {
        "id": case.id,
        "target": record.target,
        "outcome": verdict.outcome.value,
        "message": verdict.message,
        "clause": verdict.clause,
        "expected": verdict.expected,
        "observed": verdict.observed,
        "clauses": list(case.clauses),
        "requirements": list(case.requirements),
        "level": case.level.value,
        "tags": sorted(case.tags),
        "description": case.description,
        "expectation": case.expectation,
        "duration": round(verdict.seconds, 4),
        "lab_time": record.lab_time,
        "again": verdict.again,
        "exchanges": len(record.exchanges),
        "steps": [_step(step) for step in record.steps],
        **({"trace": verdict.trace} if verdict.trace else {}),
    }


def _step(step: Step) -> dict[str, object]:
    data: dict[str, object] = {"kind": step.kind.value, "text": step.text}
    if step.ok is not None:
        data |= {"ok": step.ok, "observed": step.observed, "clause": step.clause}
        if not step.ok:
            data["expected"] = step.expected
    return data
