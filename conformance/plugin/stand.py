"""What stands behind the plugin's items and fixtures during one pytest run: targets, opened when first asked.

Targets are those of `--target`; a kind that is not among them is started as an embedded lab, unless targets
were given and the case is about another kind, which is then skipped.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from conformance.bench import embedded, given
from conformance.cases import Case
from conformance.clauses import ClauseBook
from conformance.context import Context
from conformance.events import EventStream, Recorder, RunEnded, RunStarted, TargetFacts, Verdict
from conformance.judging import versions
from conformance.outcomes import Outcome, exit_code
from conformance.reports.console import ConsoleReport
from conformance.reports.html import write_html
from conformance.reports.json_report import write_json
from conformance.runner import Runner, RunSettings
from conformance.session import Session
from conformance.targets import Target
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, open_clock, real_elapsed


class Stand:
    """Targets of one pytest run. `keep` records everything for a report at the end."""

    def __init__(
        self,
        book: ClauseBook,
        targets: Sequence[Target],
        seed: int,
        *,
        strict: bool = False,
        keep: bool = False,
    ) -> None:
        self.seed = seed
        self._book = book
        self._targets = tuple(targets)
        self._strict = strict
        self._keep = keep
        self._ends = ExitStack()
        self._sessions: dict[str, Session] = {}
        self._facts: list[TargetFacts] = []
        self._clock: LabClock | None = None
        self._recorder = Recorder()
        self._text = io.StringIO()
        console = ConsoleReport(Console(file=self._text, width=110, color_system=None), book)
        self._stream = EventStream([self._recorder, console], self._lab_time)
        self._settings = RunSettings(
            seed,
            strict,
            versions(),
            {"by": "pytest", "targets": ", ".join(each.text for each in targets) or "embedded lab"},
            embedded=not targets,
        )
        self._begun = real_elapsed()

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the given targets; none were given when it is empty."""
        return frozenset(target.kind for target in self._targets)

    def session(self, kind: str) -> Session:
        """The opened target of a kind; LookupError when other targets were given in its place.

        TargetUnreachable when nobody answers, LabError when an embedded part does not start.
        """
        # A target that cases of another kind judge, too, has one session for both.
        kind = next((each.kind for each in self._targets if kind in each.kinds), kind)
        if kind not in self._sessions:
            session = self._made(kind)
            self._facts.append(session.open())
            self._sessions[kind] = session
            self._ends.callback(session.close)
        return self._sessions[kind]

    def judge(self, case: Case) -> tuple[Verdict, str]:
        """Run one case on the target of its kind; gives the verdict and the story a person reads."""
        self._text.seek(0)
        self._text.truncate()
        Runner(self._book, self._stream, self._settings).run_case(self.session(case.target), case)
        verdict = self._recorder.record.cases[-1].verdict
        assert verdict is not None
        if not self._keep:
            self._recorder.record.cases.clear()
        return verdict, self._text.getvalue()

    @contextmanager
    def lend(self, case: Case) -> Iterator[Context]:
        """A context for a test of one's own; afterwards what it has moved is put back."""
        session = self.session(case.target)
        rng = generator(self.seed, case.id)
        stream = EventStream([], self._stream.lab_time)
        ctx = Context(case, session, stream, self._book, rng, strict=self._strict)
        with session.during(ctx.exchanged):
            try:
                yield ctx
            finally:
                ctx.finish()
                session.put_back()

    def write(self, folder: Path) -> None:
        """Write report.html and report.json of all cases that were run."""
        record = self._recorder.record
        summary = {each.value: 0 for each in Outcome}
        for case in record.cases:
            if case.verdict is not None:
                summary[case.verdict.outcome.value] += 1
        record.started = RunStarted(
            record.cases[0].lab_time if record.cases else self._lab_time(),
            self.seed,
            self._settings.versions,
            self._settings.options,
            tuple(self._facts),
            len(record.cases),
        )
        code = exit_code(summary, strict=self._strict)
        record.ended = RunEnded(summary, int(code), real_elapsed() - self._begun)
        write_html(record, self._book, folder / "report.html")
        write_json(record, self._book, folder / "report.json")

    def close(self) -> None:
        """Let go of the targets, and stop the embedded labs."""
        self._ends.close()
        self._sessions.clear()
        self._clock = None

    def _made(self, kind: str) -> Session:
        for target in self._targets:
            if target.kind == kind:
                return given([target])[0]
        if self._targets:
            raise LookupError(f"no target is a {kind}; there is {', '.join(sorted(self.kinds))}")
        (session,) = self._ends.enter_context(embedded([kind], self.seed))
        return session

    def _lab_time(self) -> str:
        if self._clock is None:
            labs = [each.lab for each in self._sessions.values() if each.lab is not None]
            self._clock = LabClock.attach(labs[0].clock_path) if labs else open_clock(None)
            self._ends.callback(self._clock.close)
        return self._clock.now().isoformat(timespec="milliseconds")
