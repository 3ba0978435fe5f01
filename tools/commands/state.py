"""`kassalab state`, `snapshot`, `restore`, `reset`, `journal`: what the parts hold, and bringing it back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from conformance.controls import in_reset_order
from conformance.introduction import FACTS_FILE, OPERATOR, REGISTER, introduce, until_informed
from conformance.lab import LabError, read_lab_file
from tools.console import out, plain, print_json, print_tree
from tools.lab_access import DEFAULT_FOLDER, AsJson, Control, Folder, LabAccess, Token, open_lab

AnyPart = Annotated[str | None, typer.Argument(help="One part; all without.")]
Name = Annotated[str, typer.Argument(help="Letters, digits, - _ . (at most 64).")]


def state(
    part: AnyPart = None,
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what the parts hold."""
    with open_lab(folder, control, token) as lab:
        states = {name: client.state() for name, client in lab.chosen(part).items()}
    if as_json:
        print_json(states if part is None else states[part])
        return
    for name, held in states.items():
        print_tree(name, held)


def snapshot(
    name: Name,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite one of that name.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Keep the state of every part under a name."""
    with open_lab(folder, control, token) as lab:
        taken = [part for part, client in lab.parts.items() if not replace and name in client.snapshots()]
        if taken:
            raise LabError(
                f"there is a snapshot {name!r} already ({', '.join(taken)}); --replace overwrites it"
            )
        for client in lab.parts.values():
            client.snapshot(name, replace=replace)
    out().print(f"Snapshot {name} taken.")


def restore(
    name: Name, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """Bring every part back to a snapshot. Lab time stays: it only goes forward."""
    with open_lab(folder, control, token) as lab:
        lacking = [part for part, client in lab.parts.items() if name not in client.snapshots()]
        if lacking:
            raise LabError(f"there is no snapshot {name!r} of {', '.join(lacking)}; nothing was changed")
        for part in in_reset_order(lab.parts):
            lab.parts[part].restore(name)
        if {OPERATOR, REGISTER} <= lab.parts.keys():
            until_informed(lab.parts[REGISTER])
    out().print(f"Snapshot {name} restored.")


def reset(
    part: AnyPart = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="SETTING=VALUE (JSON or text); repeatable, with one part."),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Start parts afresh: everything they hold is lost."""
    if settings and part is None:
        raise typer.BadParameter("settings differ from part to part: name one", param_hint="--set")
    wanted = dict(_setting(text) for text in settings or ())
    with open_lab(folder, control, token) as lab:
        chosen = lab.chosen(part)
        for name in in_reset_order(chosen):
            chosen[name].reset(**wanted)
            out().print(f"{name} reset.")
        if part is None:
            _introduce(lab, folder)


def _introduce(lab: LabAccess, folder: Path) -> None:
    """Both sides of the Kazakh chain have forgotten each other: give the register a token again."""
    if {OPERATOR, REGISTER} <= lab.parts.keys():
        addresses = read_lab_file(folder)["parts"][OPERATOR]["addresses"]
        facts = introduce(
            lab.part(OPERATOR),
            lab.part(REGISTER),
            check_url=f"{addresses['http']}/",
            facts_file=folder / FACTS_FILE,
        )
        out().print(f"{REGISTER} {facts['device_id']} has a token again.")


def journal(
    part: AnyPart = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Events per part, the last ones.")] = 20,
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what happened last, in all parts, by lab time."""
    with open_lab(folder, control, token) as lab:
        events = [event for client in lab.chosen(part).values() for event in client.journal_tail(limit)]
    for event in sorted(events, key=lambda event: (event["time"], event["part"], event["n"])):
        if as_json:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
        else:
            out().print(_line(event), soft_wrap=True, markup=False)


def _line(event: dict[str, Any]) -> str:
    data = " ".join(f"{key}={plain(value)}" for key, value in (event.get("data") or {}).items())
    return f"{event['time']}  {event['part']:<11}  {event['kind']}  {data}".rstrip()


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"{text!r} is not SETTING=VALUE", param_hint="--set")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
