"""Which bodies besides TCP the modules of a process get: options, their settings, what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from simulator.exchanges import Exchanges
from simulator.rack import Rack
from simulator.settings import SettingsError
from simulator.shells import vpcd
from simulator.shells.body import Body
from simulator.shells.vpcd import VpcdCard

ATRS: Final = {"iso": ATR_ISO, "vendor": ATR_VENDOR}
"""What a shell other than TCP may show: the right check byte, or the vendor's (uz-fiscal FM-S-07)."""


@dataclass(frozen=True, slots=True)
class BodySettings:
    """The bodies asked for; None is none. `vpcd` is where the driver waits for the first module."""

    vpcd: tuple[str, int] | None = None
    vpcd_quick_ack: bool = True
    atr: bytes = ATR_ISO


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
        "--atr", choices=sorted(ATRS), default="iso", help="what these bodies show: check byte right or not"
    )


def body_settings(options: argparse.Namespace) -> BodySettings:
    """The settings in parsed options; SettingsError for an address that is none."""
    return BodySettings(
        vpcd=None if options.vpcd is None else _endpoint("vpcd", options.vpcd),
        vpcd_quick_ack=options.vpcd_quick_ack,
        atr=ATRS[options.atr],
    )


def make_bodies(settings: BodySettings, rack: Rack, exchanges: Exchanges) -> Iterator[Body]:
    """The bodies of every module of `rack`, not plugged in yet; call it in the loop that serves them."""
    for slot in rack.slots:
        if settings.vpcd is not None:
            host, port = settings.vpcd
            yield VpcdCard(
                slot,
                exchanges,
                host,
                port + slot.index,
                atr=settings.atr,
                quick_ack=settings.vpcd_quick_ack,
            )


def _endpoint(field: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(field, "address", f"--{field} {text!r} is not an address of the form host:port")
    return host, int(port)
