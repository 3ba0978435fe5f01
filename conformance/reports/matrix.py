"""Several runs side by side: a page with a row per case and a column per run and target.

It is made from JSON reports alone, so that runs of different days, machines and firmware can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.outcomes import Outcome
from conformance.reports.html import file_text, template
from conformance.reports.words import translator

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One run, or one of several targets that a run judged by the same cases; outcomes counted."""

    run: str
    targets: tuple[str, ...]
    seed: int
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a case ended with in one column."""

    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """A case across the columns; None where it was not run. `differs`: not all that ran it agree."""

    id: str
    description: str
    cells: tuple[Cell | None, ...]

    @property
    def differs(self) -> bool:
        """Whether two columns have different outcomes."""
        return len({cell.outcome for cell in self.cells if cell is not None}) > 1


def columns(reports: Sequence[tuple[str, Report]]) -> list[Column]:
    """A column for every run, and one more for every further target that the run judged by the same cases."""
    return [
        Column(
            name,
            tuple(_about(target) for target in report["targets"] if target["name"] in lane),
            report["seed"],
            Counter(case["outcome"] for case in report["cases"] if case["target"] in lane),
        )
        for name, report in reports
        for lane in _lanes(report)
    ]


def rows(reports: Sequence[tuple[str, Report]]) -> list[Row]:
    """A row for every case that any of the reports has, by id."""
    lanes = [(report, lane) for _, report in reports for lane in _lanes(report)]
    found: dict[str, list[Cell | None]] = {}
    texts: dict[str, str] = {}
    for place, (report, lane) in enumerate(lanes):
        for case in report["cases"]:
            if case["target"] in lane:
                cells = found.setdefault(case["id"], [None] * len(lanes))
                cells[place] = Cell(case["outcome"], case["message"])
                texts[case["id"]] = case.get("description", "")
    return [Row(case_id, texts[case_id], tuple(cells)) for case_id, cells in sorted(found.items())]


def _lanes(report: Report) -> list[frozenset[str]]:
    """Names of targets that share a column: no two of a kind, since those are judged by the same cases."""
    kinds: dict[str, list[str]] = {}
    for target in report["targets"]:
        kinds.setdefault(target["kind"], []).append(target["name"])
    most = max((len(names) for names in kinds.values()), default=0)
    return [
        frozenset(names[place] for names in kinds.values() if place < len(names)) for place in range(most)
    ]


def _about(target: Mapping[str, Any]) -> str:
    return ", ".join([target["address"], *(f"{key} {value}" for key, value in target["facts"].items())])


def matrix_page(reports: Sequence[tuple[str, Report]], language: str = "en") -> str:
    """The page as one self-contained HTML text; `reports` are (name, JSON report) pairs."""
    t = translator(language)
    every = rows(reports)
    page: str = template("matrix.html", t).render(
        language=language,
        style=file_text("page.css"),
        script=file_text("matrix.js"),
        columns=(every_column := columns(reports)),
        rows=every,
        differing=sum(row.differs for row in every),
        outcomes=[each for each in Outcome if any(column.counts[each.value] for column in every_column)],
    )
    return page


def write_matrix(reports: Sequence[tuple[str, Report]], path: Path, language: str = "en") -> None:
    """Write the page to a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(matrix_page(reports, language), encoding="utf-8", errors="backslashreplace")
