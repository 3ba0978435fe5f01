"""Module addresses as people write them, with or without `module:` in front.

    tcp://127.0.0.1:4387              an emulator (uz-fiscal §7)
    usb:1209:4b01[:SERIAL]            a CCID reader on USB; [?usbip=HOST:PORT][&slot=N]
    pcsc:READER                       a reader of PC/SC: its name, a glob of it, or its number
    serial:/dev/ttyS0                 a serial CCID reader (GemPC Twin)
    serial:socket://127.0.0.1:4387    the emulator's frames through a serial-to-TCP port

One table says which scheme leads to which link. Links are imported when one is made, so that nobody needs the
libraries of a cable he does not use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from reference.links.address import AddressRefusedError, Endpoint, parse_endpoint
from reference.links.link import Link
from reference.links.tcp import TcpLink
from reference.runtime.clock import PartClock

DEFAULT_PORT: Final = 4387
"""TCP port of the vendor's module emulator (uz-fiscal §1.2)."""
USBIP_PORT: Final = 3240
SOCKET: Final = "socket://"
USB_OPTIONS: Final = ("usbip", "slot")
_USB: Final = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::([^:?/\s]+))?")
_MOST_SLOT: Final = 255


@dataclass(frozen=True, slots=True)
class ModuleAddress:
    """Where a module is: `scheme` names the kind of link, `place` is what that link understands."""

    scheme: str
    place: str

    def __str__(self) -> str:
        return f"{self.scheme}:{'//' if self.scheme == 'tcp' else ''}{self.place}"


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """A CCID reader: its ids, its serial number if one is asked for, the slot, and where USB/IP serves it."""

    vendor: int
    product: int
    serial: str | None = None
    slot: int = 0
    usbip: Endpoint | None = None

    def __str__(self) -> str:
        serial = "" if self.serial is None else f":{self.serial}"
        options = [] if self.usbip is None else [f"usbip={self.usbip}"]
        options += [f"slot={self.slot}"] if self.slot else []
        query = f"?{'&'.join(options)}" if options else ""
        return f"{self.vendor:04x}:{self.product:04x}{serial}{query}"


def parse_usb_place(text: str) -> UsbPlace:
    """The reader in `VID:PID[:SERIAL][?usbip=HOST:PORT][&slot=N]`; AddressRefusedError says what is wrong."""
    ids, _, query = text.partition("?")
    found = _USB.fullmatch(ids)
    if found is None:
        raise AddressRefusedError(
            f"{text!r} is not VID:PID or VID:PID:SERIAL, with four hex digits each, e.g. 1209:4b01"
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in USB_OPTIONS:
            raise AddressRefusedError(
                f"{text!r}: unknown option {name!r}; there are {', '.join(USB_OPTIONS)}"
            )
    slot = options.get("slot", "0")
    if not (slot.isascii() and slot.isdigit() and int(slot) <= _MOST_SLOT):
        raise AddressRefusedError(f"{text!r}: slot is a number of 0…{_MOST_SLOT}, not {slot!r}")
    usbip = parse_endpoint(options["usbip"], USBIP_PORT) if "usbip" in options else None
    return UsbPlace(int(found[1], 16), int(found[2], 16), found[3], int(slot), usbip)


LinkMaker = Callable[[str, PartClock | None, bool], Link]


def _tcp(place: str, clock: PartClock | None, allow_any_host: bool) -> Link:
    return TcpLink(parse_endpoint(place, DEFAULT_PORT), clock=clock, allow_any_host=allow_any_host)


def _usb(place: str, clock: PartClock | None, allow_any_host: bool) -> Link:
    from reference.links.usb_ccid import UsbCcidLink, backend_of

    where = parse_usb_place(place)
    return UsbCcidLink(where, backend=backend_of(where, allow_any_host), clock=clock)


def _pcsc(place: str, clock: PartClock | None, _allow_any_host: bool) -> Link:
    from reference.links.pcsc import PcscLink

    return PcscLink(place, clock=clock)


def _serial(place: str, clock: PartClock | None, allow_any_host: bool) -> Link:
    if place.startswith(SOCKET):
        from reference.links.serial import SerialSocketLink

        endpoint = parse_endpoint(place.removeprefix(SOCKET), DEFAULT_PORT)
        return SerialSocketLink(endpoint, clock=clock, allow_any_host=allow_any_host)
    from reference.links.serial import SerialCcidLink

    return SerialCcidLink(place, clock=clock)


LINKS: Mapping[str, LinkMaker] = {"tcp": _tcp, "usb": _usb, "pcsc": _pcsc, "serial": _serial}
FORMS: Final = (
    "tcp://HOST:PORT",
    "usb:VID:PID[:SERIAL]",
    "pcsc:READER",
    "serial:PORT",
    f"serial:{SOCKET}HOST:PORT",
)
"""What a person may write, for messages."""


def _endpoint_place(place: str) -> str:
    return str(parse_endpoint(place.rstrip("/"), DEFAULT_PORT))


def _serial_place(place: str) -> str:
    if place.startswith(SOCKET):
        return SOCKET + _endpoint_place(place.removeprefix(SOCKET))
    return place


_PLACES: Final[Mapping[str, Callable[[str], str]]] = {
    "tcp": _endpoint_place,
    "usb": lambda place: str(parse_usb_place(place)),
    "pcsc": lambda place: place,
    "serial": _serial_place,
}


def parse_module_url(text: str) -> ModuleAddress:
    """The address in `[module:]scheme:place`; AddressRefusedError names the schemes there are."""
    scheme, separator, rest = text.strip().removeprefix("module:").partition(":")
    scheme = scheme.lower()
    slashes = rest.startswith("//")
    place = rest.removeprefix("//")
    if not separator or not place.strip("/") or scheme not in LINKS or (scheme == "tcp" and not slashes):
        raise AddressRefusedError(f"{text!r} is not a module address; known: {', '.join(FORMS)}")
    return ModuleAddress(scheme, _PLACES[scheme](place))


def make_link(
    address: ModuleAddress | str, clock: PartClock | None = None, *, allow_any_host: bool = False
) -> Link:
    """A closed link to the module at `address`. Raises AddressRefusedError, also for a cable whose library
    is not installed."""
    known = parse_module_url(address) if isinstance(address, str) else address
    return LINKS[known.scheme](known.place, clock, allow_any_host)
