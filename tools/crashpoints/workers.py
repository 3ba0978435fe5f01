"""Trips in several processes, and what all of them found."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Final

import structlog

from tools.crashpoints.enumeration import Case, Finding, Recording, Result, Trip, trips

Progress = Callable[[int, int], None]
"""Told how many cuts are tried and how many there are."""
NEVER: Final = "the cut was not reached, though nothing was cut before it"


def try_all(
    recording: Recording,
    cases: Sequence[Case],
    jobs: int,
    *,
    brown_outs: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Result:
    """Try these cuts on as few trips as possible, then alone those that a trip did not reach."""
    result = Result()
    alone: list[Case] = []

    def take(one: Result, *, last: bool) -> None:
        missed = [recording.case(number) for number in one.missed]
        if last:
            one.findings += [_unreached(recording, case) for case in missed]
            one.tried += one.missed
        else:
            alone.extend(missed)
        one.missed = []
        result.add(one)
        progress(len(result.tried), len(cases))

    with _pool(jobs) as pool:
        made = [_trip(recording, some, brown_outs=brown_outs) for some in trips(cases)]
        for one in _run(pool, made):
            take(one, last=False)
        for one in _run(pool, [_trip(recording, [case], brown_outs=brown_outs) for case in alone]):
            take(one, last=True)
    result.tried.sort()
    result.findings.sort(key=lambda finding: finding.number)
    return result


def _trip(recording: Recording, cases: Sequence[Case], *, brown_outs: bool) -> Trip:
    start = recording.checkpoints[cases[0].step]
    return Trip(recording.day, start, tuple(cases), recording.flaws, brown_outs)


def _unreached(recording: Recording, case: Case) -> Finding:
    return Finding(case.number, recording.day.steps[case.step].name, str(case.target), NEVER)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Spawned: a forked child would share the open files of this process's databases.
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=hush)


def hush() -> None:
    """Let the parts of this process log nothing: that they are cut is what is wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _run(pool: ProcessPoolExecutor, made: Sequence[Trip]) -> Iterator[Result]:
    work: list[Future[Result]] = [pool.submit(trip.run) for trip in made]
    try:
        for done in as_completed(work):
            yield done.result()
    finally:
        for one in work:
            one.cancel()
