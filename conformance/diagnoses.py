"""Likely causes in the words of people who stand at the till, found by status word, reason text or clause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from conformance.clauses import read_json


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A symptom, and its likely causes in the order to look."""

    symptom: str
    causes: tuple[str, ...]
    status_words: frozenset[str]
    reasons: tuple[str, ...]
    clauses: frozenset[str]
    chain: str = "uz"

    def score(self, text: str, clauses: Iterable[str]) -> int:
        """How well it fits: a reason counts most, then a status word, then a clause."""
        words = set(re.findall(r"\b(?:9[0-9a-f]{3}|6[0-9a-f]{3})\b", text))
        return (
            4 * any(reason in text for reason in self.reasons)
            + 3 * bool(words & self.status_words)
            + 2 * bool(self.clauses.intersection(clauses))
        )


@cache
def diagnoses() -> tuple[Diagnosis, ...]:
    """The table of `conformance/diagnoses.json`."""
    document = read_json("diagnoses.json")
    assert isinstance(document, dict)
    return tuple(
        Diagnosis(
            row["symptom"],
            tuple(row["causes"]),
            frozenset(row["status_words"]),
            tuple(row["reasons"]),
            frozenset(row["clauses"]),
            row.get("chain", "uz"),
        )
        for row in document["diagnoses"]
    )


def diagnose(observed: str, message: str = "", clauses: Iterable[str] = ()) -> Diagnosis | None:
    """The diagnosis that fits best, None when none does.

    What was observed is asked, and the message only where nothing was; the clauses decide between equals, and
    they say which chain it is about.
    """
    text = (observed or message).lower()
    cited = tuple(clauses)
    chain = "kz" if any(clause.startswith("KZ-") for clause in cited) else "uz"
    best = max(
        (each for each in diagnoses() if each.chain == chain), key=lambda each: each.score(text, cited)
    )
    return best if best.score(text, cited) else None
