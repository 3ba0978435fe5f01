"""Fields whose value is chosen from a directory by its first letters: settlement, model, outlet.

With a script the list unfolds under the field; without one, «Найти» brings the form back with what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

FIND: Final = "find"
"""The button's name; its value is the field that is looked for."""
TYPED: Final = "_text"
"""Ends the name of the field that is typed in; the bare name carries the number chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry to choose."""

    id: int
    name: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Choosing:
    """A field of a form: what was typed, what is chosen, and what is found for it (None: not looked for)."""

    typed: str = ""
    chosen: Choice | None = None
    found: Sequence[Choice] | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Where a field's entries come from: by first letters, or by number (None for a number nobody has)."""

    find: Callable[[str], Sequence[Choice]]
    by_number: Callable[[int], Choice | None]


def choosing(name: str, form: Mapping[str, str], directory: Directory) -> Choosing:
    """How the field `name` stands in a form that was sent."""
    typed = form.get(name + TYPED, "")
    if form.get(FIND) == name:
        return Choosing(typed, None, directory.find(typed))
    number = form.get(name, "")
    known = number.isascii() and number.isdigit() and len(number) < 16
    chosen = directory.by_number(int(number)) if known else None
    return Choosing(typed, chosen)


def number_or_text(name: str, form: Mapping[str, str]) -> str:
    """What the rules are given: the number chosen, or a text that is none, so that they name the field."""
    typed = form.get(name + TYPED, "")
    return form.get(name) or (f"“{typed}”" if typed else "")
