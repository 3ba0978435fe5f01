"""The engine: runs cases on targets, one after another on each target, and speaks only in events.

A case is graded where it ends: by the exception it ends with, or by the findings it gathered on its way.
"""

from __future__ import annotations

import shlex
import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from conformance.cases import Case
from conformance.clauses import ClauseBook, cited
from conformance.context import Context
from conformance.control_client import ControlClientError
from conformance.events import CaseStarted, EventStream, RunEnded, RunStarted, TargetFacts, Verdict
from conformance.outcomes import ExitCode, Level, Outcome, exit_code
from conformance.session import Session
from conformance.turns import Turn, Turns
from conformance.verdicts import CaseFailed, CaseStopped, Inconclusive, NotApplicable, TargetUnreachable
from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run depends on besides its targets; all of it stands in every report."""

    seed: int
    strict: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    embedded: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """Outcome of a case and what decided it."""

    outcome: Outcome
    message: str = ""
    clause: str = ""
    expected: str = ""
    observed: str = ""
    trace: str = ""


class Runner:
    """Runs a list of cases on sessions;
    each session has a thread of its own, because its cases are its own.

    Targets that somebody else runs are judged all at once; those of embedded labs take turns (turns.py),
    because they all live on this machine.
    """

    def __init__(self, book: ClauseBook, stream: EventStream, settings: RunSettings) -> None:
        self._book = book
        self._stream = stream
        self._settings = settings
        self._summary: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopped: list[str] = []
        self._interrupted = threading.Event()

    def run(self, sessions: Sequence[Session], cases: Sequence[Case]) -> RunEnded:
        """Run every case on every session of its target kind; returns the last event.

        A target that cannot be reached at the beginning ends the run before the first case with exit status
        3.
        """
        begun = real_elapsed()
        plan = [
            (session, [case for case in cases if case.target in session.target.kinds]) for session in sessions
        ]
        opened = self._open(sessions)
        self._stream.send(
            RunStarted(
                self._stream.lab_time(),
                self._settings.seed,
                self._settings.versions,
                self._settings.options,
                opened,
                sum(len(own) for _, own in plan),
            )
        )
        if not self._stopped:
            self._run_all(plan)
        for session in sessions:
            session.close()
        code = ExitCode.TOOL_OR_ENVIRONMENT if self._stopped else self._exit_code()
        ended = RunEnded(self._counted(), int(code), real_elapsed() - begun, "\n".join(self._stopped))
        self._stream.send(ended)
        return ended

    def _run_all(self, plan: Sequence[tuple[Session, list[Case]]]) -> None:
        here, elsewhere = Turns(), Turns(len(plan))
        with ThreadPoolExecutor(max_workers=max(1, len(plan))) as pool:
            runs = [
                pool.submit(
                    self._run_session, session, cases, Turn(here if session.lab else elsewhere, cases)
                )
                for session, cases in plan
            ]
            try:
                for run in runs:
                    run.result()
            except KeyboardInterrupt:
                self._interrupted.set()
                self._stopped.append("interrupted; the rest was not run")

    def _counted(self) -> dict[str, int]:
        return {outcome.value: self._summary[outcome.value] for outcome in Outcome}

    def _exit_code(self) -> ExitCode:
        return exit_code(self._summary, strict=self._settings.strict)

    def _open(self, sessions: Sequence[Session]) -> tuple[TargetFacts, ...]:
        # Labs of our own all at once. Where a person may have to be asked one after another, and here: an
        # interrupt would not end a thread that waits for him.
        if all(session.lab for session in sessions):
            with ThreadPoolExecutor(max_workers=max(1, len(sessions))) as pool:
                opened = list(pool.map(self._opened, sessions))
        else:
            opened = [self._opened(session) for session in sessions]
        self._stopped += [each for each in opened if isinstance(each, str)]
        return tuple(each for each in opened if not isinstance(each, str))

    @staticmethod
    def _opened(session: Session) -> TargetFacts | str:
        try:
            return session.open()
        except TargetUnreachable as error:
            return f"{session.target.text}: {error}; nothing was judged"

    def _run_session(self, session: Session, cases: Sequence[Case], turn: Turn) -> None:
        with turn:
            for case in cases:
                turn.begin()
                if self._interrupted.is_set():
                    return
                if self.run_case(session, case) is Outcome.TOOL_ERROR and not session.alive():
                    with self._lock:
                        self._stopped.append(
                            f"target {session.name} stopped answering in {case.id}; the rest was not run"
                        )
                    return
                turn.end(case)

    def run_case(self, session: Session, case: Case) -> Outcome:
        """Run one case and send its events; returns its outcome."""
        begun = real_elapsed()
        self._stream.send(CaseStarted(session.name, case, self._stream.lab_time()))
        grade = self._missing(session, case) or self._graded(session, case)
        if grade.outcome is not Outcome.NOT_APPLICABLE:
            session.used |= case.needs
        self._stream.send(
            Verdict(
                session.name,
                case.id,
                grade.outcome,
                grade.message,
                cited(case.id, grade.clause),
                grade.expected,
                grade.observed,
                real_elapsed() - begun,
                again(case, session, self._settings),
                grade.trace,
            )
        )
        with self._lock:
            self._summary[grade.outcome.value] += 1
        return grade.outcome

    @staticmethod
    def _missing(session: Session, case: Case) -> Grade | None:
        missing = sorted(case.needs - session.capabilities)
        if not missing:
            return None
        return Grade(Outcome.NOT_APPLICABLE, f"the target lacks {', '.join(missing)}")

    def _graded(self, session: Session, case: Case) -> Grade:
        rng = generator(self._settings.seed, case.id)
        ctx = Context(case, session, self._stream, self._book, rng, strict=self._settings.strict)
        with session.during(ctx.exchanged):
            grade = self._ended(ctx, case)
        return self._put_back(ctx, session, grade)

    @staticmethod
    def _ended(ctx: Context, case: Case) -> Grade:
        with _grading() as graded:
            case.body(ctx)
        # What could not go on because of a stand-in that was missed says nothing more than that.
        if graded and not (graded[0].outcome is Outcome.INCONCLUSIVE and ctx.findings.stand_in_missed):
            return _of_a_stand_in(graded[0]) if ctx.vendor and case.level is Level.STAND_IN else graded[0]
        missed = ctx.findings.should_missed
        if missed:
            first = missed[0]
            message = "; ".join(f"{each.text}: {each.observed} instead of {each.expected}" for each in missed)
            return Grade(Outcome.PASS_NON_STRICT, message, first.clause, first.expected, first.observed)
        differs = ctx.findings.stand_in_missed
        if differs:
            first = differs[0]
            message = "; ".join(
                f"{each.text}: {each.observed} where ours has {each.expected}" for each in differs
            )
            return Grade(Outcome.INFORMATIONAL, message, first.clause, first.expected, first.observed)
        return Grade(Outcome.PASS)

    @staticmethod
    def _put_back(ctx: Context, session: Session, grade: Grade) -> Grade:
        """Close drivers and undo what was moved, off the record; a part that died by itself is a failure."""
        with _grading() as graded:
            ctx.finish()
            died = session.put_back()
            if died:
                raise CaseFailed(f"the {' and the '.join(died)} died during the case; it was started again")
        if graded and grade.outcome is not Outcome.FAIL:
            return graded[0]
        return grade


def _of_a_stand_in(grade: Grade) -> Grade:
    """A case of stand-in clauses alone never fails somebody else's product."""
    return replace(grade, outcome=Outcome.INFORMATIONAL) if grade.outcome is Outcome.FAIL else grade


