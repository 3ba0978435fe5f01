"""How the commands speak to a person: answers on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree


def out() -> Console:
    """The console of answers; made anew, because stdout may have been replaced since."""
    return Console(file=sys.stdout, highlight=False)


def err() -> Console:
    """The console of errors and hints."""
    return Console(file=sys.stderr, highlight=False)


def print_json(value: object) -> None:
    """One JSON document, for other programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], title: str | None = None) -> None:
    """A table whose cells fold but are never cut: addresses must stay whole."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out().print(table)


def print_tree(title: str, value: Mapping[str, Any]) -> None:
    """Nested values as an indented tree."""
    tree = Tree(Text(title, style="bold"))
    _grow(tree, value)
    out().print(tree)


def _grow(tree: Tree, value: Mapping[str, Any]) -> None:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            _grow(tree.add(Text(str(key))), inner)
        elif isinstance(inner, list) and any(isinstance(item, Mapping) for item in inner):
            branch = tree.add(Text(f"{key} ({len(inner)})"))
            for number, item in enumerate(inner):
                _grow(branch.add(Text(str(number))), item if isinstance(item, Mapping) else {"": item})
        else:
            tree.add(Text(f"{key}: {plain(inner)}"))


def plain(value: object) -> str:
    """One value in a line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == {} or value == []:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
