"""One operator for the tests of its suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import parse_target
from tests.conformance.labs import lab_of, run_cases, with_mistakes

SUITE = "uz.operator"
SEED = 20_260_701


def operator(folder: Path) -> AbstractContextManager[Lab]:
    """A lab that holds an operator only, on free ports."""
    return lab_of(folder, ["operator"], seed=SEED)


def judged(
    lab: Lab,
    terms: Sequence[str] = (SUITE,),
    *,
    control: bool = True,
    processes: bool = True,
    defects: Sequence[str] = (),
    seed: int = SEED,
) -> RunRecord:
    """The record of a run of the cases that `terms` choose.

    Without `control` the judge knows the operator's message port and nothing else, as with somebody else's
    product; without `processes` it may not kill the operator.
    """
    address = lab.addresses["operator"]["operator"]
    query = f"?control={lab.control_url('operator')}" if control else ""
    own = lab if control and processes else None
    session = Session(parse_target(f"operator:tcp://{address}{query}"), own)
    return run_cases(lab, with_mistakes(session, "operator", defects), SUITE, terms, seed)
