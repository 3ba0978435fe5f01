"""`kassalab up`: start a lab in the foreground and say where everything is."""

from __future__ import annotations

import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from conformance.lab import Lab
from reference.protocol.uz.values import from_tashkent, to_tashkent
from tools.console import err, out, print_table
from tools.lab_access import DEFAULT_FOLDER, Folder, Token

WATCH_SECONDS = 1.0


def up(
    folder: Folder = DEFAULT_FOLDER,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Any free ports, not the real ones.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=0, help="Lab seconds per real second.")] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d %H:%M:%S"], help="Lab time to begin at, Tashkent time."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all chance; a fresh one without.")] = None,
    modules: Annotated[int, typer.Option(min=1, help="How many fiscal modules.")] = 1,
    token: Token = None,
) -> None:
    """Start the lab and keep it running until Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    lab = Lab(
        folder,
        free_ports=free_ports,
        seed=seed,
        start=None if start is None else from_tashkent(start),
        rate=rate,
        modules=modules,
        token=token,
    )
    with lab:
        _show(lab, folder)
        while not ended.wait(WATCH_SECONDS):
            lab.check()
        err().print("Stopping.")


def _show(lab: Lab, folder: Path) -> None:
    rows: list[tuple[str, str, str]] = [
        (part, key, address)
        for part, addresses in lab.addresses.items()
        for key, address in addresses.items()
        if key != "control"
    ]
    rows += [(part, "control page", f"{lab.control_url(part)}/control/") for part in lab.addresses]
    order = [*lab.addresses]
    rows.sort(key=lambda row: order.index(row[0]))
    print_table(("part", "what", "address"), rows)
    where = "" if folder == DEFAULT_FOLDER else f" --dir {folder}"
    now = to_tashkent(lab.clock.now()).replace(microsecond=0)
    out().print(f"seed {lab.seed} · lab time {now} Tashkent · logs {lab.folder / 'log'}", soft_wrap=True)
    out().print(
        "\nThe lab runs until Ctrl-C. In another terminal:\n"
        f"  kassalab state{where}                   what every part holds\n"
        f"  kassalab clock advance 49h{where}       let two days pass\n"
        f"  kassalab fault cut-network{where}       the operator out of reach\n"
        f"  kassalab fault pull-card{where}         the module unplugged",
        soft_wrap=True,
    )
