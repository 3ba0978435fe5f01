"""`kassalab bench NAME`: figures beside the floor measured in the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tools.bench.figures import Figure, write_json
from tools.console import err, out, print_table
from tools.input import InputError, check_output


def _figures(name: str) -> Callable[[Path], Iterator[Figure]]:
    """Those of tools/bench/`name`, imported once they are wanted: each needs the parts that it measures."""

    def measured(folder: Path) -> Iterator[Figure]:
        found: Iterator[Figure] = import_module(f"tools.bench.{name}").figures(folder)
        return found

    return measured


BENCHES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    name: _figures(name) for name in ("uz", "kz", "proxy", "judge", "links", "portal", "shop")
}
"""Benchmarks by name."""


def bench(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(BENCHES)}.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")] = None,
) -> None:
    """Measure, print a row per figure, and end with status 1 if a goal is missed."""
    if name not in BENCHES:
        raise InputError(f"there is no benchmark {name!r}; there is {', '.join(BENCHES)}")
    check_output(json_file)
    taken: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="kassalab-bench-") as folder:
        for figure in BENCHES[name](Path(folder)):
            err().print(Text(f"{figure.name}: {_number(figure.value)} {figure.unit}"))
            taken.append(figure)
    print_table(
        ("figure", "value", "unit", "floor", "goal", "holds"),
        [
            (
                figure.name,
                _number(figure.value),
                figure.unit,
                "" if figure.floor is None else _number(figure.floor),
                figure.goal,
                "yes" if figure.holds else "NO",
            )
            for figure in taken
        ],
    )
    if json_file is not None:
        write_json(json_file, taken)
    missed = [figure.name for figure in taken if not figure.holds]
    if missed:
        out().print(Text(f"missed: {', '.join(missed)}"), soft_wrap=True)
        raise typer.Exit(1)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
