"""An old transcript judged by the rules of today: the cases of today run against what was written down.

Every case that is there still runs against the answers of then. Where it asks something else than then, its
verdict is inconclusive and names the question; what the recorded checks say under the levels of today stands
beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from conformance.cases import Registry
from conformance.clauses import ClauseBook, UnknownClauseError
from conformance.events import (
    CaseStarted,
    Consumer,
    Event,
    EventStream,
    RunEnded,
    RunStarted,
    Step,
    StepKind,
    Verdict,
)
from conformance.judging import versions
from conformance.outcomes import ExitCode, Level, Outcome, exit_code
from conformance.replay.played import STREAMS, PlayedSession
from conformance.replay.transcripts import RecordedCase, TranscriptError, read_cases, read_events
from conformance.runner import Runner, RunSettings
from conformance.targets import TILLS
from reference.runtime.clock import real_elapsed

UNPLAYED: Final = {
    "register-kz": "a register dials the judge: what it did then cannot be played to a case of today",
    "portal": "the judge's keys and sessions go from case to case: what was let in then is not let in today",
    **dict.fromkeys(
        ("pos", *TILLS),
        "a point of sale dials the judge: what it did then cannot be played to a case of today",
    ),
    "backoffice": "the judge's sessions go from case to case: what was let in then is not let in today",
}


@dataclass(frozen=True, slots=True)
class Regraded:
    """One case judged anew. `by_checks` is what the recorded checks say today, where the case itself could
    not be played to its end."""

    target: str
    case_id: str
    old: Outcome
    new: Outcome
    message: str
    clause: str = ""
    by_checks: Outcome | None = None

    @property
    def changed(self) -> bool:
        """Whether the verdict is another one than then."""
        return self.old is not self.new


@dataclass(slots=True)
class Regrading:
    """All of a transcript judged anew. `gone` are cases that exist no more, `unfinished` those without a
    verdict."""

    rows: list[Regraded] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ended: RunEnded | None = None

    @property
    def changes(self) -> list[Regraded]:
        """Cases with another verdict than then."""
        return [row for row in self.rows if row.changed]

    @property
    def unplayed(self) -> int:
        """How many cases the recording could not answer to their end."""
        return sum(row.by_checks is not None for row in self.rows)


def regrade(
    path: Path, registry: Registry, *, strict: bool = False, consumers: Sequence[Consumer] = ()
) -> Regrading:
    """Judge a transcript anew; `consumers` hear a run of it. TranscriptError when it is none of a run."""
    regrading = Regrading()
    recorded = read_cases(read_events(path, regrading.notes.append))
    started = next(recorded, None)
    if not isinstance(started, RunStarted):
        raise TranscriptError(
            f"{path}, line 1: only the transcript of a run, which begins with RunStarted, holds verdicts"
        )
    judge = _Judge(started, registry, strict, consumers, regrading)
    begun = real_elapsed()
    try:
        judge.all(recorded)
    finally:
        judge.close()
    summary = {outcome.value: sum(row.new is outcome for row in regrading.rows) for outcome in Outcome}
    code = exit_code(summary, strict=strict) if regrading.rows else ExitCode.USAGE
    regrading.ended = RunEnded(summary, int(code), real_elapsed() - begun)
    for consumer in consumers:
        consumer.take(regrading.ended)
    return regrading


class _Judge:
    """Consumer of the engine's events that puts a verdict right before others hear it."""

    def __init__(
        self,
        started: RunStarted,
        registry: Registry,
        strict: bool,
        consumers: Sequence[Consumer],
        regrading: Regrading,
    ) -> None:
        self._registry = registry
        self._strict = strict
        self._consumers = consumers
        self._regrading = regrading
        self._lab_time: Callable[[], str] = lambda: started.lab_time
        self._missing: Callable[[], str] = str
        self._broke = False
        self._last: Verdict | None = None
        defects = _defects(started)
        self._sessions = {each.name: PlayedSession(each, defects) for each in started.targets}
        embedded = all(not each.vendor for each in started.targets)
        settings = RunSettings(started.seed, strict, versions(), dict(started.settings), embedded=embedded)
        self._runner = Runner(registry.book, EventStream([self], lambda: self._lab_time()), settings)
        now = replace(started, versions=versions(), settings={**started.settings, "regraded": "yes"})
        for consumer in consumers:
            consumer.take(now)

    def all(self, recorded: Iterator[RunStarted | RecordedCase]) -> None:
        """Judge every case of the transcript."""
        ids = self._registry.ids()
        for case in recorded:
            if isinstance(case, RunStarted):
                raise TranscriptError("a transcript has one RunStarted, this one has a second")
            if case.verdict is None:
                self._regrading.unfinished.append(case.case_id)
            elif case.case_id not in ids:
                self._regrading.gone.append(case.case_id)
            else:
                self._regrading.rows.append(self._one(case, case.verdict))

    def close(self) -> None:
        """Let go of the players."""
        for session in self._sessions.values():
            session.close()

    def take(self, event: Event) -> None:
        """Hand an event on; a verdict of a case that could not be played to its end says so."""
        if isinstance(event, Verdict):
            missing = self._missing()
            if event.outcome is Outcome.TOOL_ERROR and not (missing or event.trace or self._broke):
                missing = f"the recording is not all that the case asks: {event.message}"
            if missing and event.outcome is not Outcome.INCONCLUSIVE:
                event = replace(
                    event, outcome=Outcome.INCONCLUSIVE, message=missing, expected="", observed="", trace=""
                )
            self._last = event
        for consumer in self._consumers:
            consumer.take(event)

    def _one(self, recorded: RecordedCase, old: Verdict) -> Regraded:
        session = self._sessions.get(recorded.target)
        if session is None:
            raise TranscriptError(f"{recorded.case_id}: RunStarted names no target {recorded.target}")
        case = self._registry[recorded.case_id]
        recording = session.play(recorded)
        self._lab_time = lambda: recording.lab_time
        self._broke = old.outcome is Outcome.TOOL_ERROR
        if recorded.kind not in STREAMS:
            self.take(CaseStarted(recorded.target, case, recorded.lab_time))
            why = UNPLAYED.get(recorded.kind, f"a {recorded.kind} cannot be played")
            recording.missing = why
            self._missing = lambda: why
            self.take(old)
        else:
            self._missing = lambda: recording.missing
            self._runner.run_case(session, case)
        new = self._last
        assert new is not None, "every case that ran has a verdict"
        by_checks = (
            by_recorded_checks(recorded.steps, self._registry.book, self._vendor(session), self._strict)
            if new.outcome is Outcome.INCONCLUSIVE and old.outcome is not Outcome.INCONCLUSIVE
            else None
        )
        return Regraded(
            recorded.target, case.id, old.outcome, new.outcome, new.message, new.clause, by_checks
        )

    @staticmethod
    def _vendor(session: PlayedSession) -> bool:
        return session.target.vendor


