"""`kassalab coverage`: which requirement is named by which case, and what became of it last.

Exit status: 0 every requirement has a case or a stated reason; 1 one has neither; 2 wrong usage.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from conformance.coverage import NO_CASE, coverage_json, named_in_tests
from conformance.outcomes import ExitCode
from tools.commands.run import ended, suites
from tools.console import out, print_json, print_table
from tools.input import check_output


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
    registry = suites()
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
    bare = [row["id"] for row in table["requirements"] if row.get("reason") == NO_CASE]
    if bare:
        out().print(Text(f"neither case nor stated reason: {', '.join(bare)}"), soft_wrap=True)
        raise typer.Exit(int(ExitCode.CONFORMANCE_FAILURE))


def _read_report(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ended(f"{path} is no JSON report: {error}", ExitCode.USAGE) from None
    if not isinstance(report, dict) or not isinstance(report.get("cases"), list):
        raise ended(f"{path} is no JSON report of a run", ExitCode.USAGE)
    return report


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in row.get("outcomes", {}).items())
    return row["id"], str(len(row["cases"])), row.get("reason") or outcomes
