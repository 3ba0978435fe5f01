"""Clauses and requirements as data: what a case may cite, and what a report prints beside the verdict.

The wording is the project's own, one sentence a rule; the text of the sources is never quoted. The chains'
specifications use some ids twice, so a clause of the Kazakh chain bears `KZ-` before the id of its
specification (`KZ-FR-04`); a Kazakh case may leave that out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from conformance.outcomes import Level

OWN_SPACE = ("kz",)
"""Chains whose clauses bear the chain's name before the id of the specification."""


class UnknownClauseError(LookupError):
    """A clause or requirement id that the data files do not hold."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule of the protocol: `mark` says on what evidence it stands, in the marks of its specification.

    Uzbek: D, V, C, I, S. Kazakh: DOC, PROTO, CODE, CAP, SEED, INF, DEC. S and DEC are our own decisions.
    """

    id: str
    text: str
    source: str
    mark: str
    level: Level
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing the laboratory has to hold, by its stable id; `no_case` says why no case can judge it."""

    id: str
    text: str
    no_case: str = ""


@dataclass(frozen=True, slots=True)
class ClauseBook:
    """Everything a case may cite."""

    clauses: Mapping[str, Clause]
    requirements: Mapping[str, Requirement]

    def clause(self, clause_id: str) -> Clause:
        """The clause of that id, or `UnknownClauseError`."""
        try:
            return self.clauses[clause_id]
        except KeyError:
            raise UnknownClauseError(f"no clause {clause_id!r} in conformance/clauses") from None

    def requirement(self, requirement_id: str) -> Requirement:
        """The requirement of that id, or `UnknownClauseError`."""
        try:
            return self.requirements[requirement_id]
        except KeyError:
            raise UnknownClauseError(f"no requirement {requirement_id!r} in requirements.json") from None

    def level(self, clause_ids: Iterable[str]) -> Level:
        """The most binding level among some clauses."""
        levels = {self.clause(clause_id).level for clause_id in clause_ids}
        for level in (Level.MUST, Level.SHOULD):
            if level in levels:
                return level
        return Level.STAND_IN


def cited(case_id: str, clause_id: str) -> str:
    """The clause's id in the book, where a case of its own chain may have left the chain's name out."""
    chain = case_id.partition(".")[0]
    prefix = f"{chain.upper()}-"
    if not clause_id or chain not in OWN_SPACE or clause_id.startswith(prefix):
        return clause_id
    return f"{prefix}{clause_id}"


def read_json(name: str) -> object:
    """Parsed content of a JSON data file of this package, by its path below `conformance/`."""
    return json.loads(files("conformance").joinpath(name).read_text(encoding="utf-8"))


def _clauses_of(document: object) -> dict[str, Clause]:
    assert isinstance(document, dict)
    return {
        row["id"]: Clause(
            row["id"],
            row["text"],
            row["source"],
            row["mark"],
            Level(row["level"]),
            tuple(row["requirements"]),
        )
        for row in document["clauses"]
    }


@cache
def book() -> ClauseBook:
    """The clauses of `conformance/clauses/*.json` and the requirements, read once."""
    requirements = read_json("requirements.json")
    assert isinstance(requirements, dict)
    clauses: dict[str, Clause] = {}
    folder = files("conformance").joinpath("clauses")
    for name in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json")):
        clauses.update(_clauses_of(read_json(f"clauses/{name}")))
    return ClauseBook(
        clauses,
        {row["id"]: Requirement(**row) for row in requirements["requirements"]},
    )
