"""`kassalab up`: start a lab in the foreground and say where everything is."""

from __future__ import annotations

import signal
import threading
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from conformance.introduction import OPERATOR, REGISTER, introduce_register, register_options
from conformance.lab import Lab
from conformance.lab_parts import COUNTRIES, PORTAL
from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from reference.protocol.kz.client import Mode
from reference.protocol.uz.values import from_tashkent, to_tashkent
from tools.console import err, out, print_table
from tools.lab_access import DEFAULT_FOLDER, Folder, Token
from tools.portal_parts import DEFAULT_PKI, authority_options, prepare_authority, with_portal
from tools.shop_parts import BACKOFFICE, POS, with_shop

WATCH_SECONDS = 1.0


class Country(StrEnum):
    """Whose chain a lab has."""

    UZ = "uz"
    KZ = "kz"
    BOTH = "both"


def up(
    folder: Folder = DEFAULT_FOLDER,
    country: Annotated[
        Country, typer.Option("--country", help="Whose chain: Uzbek, Kazakh or both.")
    ] = Country.BOTH,
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
    pki: Annotated[
        Path,
        typer.Option("--pki", help="Folder of the test authority of portal and signing service."),
    ] = DEFAULT_PKI,
    token: Token = None,
) -> None:
    """Start the lab and keep it running until Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    parts = with_shop(with_portal(COUNTRIES[country]))
    signing = authority_options(parts, pki)
    lab = Lab(
        folder,
        parts=parts,
        options={} if country is Country.UZ else register_options(folder) | signing,
        free_ports=free_ports,
        seed=seed,
        start=None if start is None else from_tashkent(start),
        rate=rate,
        modules=modules,
        token=token,
    )
    if signing:
        prepare_authority(pki, err().print)
    with lab:
        introduce_register(lab)
        _show(lab, folder, pki)
        while not ended.wait(WATCH_SECONDS):
            lab.check()
        err().print("Stopping.")


def _show(lab: Lab, folder: Path, pki: Path) -> None:
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
    if REGISTER in lab.addresses:
        register = lab.control(REGISTER).state()
        sells = "it waits for its answer" if register["mode"] == Mode.START.name else "it can sell at once"
        out().print(
            f"register {register['device_id']} is known to {OPERATOR} and has its token: {sells}",
            soft_wrap=True,
        )
    if PORTAL.name in lab.addresses:
        out().print(
            f"portal {lab.addresses[PORTAL.name][PORTAL.name]}/ · a key to register with: "
            f"kassalab certificate make head{_of(pki)}, password {DEFAULT_PASSWORD}",
            soft_wrap=True,
        )
    if POS.name in lab.addresses:
        out().print(
            f"till {lab.addresses[POS.name][POS.name]}/ · PINs in docs/pos.md, Aziza's is 0000 · "
            f"its owner's portal {lab.addresses[BACKOFFICE.name][BACKOFFICE.name]}/",
            soft_wrap=True,
        )
    out().print("\n".join(_hints(lab, where)), soft_wrap=True)


def _of(pki: Path) -> str:
    return "" if pki == DEFAULT_PKI else f" --pki {pki}"


def _hints(lab: Lab, where: str) -> list[str]:
    commands = [
        ("state", "what every part holds"),
        ("clock advance 49h", "let two days pass"),
        ("fault cut-network", "the operators out of reach"),
    ]
    if "drive" in lab.addresses:
        commands += [
            ("fault pull-card", "the module unplugged"),
        ]
    if REGISTER in lab.addresses:
        commands += [("fault server-block", "the register blocked by its operator")]
    lines = ["", "The lab runs until Ctrl-C. In another terminal:"]
    return lines + [
        f"  {f'kassalab {command}{where}':<{33 + len(where)}} {text}" for command, text in commands
    ]