def by_recorded_checks(steps: Sequence[Step], book: ClauseBook, vendor: bool, strict: bool) -> Outcome:
    """The verdict that recorded checks alone give under the levels of today."""
    missed: set[Outcome] = set()
    for step in steps:
        if step.ok is False:
            missed.add(_of_a_miss(step, _level(book, step.clause), vendor, strict))
    for outcome in (Outcome.FAIL, Outcome.PASS_NON_STRICT, Outcome.INFORMATIONAL):
        if outcome in missed:
            return outcome
    return Outcome.PASS


def _of_a_miss(step: Step, level: Level, vendor: bool, strict: bool) -> Outcome:
    if step.kind is StepKind.SHOULD:
        return Outcome.FAIL if strict else Outcome.PASS_NON_STRICT
    if vendor and level is Level.STAND_IN:
        return Outcome.INFORMATIONAL
    if vendor and level is Level.SHOULD and not strict:
        return Outcome.PASS_NON_STRICT
    return Outcome.FAIL


def _level(book: ClauseBook, clause: str) -> Level:
    try:
        return book.clause(clause).level
    except UnknownClauseError:
        return Level.MUST


def _defects(started: RunStarted) -> dict[str, list[str]]:
    """Deliberate defects that embedded parts were started with, by part."""
    told = str(started.settings.get("defects", "none"))
    found: dict[str, list[str]] = {}
    for pair in told.split(", "):
        part, separator, name = pair.partition(":")
        if separator:
            found.setdefault(part, []).append(name)
    return found
