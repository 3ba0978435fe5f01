"""`kassalab bench judge`: what judging takes: a whole run, its records, and its page in a browser."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from conformance.bench import embedded
from conformance.cases import TARGET_KINDS, Case, Registry, load_suites
from conformance.clauses import ClauseBook
from conformance.decode import forget_decoded
from conformance.events import CaseRecord, Consumer, EventStream, Recorder, RunEnded, RunRecord
from conformance.judging import RunRequest, judge, versions
from conformance.outcomes import Outcome
from conformance.reports.console import ConsoleReport
from conformance.reports.html import write_html
from conformance.reports.json_report import write_json
from conformance.reports.junit import write_junit
from conformance.reports.transcript import TranscriptReport, open_transcript
from conformance.runner import Runner, RunSettings
from conformance.session import Session
from reference.runtime.clock import LabClock, real_elapsed
from tools.bench.children import BenchError
from tools.bench.figures import Figure, at_most_times, shown

SEED = 1
WHOLE_SECONDS = 120.0
OVERHEAD = 0.15
ROUNDS = 2
EACH_KIND = 50
"""Cases of each target kind that are judged with and without records; none that starts a process anew, for
that takes longer than any record."""
PAGE_CASES = 1_000
PAGE_SECONDS = 2.0
PAGE_BYTES = 15_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def figures(folder: Path) -> Iterator[Figure]:
    """Every figure of the judge, as each is ready; temporary files go below `folder`."""
    registry = load_suites()
    yield from records(folder, registry)
    whole, record = whole_run(folder, registry)
    yield whole
    yield from page(folder, registry.book, first_cases(record, PAGE_CASES))


def whole_run(folder: Path, registry: Registry) -> tuple[Figure, RunRecord]:
    """All suites on embedded labs, recorded in memory and told at a console; the floor is the processor time
    of judge and parts, spread over the cores.
    """
    recorder = Recorder()
    with (folder / "console.txt").open("w", encoding="utf-8") as file:
        consumers: list[Consumer] = [recorder, ConsoleReport(Console(file=file, width=110), registry.book)]
        before, begun = _processor_seconds(), real_elapsed()
        ended = judge(RunRequest(SEED), registry, consumers)
        seconds, used = real_elapsed() - begun, _processor_seconds() - before
    _demand_whole(ended)
    cases = sum(ended.summary.values())
    floor = used / (os.cpu_count() or 1)
    goal = f"≤ {WHOLE_SECONDS:g} s, conformant"
    holds = seconds <= WHOLE_SECONDS and ended.exit_code == 0
    name = f"judge: all {cases:,} cases of both countries"
    return Figure(name, seconds, "s", floor, goal, holds), recorder.record


def records(folder: Path, registry: Registry) -> Iterator[Figure]:
    """The same cases with transcript and recorder, with all reports too, and with nothing, on the same labs.

    Processor time of judge and parts is what is compared: the wall's depends on what else the machine does.
    The parts know nothing of records, so that one figure for them stands on both sides.
    """
    cases = spread([case for case in registry if "processes" not in case.needs], EACH_KIND)
    bare, recorded, reported = [], [], []
    with embedded(TARGET_KINDS, SEED, folder=folder / "labs") as sessions:
        lab = sessions[0].lab
        assert lab is not None
        with closing(LabClock.attach(lab.clock_path)) as clock:
            bench = _Rounds(sessions, cases, registry.book, clock)
            bench.without()
            parts = [bench.parts_of(bench.without)]
            for _ in range(ROUNDS):  # in turn, so that a busy moment meets both
                bare.append(bench.without())
                run, reports = bench.with_records(folder / "records")
                recorded.append(run)
                reported.append(run + reports)
    # The least of each: everything else on the machine only adds.
    floor = min(parts) + min(bare)
    name = f"judge: {len(cases)} cases recorded, processor time"
    yield at_most_times(name, min(parts) + min(recorded), "s", floor, 1 + OVERHEAD)
    name = f"judge: {len(cases)} cases recorded and told in all reports, processor time"
    yield shown(name, min(parts) + min(reported), "s", floor)


def spread(cases: Sequence[Case], each: int) -> list[Case]:
    """`each` cases of every target kind, evenly from first to last."""
    chosen = []
    for kind in TARGET_KINDS:
        own = [case for case in cases if case.target == kind]
        step = max(1, len(own) // each)
        chosen += own[::step][:each]
    return chosen


def first_cases(record: RunRecord, count: int) -> RunRecord:
    """A finished run as if it had had `count` cases, taken evenly from all; BenchError if it had fewer."""
    judged = [each for each in record.cases if each.verdict is not None]
    if len(judged) < count or record.ended is None:
        raise BenchError(f"the run judged {len(judged)} cases; the page wants {count}")
    chosen = [judged[place * len(judged) // count] for place in range(count)]
    summary = {each.value: 0 for each in Outcome}
    for case in chosen:
        summary[_outcome(case).value] += 1
    return RunRecord(record.started, chosen, replace(record.ended, summary=summary))


def page(folder: Path, book: ClauseBook, record: RunRecord) -> Iterator[Figure]:
    """The HTML report of `record`: its size, and real seconds until a browser shows its cases."""
    path = folder / "page" / "report.html"
    write_html(record, book, path)
    size = path.stat().st_size
    cases = len(record.cases)
    name = f"judge: report of {cases:,} cases"
    goal = f"< {PAGE_BYTES / 1e6:g} MB"
    yield Figure(f"{name}, size", size / 1e6, "MB", None, goal, size < PAGE_BYTES)
    seconds = opened(path, cases)
    goal = f"< {PAGE_SECONDS:g} s"
    yield Figure(f"{name}, opened", seconds, "s", None, goal, seconds < PAGE_SECONDS)


def opened(path: Path, cases: int) -> float:
    """Real seconds from asking a headless Chromium for the page until it counts all its cases; best of three.

    BenchError without Playwright or Chromium, or when the page shows another number of cases.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BenchError("opening a page needs Playwright: pip install playwright") from None
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise BenchError(f"opening a page needs a browser: {' or '.join(BROWSERS)}")
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(3):
            tab = browser.new_page()
            begun = real_elapsed()
            tab.goto(path.absolute().as_uri())
            said = tab.locator("#count").inner_text()
            taken.append(real_elapsed() - begun)
            tab.close()
            if said.split()[0] != str(cases):
                raise BenchError(f"the page shows {said!r}, not {cases} cases")
        browser.close()
    return min(taken)


