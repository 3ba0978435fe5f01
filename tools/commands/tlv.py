"""`kassalab tlv`: TLV as a tree or as a list of paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from reference.protocol.uz import tlv
from reference.protocol.uz.errors import UzError
from tools.console import out
from tools.input import InputError, hex_or_file

app = typer.Typer(no_args_is_help=True, help="Look into TLV (uz-fiscal §2.5).")


@app.callback()
def _group() -> None:
    """Keeps `parse` a command of its own name."""


@app.command()
def parse(
    data: Annotated[str | None, typer.Argument(help="TLV in hex.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Binary TLV; - for standard input.")] = None,
    oid_list: Annotated[bool, typer.Option("--oid-list", help="Paths and values, one a line.")] = False,
) -> None:
    """Print TLV as a tree, or with --oid-list as paths such as 8d.8c[1].01."""
    raw = hex_or_file(data, file)
    try:
        nodes, leaves = tlv.tree(raw), tlv.paths(raw)
    except UzError as error:
        raise InputError(str(error)) from None
    lines = [f"{path} = {value.hex()}" for path, value in leaves] if oid_list else _lines(nodes, 0)
    for line in lines:
        out().print(line, soft_wrap=True, markup=False)


def _lines(nodes: list[tlv.Node], depth: int) -> Iterator[str]:
    for node in nodes:
        head = f"{'  ' * depth}{node.tag:02x} ({node.length})"
        yield head if node.children else f"{head} {node.value.hex()}"
        yield from _lines(list(node.children), depth + 1)
