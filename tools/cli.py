"""The `kassalab` command. Commands stand in tools/commands, one file a group; the two tables here name them.

A command line imports what its command needs and no other's. Exit status: 0 done; 1 the part refused; 2 wrong
usage, or no such lab; 3 the lab does not answer.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from tools.console import err, out

COMMANDS: Final[Mapping[str, str]] = {
    "up": "lab:up",
    "demo": "demo:demo",
    "run": "run:run",
    "list": "run:list_cases",
    "coverage": "coverage:coverage",
    "report": "report:report",
    "audit": "audit:audit",
    "mutants": "mutants:mutants",
    "crashpoints": "crashpoints:crashpoints",
    "bench": "bench:bench",
    "proxy": "proxy:proxy",
    "replay": "replay:replay",
    "regrade": "replay:regrade",
    "state": "state:state",
    "journal": "state:journal",
    "snapshot": "state:snapshot",
    "restore": "state:restore",
    "reset": "state:reset",
}
"""Single commands by name: file in tools/commands and function."""

GROUPS: Final[Mapping[str, str]] = {
    name: f"{name}:app" for name in ("certificate", "clock", "fault", "receipt", "tlv", "decode")
}
"""Groups of commands by name: file in tools/commands and application."""

FAILURES: Final[Mapping[str, int]] = {
    "conformance.control_client:RefusedError": 1,
    "conformance.lab_process:LabError": 2,
    "conformance.mutants:CatchersError": 3,
    "tools.input:InputError": 2,
    "conformance.control_client:UnreachableError": 3,
    "tools.demo:DemoError": 3,
    "tools.bench.children:BenchError": 3,
}
"""Expected failures, shown as one text without a traceback, and their exit status."""

HELP: Final = "A laboratory for fiscal cash-register systems. Nothing made here is a legal receipt."


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            number = version("kassalab")
        except PackageNotFoundError:
            number = "unknown (not installed)"
        out().print(f"kassalab {number}")
        raise typer.Exit


def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command as a whole."""


def application(names: Collection[str] = (*COMMANDS, *GROUPS)) -> typer.Typer:
    """The command with these commands and groups, whose files are imported."""
    app = typer.Typer(
        name="kassalab",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=HELP,
    )
    app.callback()(_root)
    for name, place in COMMANDS.items():
        if name in names:
            app.command(name)(_at(place))
    for name, place in GROUPS.items():
        if name in names:
            app.add_typer(_at(place), name=name)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line; gives its exit status."""
    first = next(iter(arguments), "")
    app = application([first]) if first in {*COMMANDS, *GROUPS} else application()
    try:
        app(args=list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as failure:
        status = _status(failure)
        if status is None:
            raise
        err().print(Text(str(failure)), soft_wrap=True)
        return status
    return 0


def _at(place: str) -> Any:
    file, _, name = place.partition(":")
    return getattr(import_module(f"tools.commands.{file}"), name)


def _status(failure: Exception) -> int | None:
    """The exit status of an expected failure; None of any other. The first in the table counts."""
    kinds = {f"{kind.__module__}:{kind.__qualname__}" for kind in type(failure).__mro__}
    return next((status for kind, status in FAILURES.items() if kind in kinds), None)


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))
