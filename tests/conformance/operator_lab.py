"""One operator for the tests of its suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conformance.cases import load_suites
from conformance.events import EventStream, Recorder, RunRecord
from conformance.lab import Lab
from conformance.lab_parts import UZ_PARTS
from conformance.runner import Runner, RunSettings
from conformance.selection import select
from conformance.session import Session
from conformance.targets import parse_target

SUITE = "uz.operator"
SEED = 20_260_701


@contextmanager
def operator(folder: Path) -> Iterator[Lab]:
    """A lab that holds an operator only, on free ports."""
    parts = [part for part in UZ_PARTS if part.name == "operator"]
    with Lab(folder, parts=parts, seed=SEED) as lab:
        yield lab


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
    registry = load_suites([SUITE])
    address = lab.addresses["operator"]["operator"]
    query = f"?control={lab.control_url('operator')}" if control else ""
    own = lab if control and processes else None
    session = Session(parse_target(f"operator:tcp://{address}{query}"), own)
    if defects:
        session.control("operator").lasting = {"defects": list(defects)}
        session.control("operator").reset()
    recorder, clock = Recorder(), lab.clock
    stream = EventStream([recorder], lambda: clock.now().isoformat())
    try:
        Runner(registry.book, stream, RunSettings(seed)).run([session], select(registry, terms))
    finally:
        clock.close()
    return recorder.record
