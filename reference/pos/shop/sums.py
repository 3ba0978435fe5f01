"""The sums of an order: pure functions over its lines, the same for page, payment and fiscal receipt.

The surcharge of a place is a line of its own on the receipt (a service with its MXIK), so that the sum of the
lines is what is paid. A discount on the whole order is spread over the lines by their value, to the tiyin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reference.pos.order import THOUSAND

PERCENT_PARTS = 100_00


@dataclass(frozen=True, slots=True)
class LineSum:
    """What a line costs: `price` of a unit, `amount` in thousandths, `discount` of the whole line."""

    price: int
    amount: int
    discount: int = 0
    cost: int = 0

    @property
    def total(self) -> int:
        """Before discount, half a tiyin rounded up (uz-fiscal §2.1 Price)."""
        return (self.price * self.amount + THOUSAND // 2) // THOUSAND

    @property
    def net(self) -> int:
        """After its own discount."""
        return self.total - self.discount

    @property
    def spent(self) -> int:
        """What the goods cost the shop."""
        return (self.cost * self.amount + THOUSAND // 2) // THOUSAND


@dataclass(frozen=True, slots=True)
class OrderSum:
    """All sums of an order, in tiyin; `lines` are what each line comes to after every discount."""

    goods: int
    discount: int
    surcharge: int
    lines: tuple[int, ...]
    spent: int

    @property
    def total(self) -> int:
        """What is to be paid."""
        return sum(self.lines) + self.surcharge

    @property
    def profit(self) -> int:
        """Of goods and surcharge together."""
        return self.total - self.spent


def sum_order(lines: Sequence[LineSum], discount: int, surcharge: int) -> OrderSum:
    """Sums of `lines` with a discount on all of them (tiyin), and a surcharge in hundredths of a percent.

    The surcharge is taken from what is left after the discounts.
    """
    nets = [line.net for line in lines]
    parts = spread(min(discount, sum(nets)), nets)
    left = tuple(net - part for net, part in zip(nets, parts, strict=True))
    added = (sum(left) * surcharge + PERCENT_PARTS // 2) // PERCENT_PARTS
    spent = sum(line.spent for line in lines)
    return OrderSum(sum(line.total for line in lines), sum(parts), added, left, spent)


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """Parts of `whole` by weight that are together `whole`, none above its weight where `whole` fits in."""
    total = sum(weights)
    parts, before, given = [], 0, 0
    for weight in weights:
        before += weight
        upto = whole * before // total if total else 0
        parts.append(upto - given)
        given = upto
    return parts
