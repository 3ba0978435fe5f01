"""The HTML report: one file for people, with everything in it and nothing fetched from anywhere.

The page is drawn here; its script filters, and unpacks the timeline of a case that held when it is opened.
Exchanges stand under the step they belong to, decoded, with the raw bytes beside them.
"""

from __future__ import annotations

import html
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from conformance.clauses import Clause, ClauseBook
from conformance.coverage import coverage_rows
from conformance.decode import Tree, decode_exchange
from conformance.diagnoses import Diagnosis, diagnose
from conformance.events import CaseRecord, Direction, Exchange, RunRecord, Step, StepKind
from conformance.outcomes import Outcome
from conformance.reports.json_report import verdicts
from conformance.reports.overview import clock_chart, target_counts
from conformance.reports.transcript import PACKING
from conformance.reports.words import Translate, translator
from reference.protocol.uz.values import to_tashkent

MOST_OPEN = 10
"""Failed cases that stand open when the page is opened; with more of them all are folded."""
MOST_EXCHANGES = 200
"""Exchanges of a case that is told in full; the transcript has them all."""
MOST_RAW = 4096
"""Bytes of an exchange that the page shows raw."""
MOST_OF_A_PASS = 80
"""Exchanges of a case that held; they are packed, and unfold when it is opened."""
_OPEN = (Outcome.FAIL, Outcome.TOOL_ERROR)
_TOLD = (Outcome.FAIL, Outcome.TOOL_ERROR, Outcome.INCONCLUSIVE)
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


@dataclass(frozen=True, slots=True)
class Log:
    """A case's timeline: as markup where the page is about it, else packed (zlib, base64)."""

    inline: str = ""
    packed: str = ""


def html_report(record: RunRecord, book: ClauseBook, language: str = "en") -> str:
    """A finished run as one HTML page, its fixed words in `language` (LanguageError for an unknown one)."""
    t = translator(language)
    started, ended = record.started, record.ended
    assert started is not None
    assert ended is not None
    page, line = template("page.html", t), template("timeline.html", t)
    cases = [each for each in record.cases if each.verdict is not None]
    overview = template("overview.html", t).render(
        targets=target_counts(cases),
        shown=[each for each in Outcome if ended.summary.get(each.value, 0)],
        chart=clock_chart(cases),
    )
    order = {outcome: place for place, outcome in enumerate(_WORST_FIRST)}
    cases.sort(key=lambda each: (order[_outcome(each)], each.case.id))
    return page.render(
        language=language,
        extra=Markup(overview),  # noqa: S704 - escaped by its own template
        style=file_text("page.css"),
        script=file_text("page.js"),
        started=started,
        begun=_tashkent(started.lab_time),
        opened=_opened(cases),
        ended=ended,
        outcomes=[(each, ended.summary.get(each.value, 0)) for each in Outcome],
        cases=[(each, _clauses(each, book), _log(each, line), _cause(each)) for each in cases],
        coverage=[_counted(row) for row in coverage_rows(book, verdicts(record))],
        places={each.case.id: f"{each.target}/{each.case.id}" for each in reversed(cases)},
        requirements=book.requirements,
    )


def write_html(record: RunRecord, book: ClauseBook, path: Path, language: str = "en") -> None:
    """Write the page to a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_report(record, book, language), encoding="utf-8", errors="backslashreplace")


def timeline(record: CaseRecord, most: int = MOST_EXCHANGES) -> list[Line]:
    """What happened in a case, its middle left out when there are more than `most` exchanges."""
    entries = record.timeline
    if len(record.exchanges) > most:
        half = most // 2
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


def _hex(raw: bytes) -> str:
    if len(raw) <= MOST_RAW:
        return raw.hex()
    return f"{raw[:MOST_RAW].hex()}… ({len(raw)} bytes in all; the transcript has them)"


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    counts = Counter(each["outcome"] for each in row["cases"])
    return {**row, "counts": counts.most_common()}


def _outcome(record: CaseRecord) -> Outcome:
    assert record.verdict is not None
    return record.verdict.outcome


def file_text(name: str) -> str:
    """A file of this package, such as a style sheet that goes into a page."""
    return files("conformance.reports").joinpath(name).read_text(encoding="utf-8")


def template(name: str, t: Translate) -> Template:
    """A page of this package with its fixed words in the language of `t`."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["t"] = t
    environment.globals["fields_of"] = fields_markup
    return environment.from_string(file_text(name))


def fields_markup(tree: Tree) -> Markup:
    """The fields inside a field as list items; in Python, because a template's macro takes thrice as long."""
    parts: list[str] = []
    _add(parts, tree.children)
    return Markup("".join(parts))  # noqa: S704 - every text is escaped in _add


def _add(parts: list[str], fields: Iterable[Tree]) -> None:
    for field in fields:
        name = _name(field.name)
        if field.children:
            parts.append(f"<li><b>{name}</b> {_escaped(field.value)}<ul>")
            _add(parts, field.children)
            parts.append("</ul></li>")
        elif field.value:
            parts.append(f"<li><i>{name}</i> <code>{_escaped(field.value)}</code></li>")
        else:
            parts.append(f"<li><i>{name}</i></li>")


_name = lru_cache(maxsize=4096)(html.escape)


def _escaped(text: str) -> str:
    """The text for a page; most values are hex or numbers, in which there is nothing to look for."""
    return text if text.isalnum() else html.escape(text)


def _log(record: CaseRecord, template: Template) -> Log:
    if not record.timeline:
        return Log()
    if _outcome(record) in _TOLD:
        return Log(inline=Markup(template.render(lines=timeline(record))))  # noqa: S704 - escaped by the template
    text = template.render(lines=timeline(record, MOST_OF_A_PASS))
    return Log(packed=b64encode(zlib.compress(text.encode("utf-8", "backslashreplace"), PACKING)).decode())


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
            _hex(entry.raw),
            decode_exchange(entry),
        )
    if entry.kind in (StepKind.STEP, StepKind.NOTE):
        return Line(entry.kind.value, entry.text)
    return Line(f"{entry.kind.value} {'held' if entry.ok else 'missed'}", entry.text, step=entry)
