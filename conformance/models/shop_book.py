"""What an owner portal must show of what points of sale have told: the judge's own sums, order by order.

An order counts once it is completed, at the hour it was closed in Tashkent; a refund counts below zero and is
no order. Of an order that was told again only the last word counts (BX-DSH-01, BX-S-4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from reference.protocol.uz.values import TASHKENT

FIGURES: Final = ("revenue", "product_profit", "surcharge", "orders")


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    @property
    def before(self) -> Period:
        """As many days just before."""
        span = (self.last - self.first).days + 1
        return Period(self.first - timedelta(days=span), self.first - timedelta(days=1))

    def query(self) -> dict[str, str]:
        """As the API is asked."""
        return {"first": str(self.first), "last": str(self.last)}


@dataclass(slots=True)
class ShopBook:
    """All that the points of sale of one owner have told; rows go by branch and the key they have there."""

    orders: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    payments: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    products: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    staff: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)

    def take(self, branch: int, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """Write down a change that the portal has acknowledged."""
        rows = {
            "order": self.orders,
            "payment": self.payments,
            "product": self.products,
            "employee": self.staff,
        }
        if kind in rows:
            rows[kind][branch, key] = body

    def figures(self, period: Period, branch: int | None = None) -> dict[str, int]:
        """Revenue, profit of products, surcharges, how many orders."""
        made = dict.fromkeys(FIGURES, 0)
        for sign, _, order in self._counted(period, branch):
            made["revenue"] += sign * order["total"]
            made["surcharge"] += sign * order["surcharge"]
            made["product_profit"] += sign * (order["total"] - order["surcharge"] - order["spent"])
            made["orders"] += sign > 0
        return made

    def hours(self, period: Period, branch: int | None = None) -> list[int]:
        """Orders by hour of the day."""
        made = [0] * 24
        for sign, _, order in self._counted(period, branch):
            if sign > 0:
                made[closed_at(order).hour] += 1
        return made

    def sold(
        self, period: Period | None = None, branch: int | None = None
    ) -> dict[tuple[int, str], tuple[int, int]]:
        """Thousandths and tiyin by product."""
        amounts: Counter[tuple[int, str]] = Counter()
        sums: Counter[tuple[int, str]] = Counter()
        for sign, place, order in self._counted(period, branch):
            for line in order["lines"]:
                if line["product"] is not None:
                    amounts[place, str(line["product"])] += sign * line["amount"]
                    sums[place, str(line["product"])] += sign * line["sum"]
        return {key: (amounts[key], sums[key]) for key in amounts}

    def served(
        self, period: Period | None = None, branch: int | None = None
    ) -> dict[tuple[int, str], tuple[int, int]]:
        """Orders and tiyin by employee."""
        counts: Counter[tuple[int, str]] = Counter()
        sums: Counter[tuple[int, str]] = Counter()
        for sign, place, order in self._counted(period, branch):
            counts[place, str(order["employee"])] += sign > 0
            sums[place, str(order["employee"])] += sign * order["total"]
        return {key: (counts[key], sums[key]) for key in sums}

    def people(
        self, period: Period | None = None, branch: int | None = None
    ) -> dict[tuple[str, str], tuple[int, int]]:
        """Orders and tiyin by name and role: who works at several tills is one person."""
        made: dict[tuple[str, str], tuple[int, int]] = {}
        for key, (orders, revenue) in self.served(period, branch).items():
            person = self.staff.get(key)
            if person is not None:
                who = (f"{person['first_name']} {person['last_name']}", str(person["role"]))
                had = made.get(who, (0, 0))
                made[who] = (had[0] + orders, had[1] + revenue)
        return made

    def categories(self, period: Period, branch: int | None = None) -> dict[str, int]:
        """Tiyin by category."""
        made: Counter[str] = Counter()
        for key, (_, total) in self.sold(period, branch).items():
            made[self.products[key]["category"]] += total
        return dict(made)

    def paid(self, branch: int | None = None) -> tuple[int, int]:
        """How many payments there are, and what those come to that were not lost or still wait."""
        rows = [body for (place, _), body in self.payments.items() if branch in (None, place)]
        return len(rows), sum(row["amount"] for row in rows if row["state"] in ("confirmed", "returned"))

    def _counted(
        self, period: Period | None, branch: int | None
    ) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
        for (place, _), order in self.orders.items():
            if order["state"] != "completed" or branch not in (None, place):
                continue
            if period is None or period.first <= closed_at(order).date() <= period.last:
                yield (-1 if order["refund_of"] else 1), place, order


def closed_at(order: Mapping[str, Any]) -> datetime:
    """When an order was closed, in Tashkent."""
    return datetime.fromisoformat(order["closed"]).astimezone(TASHKENT)


def fits_percent(shown: Any, now: int, before: int) -> bool:
    """Whether a percent is that of the change, to the nearest whole; None where there was nothing before."""
    if not before:
        return shown is None
    if isinstance(shown, bool) or not isinstance(shown, int):
        return False
    return abs(shown * abs(before) - (now - before) * 100) * 2 <= abs(before)
