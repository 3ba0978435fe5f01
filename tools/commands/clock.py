"""`kassalab clock`: the time all parts of the lab share, and how far one part's clock stands from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from reference.protocol.uz.values import to_tashkent
from reference.runtime.duration import format_duration, parse_duration
from tools.console import out, print_json
from tools.lab_access import DEFAULT_FOLDER, AsJson, Control, Folder, LabGroup, Token, open_lab

app = typer.Typer(cls=LabGroup, no_args_is_help=True, help="The lab's clock: it only goes forward.")

_SIGNED: dict[str, Any] = {"context_settings": {"ignore_unknown_options": True}}
"""So that -5m is an argument and not an option."""


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Span = Annotated[float, typer.Argument(parser=_duration, metavar="DURATION", help="90s, 47h59m, 2d, -5m")]
Part = Annotated[
    str, typer.Argument(help="Name of a part, e.g. module, drive, operator, register, operator-kz.")
]


@app.command()
def show(
    folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Lab time, its rate, and what every part's clock shows."""
    with open_lab(folder, control, token) as lab:
        state = lab.any_part().clock()
    if as_json:
        print_json(state)
    else:
        _print(state)


@app.command()
def advance(
    duration: Span, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """Jump forward; whoever waits for a time now past wakes at once."""
    if duration < 0:
        raise typer.BadParameter("lab time only goes forward; to set one part's clock back use skew")
    with open_lab(folder, control, token) as lab:
        _print(lab.any_part().advance(duration))


@app.command()
def rate(
    factor: Annotated[float, typer.Argument(min=0, help="Lab seconds per real second; 0 stops time.")],
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Let lab time run faster, slower, or not at all."""
    with open_lab(folder, control, token) as lab:
        _print(lab.any_part().set_clock(rate=factor))


@app.command(**_SIGNED)
def skew(
    part: Part, duration: Span, folder: Folder = DEFAULT_FOLDER, control: Control = None, token: Token = None
) -> None:
    """Set one part's clock ahead of lab time, or behind it with a minus."""
    with open_lab(folder, control, token) as lab:
        lab.part(part)
        _print(lab.any_part().set_clock(skew={part: duration}))


@app.command(**_SIGNED)
def drift(
    part: Part,
    ppm: Annotated[float, typer.Argument(help="Parts per million; 0 stops the drift.")],
    folder: Folder = DEFAULT_FOLDER,
    control: Control = None,
    token: Token = None,
) -> None:
    """Let one part's clock run fast, or slow with a minus."""
    with open_lab(folder, control, token) as lab:
        lab.part(part)
        _print(lab.any_part().set_clock(drift={part: ppm}))


def _print(state: dict[str, Any]) -> None:
    now = datetime.fromisoformat(state["now"])
    lines = [f"{to_tashkent(now).replace(microsecond=0)} Tashkent · rate {state['rate']:g}"]
    for name, apart in state["parts"].items():
        if apart["skew"] or apart["drift"]:
            lines.append(f"{name}: skew {format_duration(apart['skew'])}, drift {apart['drift']:g} ppm")
    out().print("\n".join(lines), soft_wrap=True)
