"""`kassalab proxy`: between a real client and a real server, recording, decoding, judging and disturbing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from conformance.decode import decode_exchange
from conformance.events import Event, Exchange
from conformance.proxy.running import ProxyProcess, ProxySettings
from conformance.proxy.wires import WIRES, Wire
from reference.links.address import AddressRefusedError, parse_endpoint
from reference.runtime.clock import ClockFileError
from reference.runtime.faults import FaultRuleError
from reference.runtime.process import until_signalled
from reference.runtime.serving import HostRefusedError
from tools.console import err, out
from tools.input import InputError, check_output

VIOLATED, UNREACHABLE = 1, 3


def proxy(
    wire: Annotated[str, typer.Argument(help=f"The wire: {', '.join(WIRES)}.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT for clients; port 0 is a free one.")],
    to: Annotated[str, typer.Option(help="HOST:PORT of the server.")],
    record: Annotated[Path | None, typer.Option(help="Write a transcript, JSON lines.")] = None,
    pcapng: Annotated[Path | None, typer.Option(help="Write a packet capture of both sides.")] = None,
    disturb: Annotated[
        list[str] | None,
        typer.Option(help='A rule: "drop response when command=TICKET count=1"; repeatable.'),
    ] = None,
    control_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve the control API here; 0 is a free port.")
    ] = None,
    control_token: Annotated[
        str | None, typer.Option(help="Asked of every control request.", envvar="KASSALAB_CONTROL_TOKEN")
    ] = None,
    clock: Annotated[
        Path | None,
        typer.Option(help="Lab clock file to share; without: real time.", envvar="KASSALAB_CLOCK"),
    ] = None,
    allow_any_host: Annotated[
        bool, typer.Option("--allow-any-host", help="Listen, and connect, beyond this machine's networks.")
    ] = False,
    only_must: Annotated[
        bool, typer.Option("--only-must", help="Exit 1 only for clauses of the level must.")
    ] = False,
    fields: Annotated[bool, typer.Option("--fields", help="Show every unit field by field.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show findings and the summary alone.")] = False,
) -> None:
    """Stand between a client and a server until Ctrl-C; exit status 1 when a clause was seen broken."""
    check_output(record, pcapng)
    try:
        settings = ProxySettings(
            wire=_wire(wire),
            listen=_listen(listen),
            to=parse_endpoint(to),
            record=record,
            pcapng=pcapng,
            disturb=tuple(disturb or ()),
            control_port=control_port,
            control_token=control_token,
            clock=clock,
            allow_any_host=allow_any_host,
        )
        process = ProxyProcess(
            settings, _say_findings if quiet else _say, consumers=[Fields()] if fields else []
        )
    except (AddressRefusedError, FaultRuleError, HostRefusedError, ClockFileError) as error:
        raise InputError(str(error)) from None
    try:
        asyncio.run(_run(process, settings))
    except AddressRefusedError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        err().print(f"The proxy cannot start: {error}", markup=False)
        raise typer.Exit(UNREACHABLE) from None
    for text in process.book.summary():
        out().print(text, markup=False, soft_wrap=True)
    if process.book.violated(only_must=only_must):
        raise typer.Exit(VIOLATED)


class Fields:
    """Consumer of the record that shows each unit as the tree of its fields."""

    def take(self, event: Event) -> None:
        """Show one exchange."""
        if isinstance(event, Exchange) and event.raw:
            for line in decode_exchange(event).lines(1):
                _say(line)


async def _run(process: ProxyProcess, settings: ProxySettings) -> None:
    try:
        addresses = await process.start()
        await until_signalled(lambda: _announce(settings, addresses))
    finally:
        await process.stop()


def _announce(settings: ProxySettings, addresses: dict[str, str]) -> None:
    lines = [f"Proxy for {settings.wire.title}: {addresses['proxy']} to {settings.to}. Ctrl-C ends it."]
    if "control" in addresses:
        lines.append(f"Control: {addresses['control']}/control/")
    for line in lines:
        out().print(line, markup=False, soft_wrap=True)


def _wire(name: str) -> Wire:
    if name not in WIRES:
        raise InputError(f"WIRE is one of {', '.join(WIRES)}, not {name!r}")
    return WIRES[name]


def _listen(text: str) -> tuple[str, int]:
    """Host and port to listen at; unlike elsewhere the port may be 0."""
    if text.endswith(":0"):
        return parse_endpoint(text[:-2], default_port=1).host, 0
    found = parse_endpoint(text)
    return found.host, found.port


def _say(text: str) -> None:
    out().print(text, markup=False, soft_wrap=True)


def _say_findings(text: str) -> None:
    if " ! " in text[:24]:
        _say(text)
