"""The HTML report: one file for people, with everything in it and nothing fetched from anywhere.

The page is drawn here; its script only filters. Exchanges stand under the step they belong to, decoded, with
the raw bytes beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from conformance.clauses import Clause, ClauseBook
from conformance.coverage import coverage_rows
from conformance.decode import Tree, decode_exchange
from conformance.diagnoses import Diagnosis, diagnose
from conformance.events import CaseRecord, Direction, Exchange, RunRecord, Step, StepKind
from conformance.outcomes import Outcome
from conformance.reports.json_report import verdicts
from reference.protocol.uz.values import to_tashkent

MOST_OPEN = 10
"""Failed cases that stand open when the page is opened; with more of them all are folded."""
MOST_EXCHANGES = 160
"""Exchanges of one case that are shown; the transcript has them all."""
_OPEN = (Outcome.FAIL, Outcome.TOOL_ERROR)
_NEED_CAUSE = (Outcome.FAIL, Outcome.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a case's timeline as the page shows it."""

    kind: str
    text: str
    time: str = ""
    raw: str = ""
    tree: Tree | None = None
    step: Step | None = None


def html_report(record: RunRecord, book: ClauseBook) -> str:
    """A finished run as one HTML page."""
    started, ended = record.started, record.ended
    assert started is not None
    assert ended is not None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    folder = files("conformance.reports")
    page = environment.from_string(folder.joinpath("page.html").read_text(encoding="utf-8"))
    cases = [each for each in record.cases if each.verdict is not None]
    order = {outcome: place for place, outcome in enumerate(_WORST_FIRST)}
    cases.sort(key=lambda each: (order[_outcome(each)], each.case.id))
    return page.render(
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        script=folder.joinpath("page.js").read_text(encoding="utf-8"),
        started=started,
        begun=_tashkent(started.lab_time),
        opened=_opened(cases),
        ended=ended,
        outcomes=[(each, ended.summary.get(each.value, 0)) for each in Outcome],
        cases=[(each, _clauses(each, book), timeline(each), _cause(each)) for each in cases],
        coverage=coverage_rows(book, verdicts(record)),
        requirements=book.requirements,
    )


def write_html(record: RunRecord, book: ClauseBook, path: Path) -> None:
    """Write the page to a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_report(record, book), encoding="utf-8")


def timeline(record: CaseRecord) -> list[Line]:
    """What happened in a case, its middle left out when there is too much of it."""
    entries = record.timeline
    if len(record.exchanges) > MOST_EXCHANGES:
        half = MOST_EXCHANGES // 2
        dropped = len(entries) - 2 * half
        return [
            *map(_line, entries[:half]),
            Line("note", f"{dropped} entries left out here; the transcript has them"),
            *map(_line, entries[-half:]),
        ]
    return [_line(entry) for entry in entries]


_WORST_FIRST = (
    Outcome.FAIL,
    Outcome.TOOL_ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.PASS_NON_STRICT,
    Outcome.INFORMATIONAL,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)
_ARROWS = {Direction.SENT: "sent", Direction.RECEIVED: "received", Direction.CLOSED: "closed"}


def _tashkent(lab_time: str) -> str:
    """Lab time as the protocols write it, `YYYY-MM-DD HH:MM:SS` in Tashkent."""
    return to_tashkent(datetime.fromisoformat(lab_time)).isoformat(" ", "seconds")


def _outcome(record: CaseRecord) -> Outcome:
    assert record.verdict is not None
    return record.verdict.outcome


def _opened(cases: list[CaseRecord]) -> set[str]:
    """Cases that stand open from the start, as `target/id`."""
    bad = [f"{each.target}/{each.case.id}" for each in cases if _outcome(each) in _OPEN]
    return set(bad) if len(bad) <= MOST_OPEN else set()


def _clauses(record: CaseRecord, book: ClauseBook) -> list[Clause]:
    return [book.clause(each) for each in record.case.clauses]


def _cause(record: CaseRecord) -> Diagnosis | None:
    verdict = record.verdict
    if verdict is None or verdict.outcome not in _NEED_CAUSE:
        return None
    return diagnose(verdict.observed, verdict.message, record.case.clauses)


def _line(entry: Step | Exchange) -> Line:
    if isinstance(entry, Exchange):
        return Line(
            f"exchange {_ARROWS[entry.direction]}",
            entry.layer.value,
            _tashkent(entry.lab_time)[11:],
            entry.raw.hex(),
            decode_exchange(entry),
        )
    if entry.kind in (StepKind.STEP, StepKind.NOTE):
        return Line(entry.kind.value, entry.text)
    return Line(f"{entry.kind.value} {'held' if entry.ok else 'missed'}", entry.text, step=entry)
