"""Drives that are wrong in a known way: the suites must find every one (HAR-08).

A defect is a subclass in place of a class of the kit, or of the dialect; several can be given at once and
stack. Each says in one sentence what a person would notice, and which clause it breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from reference.drive.core import Core, Kit
from reference.drive.defects_dialect import DIALECT_MISTAKES
from reference.drive.defects_gen1 import GENERATION_1_MISTAKES
from reference.drive.defects_registration import REGISTRATION_MISTAKES
from reference.drive.defects_sending import SENDING_MISTAKES
from reference.drive.dialects.communicator.dialect import CommunicatorDialect
from reference.drive.dialects.qpos.dialect import QposDialect
from reference.drive.dialects.rpc1.dialect import Rpc1Dialect
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.mistakes import Mistake
from reference.drive.rest import Answer, Asked, RestDialect
from reference.drive.settings import SettingsError

DEFECTS: Final[dict[str, Mistake]] = {
    mistake.name: mistake
    for mistake in (*REGISTRATION_MISTAKES, *SENDING_MISTAKES, *DIALECT_MISTAKES, *GENERATION_1_MISTAKES)
}
"""Every defect by its name."""
FACE_PREFIXES: Final = {
    "drive-rpc": ("rpc-", "gen1-"),
    "drive-qpos": ("qpos-",),
    "drive-communicator": ("epos-",),
}
"""How the names of the defects of a dialect with a port of its own begin."""


def defects_of(target: str) -> list[str]:
    """Names of the defects that are about a kind of target: `drive` is REST and the core."""
    others = tuple(prefix for prefixes in FACE_PREFIXES.values() for prefix in prefixes)
    own = FACE_PREFIXES.get(target)
    return sorted(name for name in DEFECTS if (name.startswith(own) if own else not name.startswith(others)))


Passing = Callable[[], AbstractContextManager[Core]]
OWN_PLACES: Final = ("dialect", "rpc1", "qpos", "communicator", "generation")
"""Places of a Build that are not in the kit."""


class Face(Protocol):
    """A dialect with a port of its own."""

    path: str

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request; never raises."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a drive is built of."""

    kit: Kit = field(default_factory=Kit)
    dialect: type[RestDialect] = RestDialect
    rpc1: type[Rpc1Dialect] = Rpc1Dialect
    qpos: type[QposDialect] = QposDialect
    communicator: type[CommunicatorDialect] = CommunicatorDialect
    generation: type[Generation1] = Generation1

    def faces(self, passing: Passing) -> dict[str, Face]:
        """The dialects besides REST by name, around the core that `passing` gives."""
        return {
            "rpc": self.rpc1(passing, self.generation),
            "qpos": self.qpos(passing, self.generation),
            "communicator": self.communicator(passing, self.generation),
        }


def build_with(names: Sequence[str]) -> Build:
    """The build with these defects; SettingsError names the known ones for an unknown name."""
    build = Build()
    for name in names:
        mistake = DEFECTS.get(name)
        if mistake is None:
            raise SettingsError(f"setting defects: {name!r} is not one of {', '.join(sorted(DEFECTS))}")
        for place, mixin in mistake.parts:
            build = _mixed_in(build, place, mixin)
    return build


def _mixed_in(build: Build, place: str, mixin: type) -> Build:
    if place in OWN_PLACES:
        own: Any = _combined(mixin, getattr(build, place))
        return replace(build, **{place: own})
    combined: Any = _combined(mixin, getattr(build.kit, place))
    return replace(build, kit=replace(build.kit, **{place: combined}))


def _combined(mixin: type, base: type[Any]) -> type[Any]:
    """The mistake in front of what stands there already, so that several in one place all act."""
    return type(f"{mixin.__name__}{base.__name__}", (mixin, base), {})
