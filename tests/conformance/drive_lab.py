"""One lab of module, operator and drive for tests of the drive suite, and runs of the suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from conformance.bench import PARTS_NEEDED
from conformance.cases import Registry, load_suites
from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import Target
from tests.conformance.labs import lab_of, run_cases

SUITE = "uz.drive"
SEED = 20_260_415
PARTS = PARTS_NEEDED["drive"]
SLOWLY = 0.25
"""The rate of lab time for judges who move it: an operator that a slow disk holds up for six seconds has not
kept silent for the five lab seconds that a drive waits."""


def shop(folder: Path, *drive_options: str, modules: int = 1, rate: float = 1) -> AbstractContextManager[Lab]:
    """A lab of the three parts on free ports; `drive_options` go to the drive's command line."""
    return lab_of(folder, PARTS, seed=SEED, modules=modules, options={"drive": drive_options}, rate=rate)


def judged(
    lab: Lab,
    terms: Sequence[str] = (SUITE,),
    *,
    controls: Sequence[str] = PARTS,
    processes: bool = True,
    vendor: bool = False,
    seed: int = SEED,
) -> RunRecord:
    """The record of a run of the cases that `terms` choose.

    `controls` names the parts whose control API the judge knows; with none it has the wire alone, as with
    somebody else's product.
    """
    target = Target(
        kind="drive",
        address=lab.addresses["drive"]["drive"],
        text="drive of the test's lab",
        name="drive",
        controls={part: lab.control_url(part) for part in controls},
        vendor=vendor,
        destructive=not vendor,
    )
    return run_cases(lab, Session(target, lab if processes else None), SUITE, terms, seed)


def suite() -> Registry:
    """The drive's cases, and whatever other suites have been loaded."""
    return load_suites([SUITE])
