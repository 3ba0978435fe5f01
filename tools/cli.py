"""The `kassalab` command. Commands stand in tools/commands, one file a group; the two tables here name them.

Exit status: 0 done; 1 the part refused; 2 wrong usage, or no such lab; 3 the lab does not answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from rich.text import Text

from conformance.control_client import RefusedError, UnreachableError
from conformance.lab import LabError
from conformance.mutants import CatchersError
from tools.bench.children import BenchError
from tools.commands import (
    audit,
    bench,
    certificate,
    clock,
    coverage,
    crashpoints,
    decode,
    demo,
    fault,
    lab,
    mutants,
    proxy,
    receipt,
    replay,
    report,
    state,
    tlv,
)
from tools.commands import run as judging
from tools.console import err, out
from tools.demo import DemoError
from tools.input import InputError

COMMANDS: dict[str, Callable[..., Any]] = {
    "up": lab.up,
    "demo": demo.demo,
    "run": judging.run,
    "list": judging.list_cases,
    "coverage": coverage.coverage,
    "report": report.report,
    "audit": audit.audit,
    "mutants": mutants.mutants,
    "crashpoints": crashpoints.crashpoints,
    "bench": bench.bench,
    "proxy": proxy.proxy,
    "replay": replay.replay,
    "regrade": replay.regrade,
    "state": state.state,
    "journal": state.journal,
    "snapshot": state.snapshot,
    "restore": state.restore,
    "reset": state.reset,
}
"""Single commands by name."""

GROUPS: dict[str, typer.Typer] = {
    "certificate": certificate.app,
    "clock": clock.app,
    "fault": fault.app,
    "receipt": receipt.app,
    "tlv": tlv.app,
    "decode": decode.app,
}
"""Groups of commands by name."""

FAILURES: tuple[tuple[type[Exception], int], ...] = (
    (RefusedError, 1),
    (LabError, 2),
    (CatchersError, 3),
    (InputError, 2),
    (UnreachableError, 3),
    (DemoError, 3),
    (BenchError, 3),
)
"""Expected failures, shown as one text without a traceback, and their exit status."""

app = typer.Typer(
    name="kassalab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A laboratory for fiscal cash-register systems. Nothing made here is a legal receipt.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            number = version("kassalab")
        except PackageNotFoundError:
            number = "unknown (not installed)"
        out().print(f"kassalab {number}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command as a whole."""


for _name, _function in COMMANDS.items():
    app.command(_name)(_function)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; gives its exit status."""
    try:
        app(args=list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except tuple(kind for kind, _ in FAILURES) as failure:
        err().print(Text(str(failure)), soft_wrap=True)
        return next(status for kind, status in FAILURES if isinstance(failure, kind))
    return 0


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))
