"""One Kazakh operator for the tests of its suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.lab_parts import KZ_PARTS
from conformance.session import Session
from conformance.targets import parse_target
from tests.conformance.labs import lab_of, run_cases, with_mistakes

SUITE = "kz.operator"
PART = "operator-kz"
SEED = 20_260_801


def operator(folder: Path) -> AbstractContextManager[Lab]:
    """A lab that holds a Kazakh operator only, on free ports."""
    return lab_of(folder, [PART], seed=SEED, offered=KZ_PARTS)


def judged(
    lab: Lab,
    terms: Sequence[str] = (SUITE,),
    *,
    processes: bool = True,
    defects: Sequence[str] = (),
    seed: int = SEED,
) -> RunRecord:
    """The record of a run of the cases that `terms` choose; without `processes` nothing may be killed."""
    address = lab.addresses[PART][PART]
    target = parse_target(f"operator-kz:tcp://{address}?control={lab.control_url(PART)}")
    session = with_mistakes(Session(target, lab if processes else None), PART, defects)
    return run_cases(lab, session, SUITE, terms, seed)


def judged_by_wire(
    lab: Lab, terms: Sequence[str] = (SUITE,), *, vendor: bool = True, seed: int = SEED
) -> RunRecord:
    """The record of a run in which the judge knows the register port and one register that was lent to it."""
    made = lab.control(PART).do("provision")
    address = lab.addresses[PART][PART]
    lent = f"device={made['id']}&device-token={made['token']}&rnm={made['rnm']}&serial={made['serial']}"
    target = parse_target(f"operator-kz:tcp://{address}?{lent}&vendor={'yes' if vendor else 'no'}")
    return run_cases(lab, Session(target), SUITE, terms, seed)
