"""`kassalab replay` and `kassalab regrade`: a transcript sent to a second device, or judged by today's rules.

Exit status of a replay: 0 nothing differs but what does by nature; 1 something differs; 2 nothing to replay;
3 nobody answers. Of regrading: as `kassalab run`, by the verdicts of today.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from conformance.bench import given
from conformance.cases import CaseError, load_suites
from conformance.events import Consumer, Recorder, RunStarted
from conformance.outcomes import ExitCode
from conformance.replay.regrade import Regraded, Regrading
from conformance.replay.regrade import regrade as judge_anew
from conformance.replay.resend import Differing, Replayed, ReplayedCase, ReplayError, kinds_of, second_lab
from conformance.replay.resend import replay as send_again
from conformance.replay.transcripts import TranscriptError
from conformance.replay.unsent import UNSENT
from conformance.reports.html import write_html
from conformance.reports.json_report import write_json
from conformance.reports.junit import write_junit
from conformance.reports.transcript import TranscriptReport, open_transcript
from conformance.session import EXCHANGE_SECONDS, Session
from conformance.targets import PARTS, Target, TargetError, parse_target
from conformance.verdicts import TargetUnreachable
from tools.console import err, out, print_table
from tools.input import InputError, check_output

SHOWN = 8
"""Fields of an answer that are shown; the rest are counted."""

TRANSCRIPT_HELP = "transcript.jsonl of a run (--report), or the --record of a proxy."


def replay(
    transcript: Annotated[Path, typer.Argument(metavar="FILE", help=TRANSCRIPT_HELP)],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="The second device, as for run; else an embedded lab."),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Case ids, prefixes or globs; all without.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for every difference.")] = None,
    defect: Annotated[
        list[str] | None,
        typer.Option(
            "--defect", metavar="PART:NAME", help="Start an embedded part with a deliberate defect."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Real seconds a device may keep silent.")
    ] = EXCHANGE_SECONDS,
) -> None:
    """Send the bytes of a transcript to a second device and show where its answers differ."""
    check_output(json_file)
    replayed = []
    try:
        kinds, started = kinds_of(transcript)
        device = None if target is None else parse_target(target)
        for name, kind in _chosen(kinds, device):
            with _session(kind, device, started, _defects(defect or (), device), seconds) as session:
                session.open()
                try:
                    replayed.append(send_again(transcript, name, session, case or (), _say))
                finally:
                    session.close()
    except (TranscriptError, ReplayError, TargetError) as error:
        raise InputError(str(error)) from None
    except TargetUnreachable as error:
        err().print(Text(str(error)), soft_wrap=True)
        raise typer.Exit(ExitCode.TOOL_OR_ENVIRONMENT) from None
    if not any(each.cases for each in replayed):
        raise InputError(f"{transcript}: no case is left to replay")
    _sum_up(replayed)
    if json_file is not None:
        told = {
            "transcript": str(transcript),
            "cases": [_case_json(c) for each in replayed for c in each.cases],
        }
        json_file.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(
        ExitCode.CONFORMANCE_FAILURE if any(each.different for each in replayed) else ExitCode.OK
    )


def regrade(
    transcript: Annotated[Path, typer.Argument(metavar="FILE", help="transcript.jsonl of a run (--report).")],
    strict: Annotated[
        bool, typer.Option("--strict", help="What should hold must hold; inconclusive cases fail the run.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Folder for report.html, report.json, junit.xml and transcript.jsonl."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="File for the verdicts, old and new.")
    ] = None,
) -> None:
    """Judge an old transcript by the cases and clauses of today, without the device."""
    check_output(json_file, report and report / "report.html")
    if report is not None and (report / "transcript.jsonl").resolve() == transcript.resolve():
        raise InputError(f"{report} holds the transcript itself; choose another folder for the new report")
    try:
        registry = load_suites()
    except CaseError as error:
        err().print(Text(f"the suites are broken: {error}"), soft_wrap=True)
        raise typer.Exit(ExitCode.TOOL_OR_ENVIRONMENT) from None
    recorder = Recorder()
    consumers: list[Consumer] = [recorder]
    with ExitStack() as files:
        if report is not None:
            written = files.enter_context(open_transcript(report / "transcript.jsonl"))
            consumers.append(TranscriptReport(written))
        try:
            regrading = judge_anew(transcript, registry, strict=strict, consumers=consumers)
        except TranscriptError as error:
            raise InputError(str(error)) from None
    if report is not None:
        write_html(recorder.record, registry.book, report / "report.html")
        write_json(recorder.record, registry.book, report / "report.json")
        write_junit(recorder.record, report / "junit.xml")
        out().print(Text(f"report {report / 'report.html'}"), soft_wrap=True)
    if json_file is not None:
        json_file.write_text(
            json.dumps(_regrading_json(regrading), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    _tell(regrading)
    if not regrading.rows:
        raise InputError(f"{transcript}: no case is left to judge")
    assert regrading.ended is not None, "a transcript that was read has an end"
    raise typer.Exit(regrading.ended.exit_code)


# replay


def _chosen(kinds: dict[str, str], device: Target | None) -> list[tuple[str, str]]:
    chosen = [(name, kind) for name, kind in kinds.items() if device is None or kind == device.kind]
    playable = [(name, kind) for name, kind in chosen if kind not in UNSENT]
    if playable:
        return playable
    if chosen or all(kind in UNSENT for kind in kinds.values()):
        kind = (chosen or list(kinds.items()))[0][1]
        raise ReplayError(f"a {kind} cannot be replayed: {UNSENT[kind]}; judge it with kassalab run")
    told = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
    raise ReplayError(f"the transcript has {told}, and nothing for a {'' if device is None else device.kind}")


@contextmanager
def _session(
    kind: str,
    device: Target | None,
    started: RunStarted | None,
    defects: Sequence[tuple[str, str]],
    seconds: float,
) -> Iterator[Session]:
    if device is not None:
        yield given([device], seconds)[0]
        return
    with second_lab(kind, started, defects) as session:
        session.seconds = seconds
        yield session


def _defects(texts: Sequence[str], device: Target | None) -> list[tuple[str, str]]:
    if texts and device is not None:
        raise TargetError("--defect is for the embedded lab; start your own target with its defect")
    pairs = []
    for text in texts:
        part, separator, name = text.partition(":")
        if not separator or not name:
            raise TargetError(f"{text!r} is not PART:NAME")
        pairs.append((PARTS.get(part, part), name))
    return pairs


def _say(case: ReplayedCase) -> None:
    if not case.different:
        return
    out().print(Text(f"{case.case_id}: {case.different} of {case.compared} answers differ"), soft_wrap=True)
    first = next((each for each in case.differing if not each.by_nature), None)
    if first is None:
        return
    out().print(Text(f"  answer {first.number}, to {first.asked}"), soft_wrap=True)
    fields = [each for each in first.fields if not each.nature]
    for each in fields[:SHOWN]:
        out().print(Text(f"    {each.path}: {_short(each.was)} → {_short(each.now)}"), soft_wrap=True)
    if len(fields) > SHOWN:
        out().print(Text(f"    and {len(fields) - SHOWN} fields more"), soft_wrap=True)


def _sum_up(replayed: Sequence[Replayed]) -> None:
    cases = [case for each in replayed for case in each.cases]
    skipped: Counter[str] = Counter()
    natures: Counter[str] = Counter()
    for case in cases:
        skipped += case.skipped
        natures.update(f.nature for each in case.differing for f in each.fields if f.nature)
    for note in dict.fromkeys(note for each in replayed for note in each.notes):
        out().print(Text(f"note: {note}"), soft_wrap=True)
    for reason, count in skipped.most_common():
        out().print(Text(f"left out {count} ×: {reason}"), soft_wrap=True)
    differ = sum(case.different for case in cases)
    by_nature = sum(case.by_nature for case in cases)
    of_what = f" ({', '.join(sorted(natures))})" if by_nature else ""
    out().print(
        Text(
            f"{len(cases)} cases, {sum(case.compared for case in cases)} answers: "
            f"{sum(case.equal for case in cases)} equal, {by_nature} differ by nature{of_what}, "
            f"{differ} differ in {sum(bool(case.different) for case in cases)} cases"
        ),
        soft_wrap=True,
    )


def _case_json(case: ReplayedCase) -> dict[str, Any]:
    return {
        "target": case.target,
        "id": case.case_id,
        "equal": case.equal,
        "by_nature": case.by_nature,
        "different": case.different,
        "left_out": dict(case.skipped),
        "differing": [_differing_json(each) for each in case.differing],
    }


def _differing_json(each: Differing) -> dict[str, Any]:
    return {"answer": each.number, "asked": each.asked, "fields": [asdict(one) for one in each.fields]}


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"


# regrade


def _tell(regrading: Regrading) -> None:
    if regrading.changes:
        rows = [
            (row.case_id, f"{row.old.value} → {row.new.value}", _because(row)) for row in regrading.changes
        ]
        print_table(("case", "verdict", "because"), rows)
    for note in regrading.notes:
        out().print(Text(f"note: {note}"), soft_wrap=True)
    for what, ids in (("exist no more", regrading.gone), ("never ended", regrading.unfinished)):
        if ids:
            out().print(Text(f"{len(ids)} cases that {what}: {', '.join(sorted(set(ids)))}"), soft_wrap=True)
    same = len(regrading.rows) - len(regrading.changes)
    counts = Counter(row.new.value for row in regrading.rows)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    out().print(
        Text(
            f"{len(regrading.rows)} cases judged anew: {told or 'none'}; {same} as they were, "
            f"{len(regrading.changes)} changed, {regrading.unplayed} beyond what the recording can answer"
        ),
        soft_wrap=True,
    )


def _because(row: Regraded) -> str:
    if row.by_checks is None:
        return row.message
    return f"{row.message}; the checks of then alone: {row.by_checks.value}"


def _regrading_json(regrading: Regrading) -> dict[str, Any]:
    return {
        "cases": [
            {
                "target": row.target,
                "id": row.case_id,
                "old": row.old.value,
                "new": row.new.value,
                "message": row.message,
                "clause": row.clause,
                "by_checks": None if row.by_checks is None else row.by_checks.value,
            }
            for row in regrading.rows
        ],
        "gone": regrading.gone,
        "unfinished": regrading.unfinished,
        "notes": regrading.notes,
    }
