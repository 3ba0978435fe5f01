"""The shop of a lab: its point of sale and its owner's portal, as data beside the parts of the chain."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conformance import lab_parts
from conformance.lab_parts import PartSpec, Wire

DRIVE: Final = "drive"
BACKOFFICE: Final = replace(lab_parts.BACKOFFICE, options=())
"""With the limits on logins that people meet; a judge has others."""
POS: Final = replace(
    lab_parts.POS,
    wires=(
        Wire("--drive", DRIVE, "drive"),
        Wire("--backoffice", BACKOFFICE.name, "backoffice"),
    ),
)


def with_shop(parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
    """The parts of a lab with a shop, if it has the drive service that the shop sells through."""
    return (*parts, BACKOFFICE, POS) if DRIVE in {part.name for part in parts} else parts
