"""Which cases a run takes: by id, prefix or glob, tag, requirement, clause, target kind or level.

uz.module.shift            every id below it, or the id itself
uz.*.shift.*               a glob over ids
tag:slow  req:UZ-SHF-01  clause:FM-Z-01  target:drive  level:stand-in      (globs too)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from conformance.cases import Case


class SelectionError(ValueError):
    """A term that selects nothing; the text names it."""


_FIELDS: dict[str, Callable[[Case], Iterable[str]]] = {
    "tag": lambda case: case.tags,
    "req": lambda case: case.requirements,
    "clause": lambda case: case.clauses,
    "target": lambda case: (case.target,),
    "level": lambda case: (case.level.value,),
}


def matches(term: str, case: Case) -> bool:
    """Whether one term takes a case in; SelectionError for a field that does not exist."""
    name, separator, pattern = term.partition(":")
    if separator:
        if name not in _FIELDS:
            raise SelectionError(f"{term!r}: select by {', '.join(f'{each}:' for each in _FIELDS)} or by id")
        return any(fnmatchcase(value, pattern) for value in _FIELDS[name](case))
    if any(sign in term for sign in "*?["):
        return fnmatchcase(case.id, term)
    return case.id == term or case.id.startswith(f"{term.rstrip('.')}.")


def select(cases: Iterable[Case], terms: Sequence[str], exclude: Sequence[str] = ()) -> list[Case]:
    """Cases that any of `terms` takes in (all without terms) and none of `exclude` does, in order of id.

    SelectionError for a term of `terms` that takes in no case at all: a misspelt id must not pass for a green
    run.
    """
    known = list(cases)
    for term in terms:
        if not any(matches(term, case) for case in known):
            raise SelectionError(f"{term!r} selects no case; `kassalab run --list` shows them all")
    return [
        case
        for case in known
        if (not terms or any(matches(term, case) for term in terms))
        and not any(matches(term, case) for term in exclude)
    ]