@contextmanager
def _grading() -> Iterator[list[Grade]]:
    """Turn the exception a case ends with into its grade; the list stays empty when there is none."""
    grades: list[Grade] = []
    try:
        yield grades
    except NotApplicable as stopped:
        grades.append(_stopped(Outcome.NOT_APPLICABLE, stopped))
    except Inconclusive as stopped:
        grades.append(_stopped(Outcome.INCONCLUSIVE, stopped))
    except CaseFailed as stopped:
        grades.append(_stopped(Outcome.FAIL, stopped))
    except (TargetUnreachable, ControlClientError) as error:
        grades.append(Grade(Outcome.TOOL_ERROR, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever a case raises is its verdict, with the trace in the report
        text = f"{type(error).__name__}: {error}"
        grades.append(Grade(Outcome.TOOL_ERROR, text, trace=traceback.format_exc()))


def _stopped(outcome: Outcome, stopped: CaseStopped) -> Grade:
    return Grade(outcome, stopped.message, stopped.clause, stopped.expected, stopped.observed)


def again(case: Case, session: Session, settings: RunSettings) -> str:
    """The one command that runs a case again as it ran."""
    words = ["kassalab", "run", case.id]
    if not settings.embedded:
        words += ["--target", session.target.text]
    words += settings.words
    words += ["--seed", str(settings.seed)]
    if settings.strict:
        words.append("--strict")
    return shlex.join(words)
