"""Which bodies besides TCP the modules of a process get: options, their settings, what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from simulator.exchanges import Exchanges
from simulator.rack import Rack
from simulator.settings import SettingsError
from simulator.shells import vpcd
from simulator.shells.body import Body
from simulator.shells.serial import AUTO, SocketPort, TwinReader
from simulator.shells.usb_bench import UsbSettings
from simulator.shells.usb_options import add_usb_arguments, usb_settings
from simulator.shells.vpcd import VpcdCard

ATRS: Final = {"iso": ATR_ISO, "vendor": ATR_VENDOR}
"""What a shell other than TCP may show: the right check byte, or the vendor's (uz-fiscal FM-S-07)."""


@dataclass(frozen=True, slots=True)
class BodySettings:
    """The bodies asked for; None is none. `vpcd` is where the driver waits for the first module, `serial` the
    link to a terminal or `auto`, `serial_tcp` where the first module listens; port 0 is a free one.
    """

    vpcd: tuple[str, int] | None = None
    vpcd_quick_ack: bool = True
    serial: str | None = None
    serial_tcp: tuple[str, int] | None = None
    atr: bytes = ATR_ISO
    usb: UsbSettings | None = None


NO_BODIES: Final = BodySettings()


def add_body_arguments(group: argparse._ArgumentGroup) -> None:
    """The options that give modules more bodies."""
    group.add_argument(
        "--vpcd",
        metavar="HOST:PORT",
        help=f"be a card in the virtual reader of pcscd (Debian's waits at 127.0.0.1:{vpcd.DEFAULT_PORT}); "
        "further modules use the ports that follow",
    )
    group.add_argument(
        "--vpcd-quick-ack",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="acknowledge what vpcd sends at once; without it every command takes 40 ms more (yes)",
    )
    group.add_argument(
        "--serial",
        metavar="PATH|auto",
        help="sit in a serial reader (GemPC Twin) at a pseudo-terminal with this name; several add .0, .1, …",
    )
    group.add_argument(
        "--serial-tcp",
        type=int,
        metavar="PORT",
        help="one more port with the framing of TCP, for socket://; 0: a free one",
    )
    group.add_argument(
        "--atr", choices=sorted(ATRS), default="iso", help="what these bodies show: check byte right or not"
    )
    add_usb_arguments(group)


def body_settings(options: argparse.Namespace) -> BodySettings:
    """The settings in parsed options; SettingsError for an address that is none."""
    return BodySettings(
        vpcd=None if options.vpcd is None else _endpoint("vpcd", options.vpcd),
        vpcd_quick_ack=options.vpcd_quick_ack,
        serial=options.serial,
        serial_tcp=None if options.serial_tcp is None else (options.host, options.serial_tcp),
        atr=ATRS[options.atr],
        usb=usb_settings(options, ATRS[options.atr]),
    )


def make_bodies(settings: BodySettings, rack: Rack, exchanges: Exchanges) -> Iterator[Body]:
    """The bodies of every module of `rack`, not plugged in yet; call it in the loop that serves them."""
    for slot in rack.slots:
        if settings.vpcd is not None:
            host, port = settings.vpcd
            at, quick = port + slot.index, settings.vpcd_quick_ack
            yield VpcdCard(slot, exchanges, host, at, atr=settings.atr, quick_ack=quick)
        if settings.serial is not None:
            path = _terminal(settings.serial, slot.index if len(rack.slots) > 1 else None)
            yield TwinReader(slot, exchanges, path, atr=settings.atr)
        if settings.serial_tcp is not None:
            host, port = settings.serial_tcp
            yield SocketPort(slot, exchanges, host, port + slot.index if port else 0)


def _terminal(name: str, index: int | None) -> Path | None:
    if name == AUTO:
        return None
    return Path(name if index is None else f"{name}.{index}")


def _endpoint(field: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(field, "address", f"--{field} {text!r} is not an address of the form host:port")
    return host, int(port)
