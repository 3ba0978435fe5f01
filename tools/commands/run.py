"""`kassalab run` and `kassalab list`: judge targets by the suites, and show what is in the suites.

Exit status of a run: 0 conformant; 1 a case failed; 2 wrong usage; 3 the judge, the lab or a target broke.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from conformance.capability_file import CapabilityFileError, read_claims
from conformance.cases import TARGET_KINDS, Case, CaseError, Registry, load_suites
from conformance.events import Consumer, Recorder
from conformance.judging import RunRequest, judge, plan
from conformance.lab import LabError
from conformance.outcomes import ExitCode
from conformance.prompts import Nobody, Prompter
from conformance.prompts.console import ConsolePrompter
from conformance.prompts.page import PagePrompter
from conformance.reports.console import ConsoleReport
from conformance.reports.html import write_html
from conformance.reports.json_report import write_json
from conformance.reports.junit import write_junit
from conformance.reports.pcapng import write_pcapng
from conformance.reports.transcript import TranscriptReport, open_transcript
from conformance.reports.words import LanguageError, translator
from conformance.selection import SelectionError
from conformance.session import EXCHANGE_SECONDS
from conformance.targets import PARTS, Target, TargetError, parse_target
from reference.runtime.chance import fresh_seed
from tools.commands.run_options import (
    SELECT_HELP,
    AllowDestructive,
    AskedWhere,
    Capabilities,
    Defects,
    DryRun,
    Exclude,
    ExportFolder,
    JsonFile,
    JUnitFile,
    Language,
    PcapngFile,
    Prompts,
    Receipts,
    ReportFolder,
    Seed,
    Select,
    ShowList,
    Silence,
    Strict,
    Targets,
    Verbose,
)
from tools.console import err, out
from tools.input import check_output, check_outputs_are_possible


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a run leaves behind, and the language of its page."""

    report: Path | None = None
    junit: Path | None = None
    json_file: Path | None = None
    language: str = "en"
    pcapng: Path | None = None


