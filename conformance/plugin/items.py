"""What the plugin collects and lends; imported when it is first needed, for pytest starts it everywhere."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import Case, CaseError, load_suites
from conformance.clauses import book
from conformance.context import Context
from conformance.lab import LabError
from conformance.outcomes import Level, Outcome
from conformance.plugin.stand import Stand
from conformance.selection import SelectionError, select
from conformance.targets import Target, parse_target
from conformance.verdicts import TargetUnreachable
from reference.runtime.chance import fresh_seed

STAND = pytest.StashKey[Stand]()


class CaseMissed(Exception):  # noqa: N818 - the words of the judge
    """A case that did not hold; its text is the story of the case."""


class NonStrictWarning(UserWarning):
    """Something that should hold does not, or a target differs where the public facts end."""


class Suites(pytest.File):
    """All cases of the conformance suites that the options choose."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item per case; cases about a kind that no given target has are left out."""
        kinds = {kind for target in targets_of(self.config) for kind in target.kinds}
        try:
            terms = self.config.getoption("--kassalab-select")
            cases = select(load_suites(terms), terms)
        except (CaseError, SelectionError) as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            if not kinds or case.target in kinds:
                yield CaseItem.from_parent(self, name=case.id, case=case)


class CaseItem(pytest.Item):
    """One case on the target of its kind."""

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case
        self.add_marker(pytest.mark.kassalab(case.id))
        self.extra_keyword_matches.update(case.tags, case.clauses, case.requirements)
        self.user_properties += [("clauses", " ".join(case.clauses)), ("level", case.level.value)]

    def runtest(self) -> None:
        """Judge; a miss raises CaseMissed, what does not apply or stays open skips."""
        try:
            verdict, story = stand_of(self.config).judge(self.case)
        except (TargetUnreachable, LabError, LookupError) as error:
            pytest.fail(str(error), pytrace=False)
        self.user_properties.append(("outcome", verdict.outcome.value))
        if verdict.outcome in (Outcome.FAIL, Outcome.TOOL_ERROR):
            raise CaseMissed(story)
        if verdict.outcome in (Outcome.NOT_APPLICABLE, Outcome.INCONCLUSIVE):
            if verdict.outcome is Outcome.INCONCLUSIVE and self.config.getoption("--kassalab-strict"):
                raise CaseMissed(story)
            pytest.skip(f"{verdict.outcome.value}: {verdict.message}")
        if verdict.outcome is not Outcome.PASS:
            text = f"{self.case.id}: {verdict.outcome.value}: {verdict.message}"
            warnings.warn_explicit(text, NonStrictWarning, str(self.path), 0)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The story of a case that did not hold, without our own trace."""
        if isinstance(excinfo.value, CaseMissed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands, and what it is called in reports."""
        return self.path, None, self.case.id


def stand_of(config: pytest.Config) -> Stand:
    """The stand of this pytest run, made when it is first needed."""
    if STAND not in config.stash:
        seed = config.getoption("--kassalab-seed")
        config.stash[STAND] = Stand(
            book(),
            targets_of(config),
            fresh_seed() if seed is None else seed,
            strict=config.getoption("--kassalab-strict"),
            keep=bool(config.getoption("--kassalab-report")),
        )
    return config.stash[STAND]


def targets_of(config: pytest.Config) -> list[Target]:
    """The targets of `--target`; TargetError for one that cannot be read."""
    return [parse_target(text) for text in config.getoption("--target")]


def lent(request: pytest.FixtureRequest, kind: str) -> Iterator[Context]:
    """A context for the test that asks, on the target of this kind; skips where that was not given."""
    stand = stand_of(request.config)
    own = Case(
        f"own.{request.node.name}",
        kind,
        (),
        (),
        request.node.name,
        "",
        frozenset(),
        frozenset(),
        Level.MUST,
        lambda _ctx: None,
    )
    try:
        with stand.lend(own) as ctx:
            yield ctx
    except LookupError as error:
        pytest.skip(str(error))
