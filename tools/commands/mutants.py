"""`kassalab mutants`: do the suites find every deliberate mistake, and does the sound part pass each time?

Exit status: 0 all caught and the sound parts pass; 1 something is not; 2 wrong usage; 3 a lab broke.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from conformance.cases import Registry, load_suites
from conformance.events import Event, Verdict
from conformance.judging import RunRequest, judge
from conformance.mutants import Catchers, CatchersError, Caught, Hunt, hunts, load_catchers
from conformance.outcomes import Outcome
from reference.runtime.chance import fresh_seed
from tools.console import out, print_table
from tools.input import InputError, check_output

KNOWN: Final[Mapping[str, str]] = {
    "module": "simulator",
    "drive": "reference.drive",
    "drive-rpc": "reference.drive",
    "drive-qpos": "reference.drive",
    "drive-communicator": "reference.drive",
    "operator": "ofd_mock",
    "operator-kz": "ofd_mock.kz",
    "register": "reference.kkm",
    "portal": "ofd_mock.portal",
    "pos": "reference.pos",
    "pos-rpc": "reference.pos",
    "pos-qpos": "reference.pos",
    "backoffice": "reference.backoffice",
}
"""Packages of the parts that can be started with mistakes, by kind of target."""
_DIALECTS: Final = ("reference.drive", "reference.pos")
"""Packages that have mistakes of their own for each dialect."""


def known_mistakes(target: str) -> list[str]:
    """Names of the mistakes that the part of a kind of target can be started with."""
    package = KNOWN[target]
    defects = import_module(f"{package}.defects")
    return sorted(defects.defects_of(target) if package in _DIALECTS else defects.DEFECTS)


SOUND = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})
"""All that a part without any mistake may get."""


@dataclass(frozen=True, slots=True)
class Flicker:
    """A case that a sound part did not pass in the clean run of this seed."""

    seed: int
    target: str
    case: str
    outcome: str
    message: str = ""


class FlickerWatch:
    """Consumer that tells each flicker as soon as it is seen, and keeps it: a clean run takes minutes."""

    def __init__(self, seed: int) -> None:
        self.flickers: list[Flicker] = []
        self._seed = seed

    def take(self, event: Event) -> None:
        """Tell a verdict that a sound part must not get."""
        if isinstance(event, Verdict) and event.outcome not in SOUND:
            found = Flicker(self._seed, event.target, event.case_id, event.outcome.value, event.message)
            self.flickers.append(found)
            text = f"seed {found.seed}: {found.case} is {found.outcome}: {found.message}"
            out().print(Text("\n".join(filter(None, (text, event.trace)))), soft_wrap=True)
            out().file.flush()


def mutants(
    only: Annotated[
        list[str] | None, typer.Argument(metavar="[PART[:NAME]]...", help="Which mistakes; all without.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the table here, too.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of all chance; a fresh one without.")
    ] = None,
    clean: Annotated[
        int, typer.Option("--clean", min=0, help="Then run all suites so often against the sound parts.")
    ] = 0,
) -> None:
    """Run the suites against every deliberate mistake and say which case caught it."""
    check_output(json_file)
    chosen = _chosen(only or ())
    registry = load_suites()
    first = fresh_seed() if seed is None else seed
    found = [each for rows in _hunted(chosen, registry, first) for each in rows]
    print_table(
        ("mistake", "caught by", "seconds"),
        [(f"{each.part}:{each.name}", _by(each), f"{each.seconds:.1f}") for each in found],
    )
    flickers = [flicker for number in range(clean) for flicker in _clean_run(registry, first + number)]
    lost = [f"{each.part}:{each.name}" for each in found if not each.caught]
    out().print(Text(_summary(found, lost, clean, flickers)), soft_wrap=True)
    if json_file is not None:
        table = _as_json(found, first, clean, flickers)
        json_file.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if lost or flickers:
        raise typer.Exit(1)


def _chosen(only: Sequence[str]) -> list[tuple[Catchers, list[str]]]:
    """Tables with the names to hunt; InputError for what does not exist, or a mistake without a case."""
    tables = {table.group: table for table in load_catchers()}
    wanted: dict[str, set[str]] = {}
    for term in only or tables:
        part, separator, name = term.partition(":")
        if part not in tables or (separator and name not in tables[part].mutants):
            raise InputError(f"{term!r} is no mistake of a part; parts are {', '.join(tables)}")
        wanted.setdefault(part, set()).update([name] if separator else tables[part].mutants)
    for part in wanted:
        nameless = set(known_mistakes(part)) ^ set(tables[part].mutants)
        if nameless:
            raise CatchersError(
                f"{part}: mistakes and cases about them differ: {', '.join(sorted(nameless))}"
            )
    return [(tables[part], sorted(names)) for part, names in wanted.items()]


def _hunted(
    chosen: Sequence[tuple[Catchers, list[str]]], registry: Registry, seed: int
) -> Iterator[list[Caught]]:
    with (
        hunts([table for table, _ in chosen], registry, seed) as ready,
        ThreadPoolExecutor(max_workers=max(1, len(ready))) as pool,
    ):
        work = [pool.submit(_all_of, hunt, names) for hunt, (_, names) in zip(ready, chosen, strict=True)]
        for each in work:
            yield each.result()


def _all_of(hunt: Hunt, names: Sequence[str]) -> list[Caught]:
    return [hunt.find(name) for name in names]


def _clean_run(registry: Registry, seed: int) -> list[Flicker]:
    watch = FlickerWatch(seed)
    ended = judge(RunRequest(seed), registry, [watch])
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(ended.summary.items()) if count)
    out().print(Text(f"clean run with seed {seed}: {counts or 'nothing was judged'}"), soft_wrap=True)
    out().file.flush()
    if ended.stopped:
        out().print(Text(ended.stopped), soft_wrap=True)
        watch.flickers.append(Flicker(seed, "run", "run", "stopped", ended.stopped))
    return watch.flickers


def _by(caught: Caught) -> str:
    if not caught.by:
        return "NOT CAUGHT"
    more = f" and {len(caught.by) - 1} more" if len(caught.by) > 1 else ""
    return f"{caught.by[0]}{more}"


def _summary(found: Sequence[Caught], lost: Sequence[str], clean: int, flickers: Sequence[Flicker]) -> str:
    text = f"{len(found) - len(lost)} of {len(found)} mistakes caught"
    if lost:
        text += f"; not caught: {', '.join(lost)}"
    if clean:
        text += f"; {clean} clean runs with {len(flickers)} flickers"
    return text


def _as_json(found: Sequence[Caught], seed: int, clean: int, flickers: Sequence[Flicker]) -> dict[str, Any]:
    return {
        "seed": seed,
        "mutants": [
            {
                "name": f"{each.part}:{each.name}",
                "caught": each.caught,
                "by": list(each.by),
                "missed": list(each.missed),
                "seconds": round(each.seconds, 3),
            }
            for each in found
        ],
        "clean": {
            "runs": clean,
            "flickers": [
                {
                    "seed": each.seed,
                    "target": each.target,
                    "case": each.case,
                    "outcome": each.outcome,
                    "message": each.message,
                }
                for each in flickers
            ],
        },
    }
