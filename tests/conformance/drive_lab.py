"""One lab of module, operator and drive for tests of the drive suite, and runs of the suite against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conformance.bench import PARTS_NEEDED
from conformance.cases import Registry, load_suites
from conformance.events import EventStream, Recorder, RunRecord
from conformance.lab import Lab
from conformance.lab_parts import UZ_PARTS
from conformance.runner import Runner, RunSettings
from conformance.selection import select
from conformance.session import Session
from conformance.targets import Target

SUITE = "uz.drive"
SEED = 20_260_415
PARTS = PARTS_NEEDED["drive"]


@contextmanager
def shop(folder: Path, *drive_options: str, modules: int = 1) -> Iterator[Lab]:
    """A lab of the three parts on free ports; `drive_options` go to the drive's command line."""
    parts = [part for part in UZ_PARTS if part.name in PARTS]
    with Lab(folder, parts=parts, seed=SEED, modules=modules, options={"drive": drive_options}) as lab:
        yield lab


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
    registry = suite()
    target = Target(
        kind="drive",
        address=lab.addresses["drive"]["drive"],
        text="drive of the test's lab",
        name="drive",
        controls={part: lab.control_url(part) for part in controls},
        vendor=vendor,
        destructive=not vendor,
    )
    recorder, clock = Recorder(), lab.clock
    stream = EventStream([recorder], lambda: clock.now().isoformat())
    session = Session(target, lab if processes else None)
    try:
        Runner(registry.book, stream, RunSettings(seed)).run([session], select(registry, terms))
    finally:
        clock.close()
    return recorder.record


def suite() -> Registry:
    """The drive's cases, and whatever other suites have been loaded."""
    return load_suites([SUITE])
