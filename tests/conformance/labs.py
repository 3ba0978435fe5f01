"""What the tests of every suite share: a lab of a few parts, a run of cases in it, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from conformance.cases import load_suites
from conformance.events import EventStream, Recorder, RunRecord
from conformance.lab import Lab
from conformance.lab_parts import UZ_PARTS, PartSpec
from conformance.runner import Runner, RunSettings
from conformance.selection import select
from conformance.session import Session

AS_HOPED = {"pass", "not-applicable"}
"""Outcomes that nobody asks the reason of."""


@contextmanager
def lab_of(
    folder: Path,
    names: Collection[str],
    *,
    seed: int,
    offered: Sequence[PartSpec] = UZ_PARTS,
    modules: int = 1,
    options: Mapping[str, Sequence[str]] | None = None,
    rate: float | None = None,
) -> Iterator[Lab]:
    """A running lab of the `offered` parts with these names, on free ports, with lab time at `rate`."""
    parts = [part for part in offered if part.name in names]
    assert len(parts) == len(names), f"{names} of {[part.name for part in offered]}"
    with Lab(folder, parts=parts, seed=seed, modules=modules, options=options, rate=rate) as lab:
        yield lab


def with_mistakes(session: Session, part: str, defects: Sequence[str]) -> Session:
    """`session` with these named mistakes in `part`, which stay when the judge resets it."""
    if defects:
        session.control(part).lasting = {"defects": list(defects)}
        session.control(part).reset()
    return session


def run_cases(lab: Lab, session: Session, suite: str, terms: Sequence[str], seed: int) -> RunRecord:
    """The record of a run, against what `session` reaches, of the cases of `suite` that `terms` choose."""
    registry = load_suites([suite])
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
    """What the verdicts of these outcomes say, for the message of a failed assertion; of all that are neither
    pass nor not-applicable when none is named. Before them why the run stopped, if it did.
    """
    lines = [record.ended.stopped] if record.ended is not None and record.ended.stopped else []
    lines += [
        f"{case.verdict.outcome.value} {case.case.id}: {case.verdict.message} {case.verdict.trace}"
        for case in record.cases
        if case.verdict is not None
        and (case.verdict.outcome.value in wanted if wanted else case.verdict.outcome.value not in AS_HOPED)
    ]
    return "\n".join(lines)