class _Rounds:
    """The same cases again and again on labs that stay."""

    def __init__(
        self, sessions: Sequence[Session], cases: Sequence[Case], book: ClauseBook, clock: LabClock
    ) -> None:
        self._sessions = sessions
        self._cases = cases
        self._book = book
        self._now = lambda: clock.now().isoformat(timespec="milliseconds")

    def without(self) -> float:
        """Processor seconds of the judge in a round that nobody listens to."""
        begun = _own_seconds()
        self._run(())
        return _own_seconds() - begun

    def parts_of(self, work: Callable[[], object]) -> float:
        """Processor seconds of the labs' parts during some work."""
        begun = self._parts_seconds()
        work()
        return self._parts_seconds() - begun

    def with_records(self, folder: Path) -> tuple[float, float]:
        """Processor seconds of the judge in a round that writes all that `kassalab run --report` writes.

        First those of the run with its transcript, then those of the reports at its end.
        """
        folder.mkdir(exist_ok=True)
        forget_decoded()
        begun = _own_seconds()
        recorder = Recorder()
        with open_transcript(folder / "transcript.jsonl") as file:
            self._run((recorder, TranscriptReport(file)))
        ran = _own_seconds()
        write_html(recorder.record, self._book, folder / "report.html")
        write_json(recorder.record, self._book, folder / "report.json")
        write_junit(recorder.record, folder / "junit.xml")
        return ran - begun, _own_seconds() - ran

    def _parts_seconds(self) -> float:
        parts = [
            session.lab.pid(part)
            for session in self._sessions
            if session.lab is not None
            for part in session.target.controls
        ]
        return sum(processor_seconds(pid) for pid in parts)

    def _run(self, consumers: Sequence[Consumer]) -> None:
        settings = RunSettings(SEED, False, versions(), {}, embedded=True)
        ended = Runner(self._book, EventStream(consumers, self._now), settings).run(
            self._sessions, self._cases
        )
        _demand_whole(ended)


def _demand_whole(ended: RunEnded) -> None:
    if ended.stopped:
        raise BenchError(f"the run was not finished: {ended.stopped}")


def _outcome(record: CaseRecord) -> Outcome:
    assert record.verdict is not None
    return record.verdict.outcome


def processor_seconds(pid: int) -> float:
    """Processor seconds of a process that still runs, as Linux counts them; BenchError where it does not."""
    try:
        words = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError as error:
        raise BenchError(f"the processor time of process {pid} cannot be read: {error.strerror}") from None
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def _processor_seconds() -> float:
    """Of this process and all that it has started and seen end."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
