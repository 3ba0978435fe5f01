"""Labs and runs for tests of the suites about generation 1 and its wrappers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.bench import PARTS_NEEDED
from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import FACES, Target
from tests.conformance.labs import lab_of, run_cases

SUITES = {"drive-rpc": "uz.rpc1", "drive-qpos": "uz.qpos", "drive-communicator": "uz.communicator"}
SEED = 20_261_121
PARTS = PARTS_NEEDED["drive"]


def shop(folder: Path, *drive_options: str, rate: float = 1) -> AbstractContextManager[Lab]:
    """A lab of the three parts on free ports."""
    return lab_of(folder, PARTS, seed=SEED, options={"drive": drive_options}, rate=rate)


def judged(
    lab: Lab,
    kind: str,
    terms: Sequence[str] = (),
    *,
    controls: Sequence[str] = PARTS,
    vendor: bool = False,
) -> RunRecord:
    """The record of a run against one dialect of the lab's drive."""
    target = target_of(lab, kind, controls=controls, vendor=vendor)
    return run_cases(lab, Session(target, lab), SUITES[kind], terms or (SUITES[kind],), SEED)


def target_of(lab: Lab, kind: str, *, controls: Sequence[str], vendor: bool) -> Target:
    """One dialect of the lab's drive."""
    return Target(
        kind=kind,
        address=lab.addresses["drive"][FACES[kind]],
        text="dialect of the test's lab",
        name=kind,
        controls={part: lab.control_url(part) for part in controls},
        vendor=vendor,
        destructive=not vendor,
    )
