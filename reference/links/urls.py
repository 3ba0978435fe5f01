"""Module addresses as people write them: `module:tcp://127.0.0.1:4387` or the same without `module:`.

One table says which scheme leads to which link, so that PC/SC, USB and serial join by a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reference.links.address import AddressRefusedError, parse_endpoint
from reference.links.link import Link
from reference.links.tcp import TcpLink
from reference.runtime.clock import PartClock

DEFAULT_PORT: Final = 4387
"""TCP port of the vendor's module emulator (uz-fiscal §1.2)."""


@dataclass(frozen=True, slots=True)
class ModuleAddress:
    """Where a module is: `scheme` names the kind of link, `place` is what that link understands."""

    scheme: str
    place: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"


LinkMaker = Callable[[str, PartClock | None, bool], Link]


def _tcp(place: str, clock: PartClock | None, allow_any_host: bool) -> Link:
    return TcpLink(parse_endpoint(place, DEFAULT_PORT), clock=clock, allow_any_host=allow_any_host)


LINKS: Mapping[str, LinkMaker] = {"tcp": _tcp}


def parse_module_url(text: str) -> ModuleAddress:
    """The address in `[module:]scheme://place`; AddressRefusedError names the schemes there are."""
    scheme, separator, place = text.strip().removeprefix("module:").partition("://")
    place = place.rstrip("/")
    if not separator or not place or scheme.lower() not in LINKS:
        known = ", ".join(f"{name}://…" for name in LINKS)
        raise AddressRefusedError(f"{text!r} is not a module address; known: {known}")
    if scheme.lower() == "tcp":
        place = str(parse_endpoint(place, DEFAULT_PORT))
    return ModuleAddress(scheme.lower(), place)


def make_link(
    address: ModuleAddress | str, clock: PartClock | None = None, *, allow_any_host: bool = False
) -> Link:
    """A closed link to the module at `address`. Raises AddressRefusedError."""
    known = parse_module_url(address) if isinstance(address, str) else address
    return LINKS[known.scheme](known.place, clock, allow_any_host)
