"""One simulator for the tests of the module suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import parse_target
from tests.conformance.labs import lab_of, run_cases, with_mistakes

SUITE = "uz.module"
SEED = 20_260_301


def simulator(folder: Path) -> AbstractContextManager[Lab]:
    """A lab that holds a module only, on free ports."""
    return lab_of(folder, ["module"], seed=SEED)


def judged(
    lab: Lab,
    terms: Sequence[str] = (SUITE,),
    *,
    control: bool = True,
    destructive: bool = False,
    defects: Sequence[str] = (),
    seed: int = SEED,
) -> RunRecord:
    """The record of a run of the cases that `terms` choose.

    Without `control` the judge knows the module's address and nothing else, as with somebody else's product;
    `destructive` is then its owner's leave for lasting changes.
    """
    address = lab.addresses["module"]["module"]
    query = (
        f"control={lab.control_url('module')}" if control else f"destructive={'yes' if destructive else 'no'}"
    )
    session = Session(parse_target(f"module:tcp://{address}?{query}"), lab if control else None)
    return run_cases(lab, with_mistakes(session, "module", defects), SUITE, terms, seed)
