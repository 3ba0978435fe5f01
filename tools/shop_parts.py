"""The shop of a lab: its tills and its owner's portal, as data beside the parts of the chain.

A till is a point of sale with a fiscal drive service and a module of its own. The operator and the owner's
portal are everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from conformance import lab_parts
from conformance.lab_parts import UZ_PARTS, PartSpec, Wire

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


@dataclass(frozen=True, slots=True)
class TillParts:
    """Names of a till's own parts in a lab; the first till's are the plain ones."""

    pos: str
    drive: str
    module: str

    @classmethod
    def of(cls, number: int) -> TillParts:
        """Those of the till `number`, counted from 1."""
        mark = "" if number == 1 else f"-{number}"
        return cls(*(f"{name}{mark}" for name in (POS.name, DRIVE, "module")))


def with_shop(parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
    """The parts of a lab with a shop, if it has the drive service that the shop sells through."""
    return (*parts, BACKOFFICE, POS) if DRIVE in {part.name for part in parts} else parts


def with_tills(tills: int) -> tuple[PartSpec, ...]:
    """The Uzbek chain with a shop of so many tills."""
    return (
        *with_shop(UZ_PARTS),
        *(part for number in range(2, tills + 1) for part in _till(number)),
    )


def _till(number: int) -> tuple[PartSpec, ...]:
    """The parts of one more till; its module counts the TerminalIDs and FactoryIDs on."""
    first, own = TillParts.of(1), TillParts.of(number)
    names = {first.pos: own.pos, first.drive: own.drive, first.module: own.module}
    identity = ("--terminal", f"ZZ{number - 1:012}", "--factory-id", f"{number:036x}")
    return tuple(
        replace(
            part,
            name=names[part.name],
            wires=tuple(replace(wire, part=names.get(wire.part, wire.part)) for wire in part.wires),
            options=(*part.options, *(identity if part.name == first.module else ())),
        )
        for part in with_shop(UZ_PARTS)
        if part.name in names
    )