def run(
    select: Select = None,
    target: Targets = None,
    exclude: Exclude = None,
    report: ReportFolder = None,
    junit: JUnitFile = None,
    json_file: JsonFile = None,
    pcapng: PcapngFile = None,
    seed: Seed = None,
    strict: Strict = False,
    defect: Defects = None,
    seconds: Silence = EXCHANGE_SECONDS,
    capabilities: Capabilities = None,
    export: ExportFolder = None,
    allow_destructive: AllowDestructive = False,
    receipts: Receipts = None,
    prompts: AskedWhere = Prompts.NONE,
    language: Language = "en",
    show_list: ShowList = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Judge targets by the conformance suites."""
    registry = suites(select or ())
    with _told_as_usage():
        translator(language)
        targets = tuple(_target(each, allow_destructive) for each in target or ())
        wrong = tuple(_defect(each, bool(target)) for each in defect or ())
        claims = tuple(read_claims(each) for each in capabilities or ())
        chance = fresh_seed() if seed is None else seed
        terms, left_out = tuple(select or ()), tuple(exclude or ())
        request = RunRequest(chance, terms, left_out, targets, strict, wrong, seconds, claims, receipts)
        request = replace(request, export=export)
        cases = plan(request, registry)
    if show_list:
        _print_cases(cases)
    elif dry_run:
        check_outputs_are_possible(junit, json_file, pcapng, report and report / "report.html")
        _print_plan(request, cases)
    else:
        files = Outputs(report, junit, json_file, language, pcapng)
        with _asking(prompts) as prompter:
            status = _judge(replace(request, prompter=prompter), registry, files, verbose, Recorder())
        raise typer.Exit(status)


@contextmanager
def _told_as_usage() -> Iterator[None]:
    """What is wrong with the options ends the command with status 2."""
    try:
        yield
    except (TargetError, SelectionError, CapabilityFileError, LanguageError) as error:
        raise ended(str(error), ExitCode.USAGE) from None


def list_cases(
    select: Annotated[list[str] | None, typer.Argument(metavar="[SELECT]...", help=SELECT_HELP)] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="What to leave out, as SELECT.")
    ] = None,
) -> None:
    """List the cases of the conformance suites."""
    try:
        _print_cases(plan(RunRequest(0, tuple(select or ()), tuple(exclude or ())), suites(select or ())))
    except SelectionError as error:
        raise ended(str(error), ExitCode.USAGE) from None


def judged(seed: int, report: Path) -> tuple[int, dict[str, Counter[str]]]:
    """Judge this repository's own parts into the folder `report`.

    Returns the exit status, and for every target how often each outcome was given.
    """
    registry = suites()
    recorder = Recorder()
    status = _judge(RunRequest(seed), registry, Outputs(report), False, recorder)
    summary: dict[str, Counter[str]] = {}
    for each in recorder.record.cases:
        if each.verdict is not None:
            summary.setdefault(each.target, Counter())[each.verdict.outcome.value] += 1
    return status, summary


def suites(terms: Sequence[str] = ()) -> Registry:
    """The cases that selection terms need; an exit of status 3 when a suite is broken."""
    try:
        return load_suites(terms)
    except CaseError as error:
        raise ended(f"the suites are broken: {error}", ExitCode.TOOL_OR_ENVIRONMENT) from error


def _judge(
    request: RunRequest, registry: Registry, outputs: Outputs, verbose: bool, recorder: Recorder
) -> int:
    report = outputs.report
    check_output(outputs.junit, outputs.json_file, outputs.pcapng, report and report / "report.html")
    with ExitStack() as files:
        consumers: list[Consumer] = [recorder, ConsoleReport(out(), registry.book, verbose=verbose)]
        if report is not None:
            transcript = files.enter_context(open_transcript(report / "transcript.jsonl"))
            consumers.append(TranscriptReport(transcript))
        try:
            run_ended = judge(request, registry, consumers)
        except LabError as error:
            raise ended(f"the embedded lab does not start: {error}", ExitCode.TOOL_OR_ENVIRONMENT) from None
        except CapabilityFileError as error:
            raise ended(str(error), ExitCode.USAGE) from None
    _write(recorder, registry, outputs)
    return run_ended.exit_code


def _write(recorder: Recorder, registry: Registry, outputs: Outputs) -> None:
    record, book, report = recorder.record, registry.book, outputs.report
    if report is not None:
        write_html(record, book, report / "report.html", outputs.language)
        out().print(Text(f"report {report / 'report.html'}"), soft_wrap=True)
    for path in (outputs.json_file, report and report / "report.json"):
        if path is not None:
            write_json(record, book, path)
    if outputs.pcapng is not None:
        write_pcapng((each for case in record.cases for each in case.exchanges), outputs.pcapng)
    for path in (outputs.junit, report and report / "junit.xml"):
        if path is not None:
            write_junit(record, path)


def _target(text: str, allow_destructive: bool) -> Target:
    target = parse_target(text)
    return replace(target, destructive=True) if allow_destructive else target


@contextmanager
def _asking(prompts: Prompts) -> Iterator[Prompter]:
    """Who is asked for what no program can do, for as long as the run takes."""
    prompter: Prompter = Nobody()
    if prompts is Prompts.CONSOLE:
        prompter = ConsolePrompter()
    elif prompts is Prompts.PAGE:
        page = PagePrompter()
        err().print(Text(f"the judge asks at {page.url}"), soft_wrap=True)
        prompter = page
    try:
        yield prompter
    finally:
        prompter.close()


def _defect(text: str, with_targets: bool) -> tuple[str, str]:
    part, separator, name = text.partition(":")
    parts = list(dict.fromkeys(PARTS.get(kind, kind) for kind in TARGET_KINDS))
    if not separator or part not in parts or not name:
        raise TargetError(f"{text!r} is not PART:NAME with PART one of {', '.join(parts)}")
    if with_targets:
        raise TargetError("--defect is for the embedded lab; start your own target with its defect")
    return part, name


def _print_cases(cases: Sequence[Case]) -> None:
    width = max(len(case.id) for case in cases)
    for case in cases:
        needs = f" (needs {', '.join(sorted(case.needs))})" if case.needs else ""
        out().print(Text(f"{case.id:<{width}}  {case.description}{needs}"), soft_wrap=True)


def _print_plan(request: RunRequest, cases: Sequence[Case]) -> None:
    for name, value in request.options.items():
        out().print(Text(f"{name}: {value}"), soft_wrap=True)
    out().print(Text(f"seed: {request.seed}\n{len(cases)} cases:"))
    for case in cases:
        out().print(Text(f"  {case.id}"), soft_wrap=True)


def ended(text: str, code: ExitCode) -> typer.Exit:
    """Say why the command ends; gives the exit to raise."""
    err().print(Text(text), soft_wrap=True)
    return typer.Exit(int(code))
