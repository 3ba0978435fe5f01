"""`kassalab run` and `kassalab coverage`: judge targets, and show which requirement is named by which case.

Exit status of a run: 0 conformant; 1 a case failed; 2 wrong usage; 3 the judge, the lab or a target broke.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from conformance.cases import TARGET_KINDS, Case, CaseError, Registry, load_suites
from conformance.coverage import coverage_json, named_in_tests
from conformance.events import Consumer, Recorder
from conformance.judging import RunRequest, judge, plan
from conformance.lab import LabError
from conformance.outcomes import ExitCode
from conformance.reports.console import ConsoleReport
from conformance.reports.html import write_html
from conformance.reports.json_report import write_json
from conformance.reports.junit import write_junit
from conformance.reports.transcript import TranscriptReport
from conformance.selection import SelectionError
from conformance.session import EXCHANGE_SECONDS
from conformance.targets import PARTS, TargetError, parse_target
from reference.runtime.chance import fresh_seed
from tools.console import err, out, print_json, print_table
from tools.input import check_output, check_outputs_are_possible

TARGET_HELP = (
    "What to judge: module:tcp://H:P, drive:http://H:P, operator:tcp://H:P, operator-kz:tcp://H:P or "
    "register-kz:http://H:P, with ?control=URL and other options (docs/judging.md). "
    "Without one, embedded labs."
)
SELECT_HELP = "Case ids, prefixes or globs, or tag:… req:… clause:… target:… level:…; all without."


def run(
    select: Annotated[list[str] | None, typer.Argument(metavar="[SELECT]...", help=SELECT_HELP)] = None,
    target: Annotated[list[str] | None, typer.Option("--target", "-t", help=TARGET_HELP)] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="What to leave out, as SELECT.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Folder for report.html, report.json, junit.xml and transcript.jsonl."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="File for the JUnit XML.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for the JSON report.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of all chance; a fresh one without.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="What should hold must hold; inconclusive cases fail the run.")
    ] = False,
    defect: Annotated[
        list[str] | None,
        typer.Option(
            "--defect", metavar="PART:NAME", help="Start an embedded part with a deliberate defect."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Real seconds a target may keep silent.")
    ] = EXCHANGE_SECONDS,
    show_list: Annotated[bool, typer.Option("--list", help="List the selected cases and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and stop.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show cases that do not apply too.")
    ] = False,
) -> None:
    """Judge targets by the conformance suites."""
    registry = _suites(select or ())
    try:
        request = RunRequest(
            fresh_seed() if seed is None else seed,
            tuple(select or ()),
            tuple(exclude or ()),
            tuple(parse_target(each) for each in target or ()),
            strict,
            tuple(_defect(each, bool(target)) for each in defect or ()),
            seconds,
        )
        cases = plan(request, registry)
    except (TargetError, SelectionError) as error:
        raise _ended(str(error), ExitCode.USAGE) from None
    if show_list:
        _print_cases(cases)
    elif dry_run:
        check_outputs_are_possible(junit, json_file, report and report / "report.html")
        _print_plan(request, cases)
    else:
        raise typer.Exit(_judge(request, registry, report, junit, json_file, verbose, Recorder()))


def judged(seed: int, report: Path) -> tuple[int, dict[str, Counter[str]]]:
    """Judge this repository's own parts into the folder `report`.

    Returns the exit status, and for every target how often each outcome was given.
    """
    registry = _suites()
    recorder = Recorder()
    status = _judge(RunRequest(seed), registry, report, None, None, False, recorder)
    summary: dict[str, Counter[str]] = {}
    for each in recorder.record.cases:
        if each.verdict is not None:
            summary.setdefault(each.target, Counter())[each.verdict.outcome.value] += 1
    return status, summary


def _suites(terms: Sequence[str] = ()) -> Registry:
    try:
        return load_suites(terms)
    except CaseError as error:
        raise _ended(f"the suites are broken: {error}", ExitCode.TOOL_OR_ENVIRONMENT) from error


def _judge(
    request: RunRequest,
    registry: Registry,
    report: Path | None,
    junit: Path | None,
    json_file: Path | None,
    verbose: bool,
    recorder: Recorder,
) -> int:
    check_output(junit, json_file, report and report / "report.html")
    with ExitStack() as files:
        consumers: list[Consumer] = [recorder, ConsoleReport(out(), registry.book, verbose=verbose)]
        if report is not None:
            transcript = files.enter_context((report / "transcript.jsonl").open("w", encoding="utf-8"))
            consumers.append(TranscriptReport(transcript))
        try:
            ended = judge(request, registry, consumers)
        except LabError as error:
            raise _ended(f"the embedded lab does not start: {error}", ExitCode.TOOL_OR_ENVIRONMENT) from None
    _write(recorder, registry, report, junit, json_file)
    return ended.exit_code


def _write(
    recorder: Recorder, registry: Registry, report: Path | None, junit: Path | None, json_file: Path | None
) -> None:
    record, book = recorder.record, registry.book
    if report is not None:
        write_html(record, book, report / "report.html")
        out().print(Text(f"report {report / 'report.html'}"), soft_wrap=True)
    for path in (json_file, report and report / "report.json"):
        if path is not None:
            write_json(record, book, path)
    for path in (junit, report and report / "junit.xml"):
        if path is not None:
            write_junit(record, path)


def coverage(
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the table to this file as JSON.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="A JSON report of a run, for the last verdicts.", exists=True),
    ] = None,
    tests: Annotated[
        Path | None,
        typer.Option(
            "--tests", help="Folder of tests whose mentions count too.", exists=True, file_okay=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--print-json", help="Print the table as JSON.")] = False,
) -> None:
    """Show which cases name each requirement, and which requirements no case names."""
    registry = _suites()
    last = None if report is None else _read_report(report)
    mentions = None if tests is None else named_in_tests(tests, registry.book)
    table = coverage_json(registry.book, registry, last, mentions)
    check_output(json_file)
    if json_file is not None:
        json_file.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(table)
    elif json_file is None:
        rows = [_row(row) for row in table["requirements"]]
        print_table(("requirement", "cases", "last verdicts, or why none"), rows)


def _read_report(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _ended(f"{path} is no JSON report: {error}", ExitCode.USAGE) from None
    if not isinstance(report, dict) or not isinstance(report.get("cases"), list):
        raise _ended(f"{path} is no JSON report of a run", ExitCode.USAGE)
    return report


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in row.get("outcomes", {}).items())
    return row["id"], str(len(row["cases"])), row.get("reason") or outcomes


def _defect(text: str, with_targets: bool) -> tuple[str, str]:
    part, separator, name = text.partition(":")
    parts = [PARTS.get(kind, kind) for kind in TARGET_KINDS]
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


def _ended(text: str, code: ExitCode) -> typer.Exit:
    err().print(Text(text), soft_wrap=True)
    return typer.Exit(int(code))
