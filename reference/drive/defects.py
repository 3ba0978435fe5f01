"""Drives that are wrong in a known way: the suites must find every one (HAR-08).

A defect is a subclass in place of a class of the kit, or of the dialect; several can be given at once and
stack. Each says in one sentence what a person would notice, and which clause it breaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reference.drive.core import Kit
from reference.drive.defects_dialect import DIALECT_MISTAKES
from reference.drive.defects_registration import REGISTRATION_MISTAKES
from reference.drive.defects_sending import SENDING_MISTAKES
from reference.drive.mistakes import Mistake
from reference.drive.rest import RestDialect
from reference.drive.settings import SettingsError

DEFECTS: Final[dict[str, Mistake]] = {
    mistake.name: mistake for mistake in (*REGISTRATION_MISTAKES, *SENDING_MISTAKES, *DIALECT_MISTAKES)
}
"""Every defect by its name."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a drive is built of."""

    kit: Kit = field(default_factory=Kit)
    dialect: type[RestDialect] = RestDialect


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
    if place == "dialect":
        return replace(build, dialect=_combined(mixin, build.dialect))
    combined: Any = _combined(mixin, getattr(build.kit, place))
    return replace(build, kit=replace(build.kit, **{place: combined}))


def _combined(mixin: type, base: type[Any]) -> type[Any]:
    """The mistake in front of what stands there already, so that several in one place all act."""
    return type(f"{mixin.__name__}{base.__name__}", (mixin, base), {})
