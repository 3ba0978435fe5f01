"""The portal and the signing service of a lab that a person uses, with the test authority of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.lab_parts import PORTAL, PartSpec, Port, Wire
from ofd_mock.pki.authority import Authority, AuthorityError
from ofd_mock.pki.certificates import AUTHORITY_BITS

DEFAULT_PKI: Final = Path(".kassalab/pki")
OPERATOR: Final = "operator-kz"
SIGNING_PART: Final = "signing"
SIGNING: Final = PartSpec(
    name=SIGNING_PART,
    module="ofd_mock.signing",
    ports=(Port("--port", "wss", 13579), Port("--http-port", "control", 13580)),
    control="control",
)
PORTAL_FOR_PEOPLE: Final = replace(
    PORTAL,
    wires=(Wire("--signing", SIGNING_PART, "wss"),),
    options=(),
    places=tuple(place for place in PORTAL.places if place.option == "--database"),
)
"""The portal as people use it: browsers sign through the signing service, logins are limited."""


def with_portal(parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
    """The parts of a lab with portal and signing service, if it has the operator whose ledger they need."""
    if OPERATOR not in {part.name for part in parts}:
        return parts
    return (*parts, SIGNING, PORTAL_FOR_PEOPLE)


def authority_options(parts: tuple[PartSpec, ...], pki: Path) -> dict[str, list[str]]:
    """Options, by part, that give both the same authority."""
    named = {part.name for part in parts} & {PORTAL.name, SIGNING.name}
    return {name: ["--authority", str(pki.absolute())] for name in named}


def prepare_authority(pki: Path, say: Callable[[str], None], bits: int = AUTHORITY_BITS) -> Authority:
    """The authority in `pki`, made beforehand when there is none: two parts are about to open it at once."""
    try:
        return Authority(pki)
    except AuthorityError:
        say(f"Making the test authority in {pki}, once: its keys take some seconds.")
        return Authority.ensure(pki, bits=bits)
