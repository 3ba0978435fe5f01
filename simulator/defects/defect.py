"""What a defect is: a named function from a rule book to another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from simulator.rulebook import RuleBook

Alteration: TypeAlias = Callable[[RuleBook], RuleBook]


@dataclass(frozen=True, slots=True)
class Defect:
    """A mistake: its name, what the module does wrong in one sentence, the clause it breaks."""

    name: str
    description: str
    clause: str
    alter: Alteration


def defect(clause: str) -> Callable[[Alteration], Defect]:
    """Make a defect of a function: its name with hyphens, its docstring the sentence."""

    def make(alter: Alteration) -> Defect:
        assert alter.__doc__ is not None
        return Defect(alter.__name__.replace("_", "-"), alter.__doc__, clause, alter)

    return make
