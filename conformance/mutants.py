"""Is the judge worth anything? Every deliberate mistake of a part must make a case about it fail.

`conformance/catchers/*.json` say, for every mistake a part can be started with, which cases are about it.
`Hunt` switches one mistake on in an embedded lab, runs those cases, and where none of them fails the whole
suite, so that "not caught" is never a matter of where one looked. The sound part must then pass the same
cases (`kassalab mutants`, HAR-08).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.bench import embedded
from conformance.cases import Case, Registry
from conformance.controls import in_reset_order
from conformance.events import EventStream, Recorder
from conformance.outcomes import Outcome
from conformance.runner import Runner, RunSettings
from conformance.selection import select
from conformance.session import Session
from conformance.targets import FACES, TILLS
from reference.runtime.clock import LabClock, real_elapsed

CATCHERS = Path(__file__).parent / "catchers"


class CatchersError(Exception):
    """A table of catchers that cannot be read; the text names file and rule."""


@dataclass(frozen=True, slots=True)
class Catchers:
    """For one kind of target: `mutants` gives, for every mistake of `part`, the ids of cases about it."""

    target: str
    suite: str
    part: str
    mutants: Mapping[str, tuple[str, ...]]

    @property
    def group(self) -> str:
        """What the command line calls them: the part, or the dialect of it that the table is about."""
        return self.target if self.target in (*FACES, *TILLS) else self.part


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of one mistake: `by` are the cases that failed, `missed` those meant to that did not.

    `odd` are outcomes beside pass and fail, which say nothing about the mistake; `seconds` is real time.
    """

    part: str
    name: str
    by: tuple[str, ...]
    missed: tuple[str, ...]
    odd: tuple[str, ...]
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether any case failed."""
        return bool(self.by)


def load_catchers(folder: Path = CATCHERS) -> list[Catchers]:
    """Every table of `folder`, by file name; CatchersError for one that breaks the form."""
    return [_table(path) for path in sorted(folder.glob("*.json"))]


def catchers_of(part: str) -> Catchers:
    """The table of one part or dialect; CatchersError when there is none."""
    for table in load_catchers():
        if table.group == part:
            return table
    raise CatchersError(f"no table of catchers is about {part!r}")


def _table(path: Path) -> Catchers:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        target, suite, part = (str(table[name]) for name in ("target", "suite", "part"))
        mutants = {
            str(name): tuple(f"{suite}.{case}" for case in cases) for name, cases in table["mutants"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatchersError(f"{path.name}: no table of catchers: {type(error).__name__}: {error}") from None
    empty = sorted(name for name, cases in mutants.items() if not cases)
    if empty:
        raise CatchersError(f"{path.name}: no case is named for {', '.join(empty)}")
    return Catchers(target, suite, part, mutants)


class Hunt:
    """Mistakes of one part, one after another in the same embedded lab."""

    def __init__(self, session: Session, catchers: Catchers, registry: Registry, seed: int) -> None:
        self._session = session
        self._catchers = catchers
        self._registry = registry
        self._seed = seed

    def find(self, name: str) -> Caught:
        """Switch the mistake `name` on and run the cases about it, then all others if they all pass."""
        begun = real_elapsed()
        wanted = self._catchers.mutants[name]
        outcomes = self._run(name, wanted)
        by = _with(outcomes, Outcome.FAIL)
        if not by:
            outcomes |= self._run(name, (self._catchers.suite,))
            by = _with(outcomes, Outcome.FAIL)
        missed = tuple(case for case in wanted if case not in by)
        odd = _with(outcomes, Outcome.TOOL_ERROR, Outcome.INCONCLUSIVE)
        return Caught(self._catchers.group, name, by, missed, odd, real_elapsed() - begun)

    def sound(self) -> Mapping[str, Outcome]:
        """Outcomes of every case of the table on the part without any mistake."""
        cases = sorted({case for cases in self._catchers.mutants.values() for case in cases})
        return self._run(None, cases)

    def _run(self, defect: str | None, terms: Sequence[str]) -> dict[str, Outcome]:
        lab = self._session.lab
        if lab is None:
            raise CatchersError("mistakes are hunted in an embedded lab")
        session = Session(self._session.target, lab, self._session.seconds)
        for part in in_reset_order(session.target.controls):
            control = session.control(part)
            if defect and part == self._catchers.part:
                # Kept by every later reset, the one after a case that killed the part included.
                control.lasting = {"defects": [defect]}
            control.reset()
        return outcomes_of(session, self._registry, select(self._registry, terms), self._seed)


def outcomes_of(session: Session, registry: Registry, cases: Sequence[Case], seed: int) -> dict[str, Outcome]:
    """Run cases on an embedded target without a report; outcome by case id."""
    recorder = Recorder()
    with _lab_clock(session) as clock:
        stream = EventStream([recorder], lambda: clock.now().isoformat())
        Runner(registry.book, stream, RunSettings(seed, embedded=True)).run([session], cases)
    return {each.case.id: each.verdict.outcome for each in recorder.record.cases if each.verdict is not None}


@contextmanager
def hunts(tables: Sequence[Catchers], registry: Registry, seed: int) -> Iterator[list[Hunt]]:
    """A hunt for every table, each with a lab of its own, so that they may run at the same time."""
    with embedded([table.target for table in tables], seed) as sessions:
        yield [Hunt(session, table, registry, seed) for session, table in zip(sessions, tables, strict=True)]


@contextmanager
def _lab_clock(session: Session) -> Iterator[LabClock]:
    if session.lab is None:
        raise CatchersError("mistakes are hunted in an embedded lab")
    clock = session.lab.clock
    try:
        yield clock
    finally:
        clock.close()


def _with(outcomes: Mapping[str, Outcome], *wanted: Outcome) -> tuple[str, ...]:
    return tuple(sorted(case for case, outcome in outcomes.items() if outcome in wanted))
