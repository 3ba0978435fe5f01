"""`kassalab fault`: what goes wrong in the lab, by rule or by one word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from conformance.lab import LabError
from reference.runtime.duration import parse_duration
from tools.console import out, print_json, print_table
from tools.lab_access import DEFAULT_FOLDER, AsJson, Control, Folder, LabAccess, LabGroup, Token, open_lab

app = typer.Typer(
    cls=LabGroup, no_args_is_help=True, help="Faults: rules on named points, and ready-made ones."
)

Part = Annotated[
    str, typer.Argument(help="Name of a part, e.g. module, drive, operator, register, operator-kz.")
]
AnyPart = Annotated[str | None, typer.Argument(help="One part; all without.")]


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Span = Annotated[
    float | None,
    typer.Option("--for", parser=_duration, metavar="DURATION", help="Lab time: 90s, 47h59m, 2d."),
]


@app.command("list")
def list_faults(
    part: AnyPart = None,
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
    points: Annotated[bool, typer.Option("--points", help="Show the known fault points too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The rules that lie, and with --points where rules can be laid."""
    with open_lab(folder, control, token) as lab:
        found = {name: client.faults() for name, client in lab.chosen(part).items()}
    if as_json:
        print_json(found)
        return
    if points:
        known = [
            (name, point, text) for name, each in found.items() for point, text in each["points"].items()
        ]
        print_table(("part", "point", "meaning"), known)
    laid = [(name, rule) for name, each in found.items() for rule in each["rules"]]
    if not laid:
        out().print("No fault is switched on.")
        return
    rows = [(name, rule["id"], rule["point"], rule["action"], _details(rule)) for name, rule in laid]
    print_table(("part", "id", "point", "action", "details"), rows)


@app.command()
def add(
    part: Part,
    point: Annotated[str, typer.Argument(help="See fault list --points.")],
    action: Annotated[str, typer.Argument(help="drop, delay, crash, refuse, …")],
    count: Annotated[str, typer.Option(help="How often, or always.")] = "1",
    skip: Annotated[int, typer.Option(min=0, help="Hits let through first.")] = 0,
    probability: Annotated[float, typer.Option(min=0, max=1)] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the probability.")] = 0,
    match: Annotated[list[str] | None, typer.Option(help="NAME=GLOB, e.g. terminal=ZZ*; repeatable.")] = None,
    span: Span = None,
    delay: Annotated[float, typer.Option(parser=_duration, metavar="DURATION")] = 0.0,
    value: Annotated[str, typer.Option(help="What the action needs: a status word, a number of bytes.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Lay a rule on one fault point of one part."""
    fields: dict[str, Any] = {
        "count": _count(count),
        "skip": skip,
        "probability": probability,
        "seed": seed,
        "match": dict(_pair(text) for text in match or ()),
        "seconds": span,
        "delay": delay,
        "value": value,
    }
    with open_lab(folder, control, token) as lab:
        rule = lab.part(part).add_fault(point, action, **fields)
    out().print(f"{part}: rule {rule['id']}: {rule['action']} at {rule['point']}")


@app.command()
def remove(
    part: Part,
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Take one rule away."""
    with open_lab(folder, control, token) as lab:
        lab.part(part).remove_fault(rule)
    out().print(f"{part}: rule {rule} removed")


@app.command()
def clear(
    part: AnyPart = None, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """Take every rule away."""
    with open_lab(folder, control, token) as lab:
        removed = sum(client.clear_faults()["removed"] for client in lab.chosen(part).values())
    out().print(f"{removed} rules removed")


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a cut network can be played: the first of these whose part is in the lab."""

    part: str
    point: str
    action: str


_CUTS = (
    (_Cut("drive", "operator.connect", "refuse"), _Cut("operator", "ofd.connect", "close")),
    (_Cut("register", "register.connect", "refuse"), _Cut("operator-kz", "ofd-kz.connect", "close")),
)
"""For either country; where the part that dials is not in the lab, its operator hangs up."""
_CUT_RULE = "cut-network"


def _cuts(lab: LabAccess) -> list[_Cut]:
    found = [next((cut for cut in cuts if cut.part in lab.parts), None) for cuts in _CUTS]
    cuts = [cut for cut in found if cut is not None]
    if not cuts:
        raise LabError("this lab has no part that speaks to an operator, nor an operator")
    return cuts


@app.command("cut-network")
def cut_network(
    span: Span = None, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """The operators out of reach, until mend-network or for some lab time."""
    with open_lab(folder, control, token) as lab:
        for cut in _cuts(lab):
            client = lab.part(cut.part)
            if any(rule["id"] == _CUT_RULE for rule in client.faults()["rules"]):
                client.remove_fault(_CUT_RULE)
            client.add_fault(cut.point, cut.action, id=_CUT_RULE, count=None, seconds=span)
    out().print("The network is cut; kassalab fault mend-network brings it back.")


@app.command("mend-network")
def mend_network(folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None) -> None:
    """The operators within reach again."""
    with open_lab(folder, control, token) as lab:
        for cut in _cuts(lab):
            lab.part(cut.part).remove_fault(_CUT_RULE)
    out().print("The network is back.")


@app.command("pull-card")
def pull_card(
    span: Span = None, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """The fiscal module unplugged, until plug-card or for some lab time."""
    with open_lab(folder, control, token) as lab:
        lab.part("module").do("unplug", **({} if span is None else {"seconds": span}))
    out().print("The module is unplugged; kassalab fault plug-card puts it back.")


@app.command("plug-card")
def plug_card(folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None) -> None:
    """The fiscal module plugged in again."""
    with open_lab(folder, control, token) as lab:
        lab.part("module").do("plug")
    out().print("The module is plugged in.")


@app.command("power-cut")
def power_cut(folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None) -> None:
    """Power to the fiscal module cut and given back: what was not in its flash is gone."""
    with open_lab(folder, control, token) as lab:
        lab.part("module").do("power-cut")
    out().print("The module lost power and started again.")


Reason = Annotated[str, typer.Option("--reason", help="ofd: by the operator; money: for want of it.")]


@app.command("server-block")
def server_block(
    reason: Reason = "ofd", folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """The Kazakh register blocked by its operator, until lift-block: code 15."""
    with open_lab(folder, control, token) as lab:
        device = lab.part("register").state()["device_id"]
        lab.part("operator-kz").do("block", id=device, reason=reason)
    out().print(f"Register {device} is blocked; kassalab fault lift-block serves it again.")


@app.command("lift-block")
def lift_block(folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None) -> None:
    """The Kazakh register served again; it notices when it asks next."""
    with open_lab(folder, control, token) as lab:
        device = lab.part("register").state()["device_id"]
        lab.part("operator-kz").do("unblock", id=device)
    out().print(f"Register {device} is served again.")


def _count(text: str) -> int | None:
    if text == "always":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter("a number of times, 1 or more, or always", param_hint="--count")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    name, sign, glob = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=GLOB", param_hint="--match")
    return name, glob


def _details(rule: dict[str, Any]) -> str:
    times = "always" if rule["count"] is None else f"{rule['count']} ×"
    parts = [f"{times}, acted {rule['hits']} ×", "over" if rule["over"] else ""]
    for name, rest in (("skip", 0), ("probability", 1.0), ("delay", 0.0), ("seconds", None), ("value", "")):
        if rule[name] != rest:
            parts.append(f"{name} {rule[name]}")
    if rule["match"]:
        parts.append(f"match {json.dumps(rule['match'])}")
    return ", ".join(part for part in parts if part)
