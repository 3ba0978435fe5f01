"""What a defect is: a name, a sentence, a clause, and the classes that stand in for right ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One named mistake. `parts` pairs a place in the kit (or `dialect`) with the class that makes it
    wrong."""

    name: str
    sentence: str
    clause: str
    parts: tuple[tuple[str, type], ...]
