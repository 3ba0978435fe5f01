"""The options that put modules on USB, and what they mean."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from reference.protocol.usb.usbip import PORT, Speed
from simulator.settings import SettingsError
from simulator.shells.reader_settings import LARGEST_MESSAGE, LEVELS, SMALLEST_MESSAGE, ReaderSettings
from simulator.shells.usb_bench import UsbSettings

SPEEDS: Final = {"full": Speed.FULL, "high": Speed.HIGH}


def add_usb_arguments(group: argparse._ArgumentGroup) -> None:
    """--usbip-port and what kind of reader stands behind it."""
    group.add_argument(
        "--usbip-port",
        type=int,
        metavar="PORT",
        help=f"be a smart card reader on USB that hosts attach over USB/IP (usually {PORT}); 0: a free port",
    )
    group.add_argument("--usb-speed", choices=sorted(SPEEDS), default="full", help="(%(default)s)")
    group.add_argument(
        "--usb-level", choices=sorted(LEVELS), default="short", help="exchange level: (%(default)s) APDUs"
    )
    group.add_argument(
        "--usb-max-message",
        type=int,
        metavar="BYTES",
        help=f"dwMaxCCIDMessageLength ({SMALLEST_MESSAGE}; at extended level {LARGEST_MESSAGE})",
    )
    group.add_argument(
        "--usb-one-reader", action="store_true", help="one reader with a slot for each module (16 at most)"
    )
    group.add_argument(
        "--usb-capture", type=Path, metavar="FILE", help="record the USB cables as usbmon packets in pcapng"
    )


def usb_settings(options: argparse.Namespace, atr: bytes) -> UsbSettings | None:
    """The settings in parsed options, None without a port; SettingsError for a reader that cannot be."""
    if options.usbip_port is None:
        return None
    level = LEVELS[options.usb_level]
    usual = LARGEST_MESSAGE if options.usb_level == "extended" else SMALLEST_MESSAGE
    size = usual if options.usb_max_message is None else options.usb_max_message
    try:
        reader = ReaderSettings(level, size, atr)
    except ValueError as error:
        raise SettingsError("usb_max_message", "range", str(error)) from None
    speed = SPEEDS[options.usb_speed]
    return UsbSettings(
        reader, speed, options.usb_one_reader, options.host, options.usbip_port, options.usb_capture
    )
