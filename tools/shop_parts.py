"""The shop of a lab: its point of sale and its owner's portal, as data beside the parts of the chain."""

from __future__ import annotations

from typing import Final

from conformance.lab_parts import PartSpec, Port, Wire

DRIVE: Final = "drive"
BACKOFFICE: Final = PartSpec(
    name="backoffice",
    module="reference.backoffice",
    ports=(Port("--port", "backoffice", 7793),),
    control="backoffice",
)
POS: Final = PartSpec(
    name="pos",
    module="reference.pos",
    ports=(Port("--port", "pos", 7792),),
    control="pos",
    wires=(
        Wire("--drive", DRIVE, "drive"),
        Wire("--backoffice", BACKOFFICE.name, "backoffice"),
    ),
    command=("serve",),
)


def with_shop(parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
    """The parts of a lab with a shop, if it has the drive service that the shop sells through."""
    return (*parts, BACKOFFICE, POS) if DRIVE in {part.name for part in parts} else parts
