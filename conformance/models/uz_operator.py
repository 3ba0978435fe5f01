"""An operator's ledger of one module by the judge's own arithmetic, to compare a long trade with.

Facts of receipts and Z-reports go in as they were sent; out comes what the operator must answer and hold
(uz-fiscal OF-20 … OF-24, OF-27, §11.7). Nothing here knows of files, signatures or bytes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

ACKNOWLEDGE, REJECT = 0, 1
PURCHASE, SALE = 0, 0
SUMS = ("cash", "card", "vat")


@dataclass(frozen=True, slots=True)
class ReceiptFact:
    """A receipt: sums in tiyin, `sign` empty for advance and credit.

    `content` is equal for two receipts exactly when all that the module signed of them is equal.
    """

    number: int
    time: datetime
    sign: str
    type: int
    operation: int
    cash: int
    card: int
    vat: int
    content: Hashable


@dataclass(frozen=True, slots=True)
class ShiftFact:
    """A Z-report: sums as (of sales, of refunds) in tiyin; `content` as for receipts."""

    close_time: datetime
    first: int
    last: int
    sales: int
    refunds: int
    cash: tuple[int, int]
    card: tuple[int, int]
    vat: tuple[int, int]
    content: Hashable


@dataclass(slots=True)
class Ledger:
    """What an operator holds of one module."""

    receipts: dict[int, ReceiptFact] = field(default_factory=dict)
    complete: set[int] = field(default_factory=set)
    """Numbers of receipts whose items have come."""
    shifts: dict[datetime, ShiftFact] = field(default_factory=dict)

    def receive(self, fact: ReceiptFact, *, with_items: bool) -> int:
        """File status of a receipt: taken once, other content under its number refused (OF-20, OF-21)."""
        held = self.receipts.setdefault(fact.number, fact)
        if held.content != fact.content:
            return REJECT
        if with_items:
            self.complete.add(fact.number)
        return ACKNOWLEDGE

    def receive_shift(self, fact: ShiftFact) -> int:
        """File status of a Z-report: one to a close time (OF-27)."""
        held = self.shifts.setdefault(fact.close_time, fact)
        return ACKNOWLEDGE if held.content == fact.content else REJECT

    def confirm(self, number: int, time: datetime, sign: str) -> int:
        """File status of a query: all values those of one sale of type purchase (§11.7)."""
        held = self.receipts.get(number)
        if held is None or (held.type, held.operation) != (PURCHASE, SALE):
            return REJECT
        return ACKNOWLEDGE if (held.time, held.sign) == (time, sign) else REJECT

    def gaps(self) -> list[tuple[int, int]]:
        """Runs of numbers that are missing from 1 to the highest held, as first and last (OF-22)."""
        found: list[tuple[int, int]] = []
        for number in range(1, max(self.receipts, default=0)):
            if number in self.receipts:
                continue
            if found and found[-1][1] == number - 1:
                found[-1] = (found[-1][0], number)
            else:
                found.append((number, number))
        return found

    def flags(self, shift: ShiftFact) -> dict[str, tuple[int, int]]:
        """Fields of a Z-report that disagree with the receipts from its first to its last number (OF-22)."""
        inside = [fact for number, fact in self.receipts.items() if shift.first <= number <= shift.last]
        found = {}
        for at, kind, count in ((0, "sale", shift.sales), (1, "refund", shift.refunds)):
            own = [fact for fact in inside if fact.operation == at]
            pairs = {f"{kind}s": (count, len(own))}
            for name in SUMS:
                pairs[f"{name}_{kind}"] = (getattr(shift, name)[at], sum(getattr(fact, name) for fact in own))
            found.update({name: pair for name, pair in pairs.items() if pair[0] != pair[1]})
        return found
