"""All cuts of a day: found by one recording, grouped where nothing in the shop can tell two apart, and tried.

A trip is one walk through the day with at most one cut a step. After every step all books are compared, so
that a finding belongs to one cut; a cut that its trip cannot reach (an earlier one has changed what happens
before it), and one behind a finding, is tried on a trip of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from reference.runtime.chance import generator
from tools.crashpoints.cuts import VICTIMS, Kind, Left, Moment, Part, Seen, Target, Victim
from tools.crashpoints.day import BROWN_OUTS, Day, start_day
from tools.crashpoints.proof import Unproven
from tools.crashpoints.shop import Checkpoint, Flaws, Shop

FAST_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - memory; what a disk would lose is decided by the images
LONGEST_BROWN_OUT: Final = 40
"""Moments of a recovery among which a brown-out picks the one that it cuts."""


@dataclass(frozen=True, slots=True)
class Case:
    """One cut of the day: its number, its step, and what happens there. `twin` is the number of the first
    cut after which every disk and every memory that is left is the same."""

    number: int
    step: int
    target: Target
    twin: int

    @property
    def single(self) -> bool:
        """Whether it is the first of its kind."""
        return self.number == self.twin


@dataclass(frozen=True, slots=True)
class Finding:
    """A cut after which something was wrong."""

    number: int
    step: str
    target: str
    text: str


@dataclass(slots=True)
class Result:
    """What became of a trip: cuts tried and found well, findings, and cuts that must be tried alone."""

    tried: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    brown_outs: int = 0

    def add(self, other: Result) -> None:
        """Take another trip's result in."""
        self.tried += other.tried
        self.findings += other.findings
        self.missed += other.missed
        self.brown_outs += other.brown_outs


@dataclass(slots=True)
class Recording:
    """A day without a cut: the shop before each step, and all cuts."""

    day: Day
    flaws: Flaws
    checkpoints: list[Checkpoint]
    cases: list[Case]

    @property
    def singles(self) -> list[Case]:
        """Cuts that differ from each other."""
        return [case for case in self.cases if case.single]

    def case(self, number: int) -> Case:
        """The cut of that number, from 1; IndexError when there is none."""
        if not 1 <= number <= len(self.cases):
            raise IndexError(number)
        return self.cases[number - 1]


def work_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for shops that is gone afterwards: in memory where the machine has that."""
    where = FAST_FOLDER if FAST_FOLDER.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="kassalab-cuts-", dir=where)


def record(day: Day, flaws: Flaws) -> Recording:
    """Walk the day once, uncut; Unproven when the parts fail even so."""
    checkpoints: list[Checkpoint] = []
    cases: list[Case] = []
    with work_folder() as folder:
        shop = start_day(day, Path(folder), flaws)
        try:
            for place, step in enumerate(day.steps):
                checkpoints.append(shop.checkpoint())
                day.walk(shop, step)
                cases += _cases(place, shop.watch.seen, len(cases))
        finally:
            shop.close()
    return Recording(day, flaws, checkpoints, cases)


def _cases(step: int, seen: Sequence[Seen], known: int) -> Iterator[Case]:
    first: dict[tuple[object, ...], int] = {}
    for one in seen:
        for victim in VICTIMS[one.moment.kind, one.moment.part]:
            for left in _leavings(one.moment):
                known += 1
                key = _remains(one, victim, left)
                yield Case(known, step, Target(one.moment, victim, left), first.setdefault(key, known))


def _leavings(moment: Moment) -> Sequence[Left]:
    """What a cut at this moment can leave of a write; a file takes another's place wholly or not at all."""
    if moment.kind is not Kind.WRITE:
        return (Left.WHOLE,)
    return (Left.WHOLE, Left.NOTHING) if ".rename" in moment.name else tuple(Left)


