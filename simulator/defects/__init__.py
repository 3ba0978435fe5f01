"""Realistic mistakes a module can be given, so that a judge can be seen to find them (uz-fiscal §5, §6).

Each is a function from a rule book to another one: a check less or another question, another effect, action
or encoder. `--defect NAME` and the setting `defects` switch them on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from simulator.defects import answers, operator, receipts, time
from simulator.defects.defect import Defect
from simulator.rulebook import RULES, RuleBook
from simulator.settings import SettingsError

__all__ = ["DEFECTS", "Defect", "rules_with"]

DEFECTS: Final[dict[str, Defect]] = {
    found.name: found
    for module in (time, receipts, operator, answers)
    for found in vars(module).values()
    if isinstance(found, Defect)
}
"""All mistakes by name."""


@lru_cache(maxsize=256)
def rules_with(names: tuple[str, ...] = ()) -> RuleBook:
    """The rules of a module that makes these mistakes; SettingsError for a name that is not in DEFECTS."""
    book = RULES
    for name in names:
        if name not in DEFECTS:
            raise SettingsError("defects", "unknown", f"{name!r} is none of {', '.join(sorted(DEFECTS))}")
        book = DEFECTS[name].alter(book)
    return book
