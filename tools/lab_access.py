"""How a command finds the lab it is meant for: by the lab's folder, or by the address of one control API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from conformance.control_client import ControlClient
from conformance.lab import LabError, read_lab_file

DEFAULT_FOLDER = Path(".kassalab/lab")

Folder = Annotated[Path, typer.Option("--dir", help="Folder of the lab.", envvar="KASSALAB_DIR")]
Control = Annotated[
    str | None, typer.Option("--control", help="Control address of one part, in place of a lab's folder.")
]
Token = Annotated[str | None, typer.Option("--token", help="Control token.", envvar="KASSALAB_CONTROL_TOKEN")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_LAB_OPTIONS = ("--dir", "--control", "--token")


class LabGroup(TyperGroup):
    """A group of lab commands whose options that say which lab may also stand before the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move leading lab options behind the command, which knows them."""
        leading: list[str] = []
        rest = list(args)
        while rest and rest[0].partition("=")[0] in _LAB_OPTIONS:
            taken = 1 if "=" in rest[0] else 2
            leading, rest = leading + rest[:taken], rest[taken:]
        return super().parse_args(ctx, rest[:1] + leading + rest[1:])


@dataclass(frozen=True, slots=True)
class LabAccess:
    """The control clients of a running lab, by part name, in the order the parts were started."""

    parts: dict[str, ControlClient]

    def part(self, name: str) -> ControlClient:
        """The client of one part; LabError names the parts there are."""
        if name not in self.parts:
            raise LabError(f"this lab has no part {name!r}; it has {', '.join(self.parts)}")
        return self.parts[name]

    def chosen(self, name: str | None) -> dict[str, ControlClient]:
        """One part by name, or all."""
        return dict(self.parts) if name is None else {name: self.part(name)}

    def any_part(self) -> ControlClient:
        """Some part: enough for the clock, which all share."""
        return next(iter(self.parts.values()))


@contextmanager
def open_lab(folder: Path, control: str | None, token: str | None) -> Iterator[LabAccess]:
    """Reach the lab in `folder`, or the one part at the address `control`.

    Raises LabError when no lab runs there, and UnreachableError when the part at `control` does not answer.
    """
    with ExitStack() as clients:
        if control is not None:
            client = clients.enter_context(ControlClient(_with_scheme(control), token))
            yield LabAccess({str(client.clock()["part"]): client})
            return
        parts = read_lab_file(folder)["parts"]
        if not parts:
            raise LabError(f"the lab in {folder} has no parts yet")
        yield LabAccess(
            {
                name: clients.enter_context(ControlClient(facts["control"], token))
                for name, facts in parts.items()
            }
        )


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"
