"""The words a verdict is spoken in, and what the whole run then tells the shell."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """Outcome of one case on one target; the text stands as it is in every report."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    PASS_NON_STRICT = "pass-non-strict"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    INFORMATIONAL = "informational"
    TOOL_ERROR = "tool-error"

    @property
    def meaning(self) -> str:
        """One sentence for the person who reads the report."""
        return _MEANINGS[self]


_MEANINGS: dict[Outcome, str] = {
    Outcome.PASS: "Everything the clause demands was observed.",
    Outcome.PASS_NON_STRICT: "All that must hold does; something that should hold does not.",
    Outcome.FAIL: "Something that must hold was seen not to hold.",
    Outcome.INCONCLUSIVE: "What would decide the case could not be observed.",
    Outcome.NOT_APPLICABLE: "The target lacks what the case needs, so nothing was judged.",
    Outcome.INFORMATIONAL: "The target differs where the public facts end; this is reported, not judged.",
    Outcome.TOOL_ERROR: "The judge or its surroundings broke; this says nothing about the target.",
}


class Level(StrEnum):
    """How binding a clause or a case is."""

    MUST = "must"
    SHOULD = "should"
    STAND_IN = "stand-in"


class ExitCode(IntEnum):
    """Exit status of `kassalab run` (HAR-04)."""

    OK = 0
    CONFORMANCE_FAILURE = 1
    USAGE = 2
    TOOL_OR_ENVIRONMENT = 3


def exit_code(summary: Mapping[str, int], *, strict: bool = False) -> ExitCode:
    """Exit status for a summary of outcome → count.

    A broken judge outranks a failing target: a run with a tool error is not evidence of either. With `strict`
    an inconclusive case counts as a failure, so that a pipeline cannot go green on what was never observed.
    """
    if summary.get(Outcome.TOOL_ERROR, 0):
        return ExitCode.TOOL_OR_ENVIRONMENT
    if summary.get(Outcome.FAIL, 0) or (strict and summary.get(Outcome.INCONCLUSIVE, 0)):
        return ExitCode.CONFORMANCE_FAILURE
    return ExitCode.OK
