"""`kassalab crashpoints`: cut a day of work at every APDU and every durable write, and compare all books.

Exit status: 0 nothing was lost or doubled by any cut; 1 something was; 2 wrong usage.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

import ofd_mock.defects
import reference.drive.defects
import simulator.defects
from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from tools.console import err, out
from tools.crashpoints.day import RECEIPTS, Day
from tools.crashpoints.enumeration import Case, Recording, Result, record
from tools.crashpoints.proof import Unproven
from tools.crashpoints.shop import Flaws
from tools.crashpoints.workers import hush, try_all
from tools.input import InputError, check_output

SHOWN: int = 20
"""Findings printed; `--json` has them all."""
DEFECTS: dict[str, frozenset[str]] = {
    "module": frozenset(simulator.defects.DEFECTS),
    "drive": frozenset(reference.drive.defects.DEFECTS),
    "operator": frozenset(ofd_mock.defects.DEFECTS),
}
"""Mistakes that parts can make, by part."""


def crashpoints(
    seed: Annotated[int, typer.Option("--seed", help="Seed of the day's orders.")] = 1,
    only: Annotated[
        list[int] | None, typer.Option("--only", help="Try this cut alone, by its number. Repeatable.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes.")] = 2,
    receipts: Annotated[int, typer.Option("--receipts", min=8, help="Sales of the day.")] = RECEIPTS,
    distinct: Annotated[
        bool, typer.Option("--distinct", help="Leave out cuts that leave the same disks and memories.")
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="Try so many cuts, chosen by the seed; 0: all.")
    ] = 0,
    brown_outs: Annotated[
        bool, typer.Option("--brown-outs", help="Cut each recovery up to three times in its turn.")
    ] = False,
    defect: Annotated[
        list[str] | None,
        typer.Option(
            "--defect", metavar="PART:NAME", help="A deliberate mistake of module, drive, operator."
        ),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here, too.")] = None,
) -> None:
    """Cut a day's work at every APDU and every durable write, restart, and compare all books."""
    check_output(json_file)
    flaws = flaws_of(defect or ())
    hush()
    begun = real_elapsed()
    try:
        recording = record(Day(seed, receipts), flaws)
    except Unproven as error:
        out().print(Text(f"the day goes wrong without any cut: {error}"), soft_wrap=True)
        raise typer.Exit(1) from None
    cases = _chosen(recording, only or [], sample, distinct=distinct)
    shown = err()

    def progress(done: int, count: int) -> None:
        if shown.is_terminal:
            shown.print(Text(f"{done} of {count} cuts"), end="\r")

    result = try_all(recording, cases, jobs, brown_outs=brown_outs, progress=progress)
    seconds = real_elapsed() - begun
    _print(recording, result, seconds, seed)
    if only and not result.findings:
        for case in cases:
            out().print(Text(f"{case.number} at {recording.day.steps[case.step].name}: {case.target}: sound"))
    if json_file is not None:
        values = _as_json(recording, result, seconds, seed, jobs)
        json_file.write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if result.findings:
        raise typer.Exit(1)


def flaws_of(names: list[str] | tuple[str, ...]) -> Flaws:
    """Mistakes by `part:name`; InputError for what is none."""
    chosen: dict[str, list[str]] = {part: [] for part in DEFECTS}
    for name in names:
        part, _, defect = name.partition(":")
        if part not in DEFECTS or defect not in DEFECTS[part]:
            raise InputError(f"{name!r} is no mistake of module, drive or operator, written part:name")
        chosen[part].append(defect)
    return Flaws(**{part: tuple(found) for part, found in chosen.items()})


def _chosen(recording: Recording, only: list[int], sample: int, *, distinct: bool) -> list[Case]:
    if only:
        try:
            return [recording.case(number) for number in only]
        except IndexError as error:
            raise InputError(f"--only {error}: cuts have numbers 1 to {len(recording.cases)}") from error
    cases = recording.singles if distinct else recording.cases
    if not sample:
        return cases
    chance = generator(recording.day.seed, "crash point sample")
    numbers = sorted(chance.sample(range(len(cases)), min(sample, len(cases))))
    return [cases[number] for number in numbers]


def _print(recording: Recording, result: Result, seconds: float, seed: int) -> None:
    for finding in result.findings[:SHOWN]:
        text = f"{finding.number} at {finding.step}: {finding.target}: {finding.text}"
        out().print(Text(text), soft_wrap=True)
    if len(result.findings) > SHOWN:
        out().print(Text(f"… and {len(result.findings) - SHOWN} more"))
    total, single = len(recording.cases), len(recording.singles)
    brown = f", {result.brown_outs} brown-outs" if result.brown_outs else ""
    text = (
        f"seed {seed}: {len(result.tried)} of {total} cuts tried ({single} leave different states){brown}, "
        f"{len(result.findings)} findings, {seconds:.1f} s"
    )
    out().print(Text(text), soft_wrap=True)


def _as_json(recording: Recording, result: Result, seconds: float, seed: int, jobs: int) -> dict[str, Any]:
    victims = Counter(recording.case(number).target.victim.value for number in result.tried)
    moments = Counter(
        f"{case.target.moment.kind} {case.target.moment.part}"
        for case in (recording.case(number) for number in result.tried)
    )
    return {
        "seed": seed,
        "receipts": len(recording.day.orders),
        "steps": [step.name for step in recording.day.steps],
        "cuts": len(recording.cases),
        "different": len(recording.singles),
        "tried": len(result.tried),
        "by_victim": dict(sorted(victims.items())),
        "by_moment": dict(sorted(moments.items())),
        "brown_outs": result.brown_outs,
        "findings": [
            {
                "number": finding.number,
                "step": finding.step,
                "cut": finding.target,
                "text": finding.text,
                "replay": f"kassalab crashpoints --seed {seed} --only {finding.number}",
            }
            for finding in result.findings
        ],
        "jobs": jobs,
        "seconds": round(seconds, 1),
    }
