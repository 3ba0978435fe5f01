"""Deliberate mistakes of a register, by name: what a conformance suite must be able to find.

Each is the correct rules with one thing replaced (`--defect NAME`, or `defects` in the settings). None of
the code that sends, stores and prints knows about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reference.kkm.rules import Rules, correct_rules
from reference.kkm.settings import RegisterSettings

Change = Callable[[Rules], Rules]


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the register does wrong, the clause it breaks, and how the rules are changed."""

    name: str
    sentence: str
    clause: str
    change: Change


class UnknownDefectError(ValueError):
    """There is no defect of that name."""


def rules_with_defects(settings: RegisterSettings) -> Rules:
    """The correct rules with the mistakes that the settings name; UnknownDefectError otherwise."""
    rules = correct_rules()
    for name in settings.defects:
        defect = DEFECTS.get(name)
        if defect is None:
            raise UnknownDefectError(f"defects: {name!r} is not one of {', '.join(DEFECTS)}")
        rules = defect.change(rules)
    return rules


_TABLE: Final[tuple[Defect, ...]] = ()

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