def _remains(one: Seen, victim: Victim, left: Left) -> tuple[object, ...]:
    """All that a cut leaves to be told apart by: the disks, and how far the survivors have come.

    Disks change by writes only. A till that survives the drive knows which request has no answer, a drive
    that survives the module which command has none; who loses all memory knows nothing.
    """
    moment = one.moment
    if left in (Left.TORN, Left.REORDERED) or moment.kind is Kind.ANSWER:
        return (victim, moment, left)
    writes = list(one.writes)
    if moment.kind is Kind.WRITE and left is Left.WHOLE:
        writes[list(Part).index(moment.part)] += 1
    memory = {Victim.SHOP: 0, Victim.TILL: 0, Victim.DRIVE: one.request, Victim.MODULE: one.command}
    survived = memory.get(victim, one.moment)
    return (victim, *writes, survived)


# --- trips --------------------------------------------------------------------------------------------------


def trips(cases: Sequence[Case]) -> list[list[Case]]:
    """The cuts in as few trips as their steps allow."""
    by_step: dict[int, list[Case]] = {}
    for case in cases:
        by_step.setdefault(case.step, []).append(case)
    longest = max((len(some) for some in by_step.values()), default=0)
    return [
        [some[place] for _, some in sorted(by_step.items()) if place < len(some)] for place in range(longest)
    ]


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip from a checkpoint to the end of the day."""

    day: Day
    checkpoint: Checkpoint
    cases: Sequence[Case]
    flaws: Flaws = field(default_factory=Flaws)
    brown_outs: bool = False

    def run(self) -> Result:
        """Try the cuts; nothing is raised for what they do to the shop."""
        result = Result()
        wanted = {case.step: case for case in self.cases}
        with work_folder() as folder:
            shop = Shop.at(self.checkpoint, Path(folder), self.day.seed, self.flaws)
            try:
                self._walk(shop, wanted, result)
            finally:
                shop.close()
        result.brown_outs = shop.watch.brown_outs
        return result

    def _walk(self, shop: Shop, wanted: Mapping[int, Case], result: Result) -> None:
        shop.start()
        done: list[Case] = []
        for place in range(min(wanted), len(self.day.steps)):
            case, cuts = wanted.get(place), shop.cuts
            self._prepare(shop, case)
            try:
                self.day.walk(shop, self.day.steps[place], None if case is None else case.target)
            except Unproven as error:
                hurt = case is not None and shop.cuts > cuts
                self._broke(place, error, [case] if case is not None and hurt else done, result)
                result.missed += [one.number for step, one in wanted.items() if step >= place + hurt]
                return
            if case is not None and shop.cuts > cuts:
                done.append(case)
                result.tried.append(case.number)
            elif case is not None:
                result.missed.append(case.number)

    def _broke(self, place: int, error: Unproven, blamed: Sequence[Case], result: Result) -> None:
        """A step of the trip ended badly. Its own cut is to blame, or one of those before: then each of
        them must be tried alone, and is to blame for sure when it was alone already."""
        result.tried += [case.number for case in blamed if case.number not in result.tried]
        if len(blamed) > 1:
            result.missed += [case.number for case in blamed]
            result.tried = [number for number in result.tried if number not in result.missed]
        else:
            result.findings += [self._finding(case, place, error) for case in blamed]
        if not blamed:
            raise error

    def _prepare(self, shop: Shop, case: Case | None) -> None:
        number = 0 if case is None else case.number
        shop.pull = number % 2
        if self.brown_outs and case is not None:
            chance: Random = generator(self.day.seed, f"brown-out {number}")
            shop.watch.again = [chance.randrange(LONGEST_BROWN_OUT) for _ in range(BROWN_OUTS)]

    def _finding(self, case: Case, place: int, error: Unproven) -> Finding:
        text = str(error)
        if case.step != place:
            text = f"at step {self.day.steps[place].name!r}: {text}"
        return Finding(case.number, self.day.steps[case.step].name, str(case.target), text)
