"""One owner portal for the tests of its suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.lab_parts import EVERY_PART
from conformance.session import Session
from conformance.targets import parse_target
from tests.conformance.labs import lab_of, run_cases, with_mistakes
from tests.waiting import PATIENCE

SUITE = "uz.backoffice"
PART = "backoffice"
SEED = 20_261_121


def backoffice(folder: Path) -> AbstractContextManager[Lab]:
    """A lab that holds an owner portal, on a free port."""
    return lab_of(folder, [PART], seed=SEED, offered=EVERY_PART)


def address(lab: Lab) -> str:
    """The target without its control API."""
    return f"backoffice:{lab.addresses[PART][PART]}"


def judged(
    lab: Lab, terms: Sequence[str] = (SUITE,), *, defects: Sequence[str] = (), seed: int = SEED
) -> RunRecord:
    """The record of a run of the cases that `terms` choose."""
    target = parse_target(f"{address(lab)}?control={lab.control_url(PART)}")
    session = with_mistakes(Session(target, lab, seconds=PATIENCE), PART, defects)
    return run_cases(lab, session, SUITE, terms, seed)


def judged_from_outside(lab: Lab, terms: Sequence[str] = (SUITE,)) -> RunRecord:
    """The record of a run of a judge who knows the portal's address alone."""
    session = Session(parse_target(address(lab)), seconds=PATIENCE)
    return run_cases(lab, session, SUITE, terms, SEED)
