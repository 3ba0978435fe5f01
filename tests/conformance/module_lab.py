"""One simulator for the tests of the module suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

SUITE = "uz.module"
SEED = 20_260_301


@contextmanager
def simulator(folder: Path) -> Iterator[Lab]:
    """A lab that holds a module only, on free ports."""
    parts = [part for part in UZ_PARTS if part.name == "module"]
    with Lab(folder, parts=parts, seed=SEED) as lab:
        yield lab


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
    registry = load_suites([SUITE])
    address = lab.addresses["module"]["module"]
    query = (
        f"control={lab.control_url('module')}" if control else f"destructive={'yes' if destructive else 'no'}"
    )
    session = Session(parse_target(f"module:tcp://{address}?{query}"), lab if control else None)
    if defects:
        session.control("module").lasting = {"defects": list(defects)}
        session.control("module").reset()
    recorder, clock = Recorder(), lab.clock
    stream = EventStream([recorder], lambda: clock.now().isoformat())
    try:
        Runner(registry.book, stream, RunSettings(seed)).run([session], select(registry, terms))
    finally:
        clock.close()
    return recorder.record


def outcomes(record: RunRecord) -> Mapping[str, list[str]]:
    """Case ids by outcome."""
    found: dict[str, list[str]] = {}
    for case in record.cases:
        assert case.verdict is not None
        found.setdefault(case.verdict.outcome.value, []).append(case.case.id)
    return found


def story(record: RunRecord, *wanted: str) -> str:
    """What the verdicts of these outcomes say, for the message of a failed assertion."""
    lines = [
        f"{case.verdict.outcome.value} {case.case.id}: {case.verdict.message} {case.verdict.trace}"
        for case in record.cases
        if case.verdict is not None and case.verdict.outcome.value in wanted
    ]
    return "\n".join(lines)
