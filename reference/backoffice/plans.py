"""Plans: what an owner can subscribe to (BX-SUB-01, BX-SUB-02). Names and prices are made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reference.runtime.words import Words


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan; prices in tiyin, None where it cannot be bought."""

    key: str
    name: str
    month: int | None
    year: int | None
    terminals: int
    branches: int
    features: tuple[Words, ...]


_REPORTS: Final = Words("Hisobotlar", "Отчёты", "Reports")
_BRANCHES: Final = Words("Filiallar bo'yicha tahlil", "Анализ по филиалам", "Analysis by branch")
_SUPPORT: Final = Words("Tezkor yordam", "Быстрая поддержка", "Quick support")

PLANS: Final[Mapping[str, Plan]] = {
    plan.key: plan
    for plan in (
        Plan("trial", "Sinov", None, None, 1, 1, (_REPORTS,)),
        Plan("start", "Boshlang'ich", 99_000_00, 990_000_00, 1, 1, (_REPORTS,)),
        Plan("professional", "Professional", 249_000_00, 2_490_000_00, 5, 5, (_REPORTS, _BRANCHES)),
        Plan("network", "Tarmoq", 590_000_00, 5_900_000_00, 50, 50, (_REPORTS, _BRANCHES, _SUPPORT)),
    )
}
"""All plans by key."""
MONTHS: Final = (1, 12)
"""Periods that can be bought."""


def price_of(plan: Plan, months: int) -> int | None:
    """What a period costs, None where it is not sold."""
    return plan.month if months == 1 else plan.year if months == 12 else None
