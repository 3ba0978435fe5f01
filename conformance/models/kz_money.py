"""The judge's own books of a Kazakh register: every figure of an X or Z is a plain sum over documents
(kz-ofd §8, §9.1).

Written from the text of the rules alone; nothing here calls the counters under test. `Books` take tickets,
deposits and withdrawals one by one and say what a report must hold, by the names that
`reference.protocol.kz.reports.figures` gives the figures of a report that came: what is zero does not stand.
Sums are tiyn, times naive local time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reference.protocol.kz.documents import CloseShift, MoneyPlacement
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.tickets import Line, Modifier, TaxEntry, Ticket

Figures = dict[str, int | str]
Entry = Ticket | MoneyPlacement

OPERATIONS: Final = ("BUY", "BUY_RETURN", "SELL", "SELL_RETURN")
PAYMENTS: Final = ("CASH", "CARD", "CREDIT", "TARE", "MOBILE")
PLACEMENTS: Final = ("DEPOSIT", "WITHDRAWAL")
REVENUE: Final = {"SELL": 1, "BUY_RETURN": 1, "SELL_RETURN": -1, "BUY": -1}
"""What adds to the revenue and what takes from it (ZR-14); the same signs move cash (ZR-13)."""
CASH, COMMODITY, STORNO_COMMODITY = 0, 1, 2
MARKUP, STORNO_MARKUP, DISCOUNT, STORNO_DISCOUNT = 3, 4, 5, 6

NOT_IN_124: Final = (
    ".offline_count",
    ".discount_sum",
    ".markup_sum",
    ".change_sum",
    "open_shift_time",
    "close_shift_time",
)
"""Ends of the figures that a report of 1.2.4 has no field for (kz-ofd §12.1)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes from one shift into the next: the last shift's number, the drawer, and what never resets."""

    shift_number: int = 0
    cash: int = 0
    non_nullable: Mapping[str, int] = field(default_factory=dict)
    tickets: Mapping[str, int] = field(default_factory=dict)
    placements: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, report: ReportData) -> Carried:
        """What a Z leaves behind, for a register whose earlier documents nobody knows."""
        return cls(
            report.shift_number,
            report.cash,
            {OPERATIONS[row.operation]: row.sum for row in report.non_nullable},
            {OPERATIONS[row.operation]: row.total_count for row in report.tickets},
            {PLACEMENTS[row.operation]: row.total_count for row in report.placements},
        )


class Books:
    """One register since the shift that `carried` describes was closed."""

    def __init__(self, carried: Carried | None = None) -> None:
        self.carried = carried or Carried()
        self.opened: datetime | None = None
        self.entries: list[Entry] = []
        self.cancelled: list[Ticket] = []

    # what is known at any time

    @property
    def is_open(self) -> bool:
        """Whether a document has opened a shift (kz-ofd §8.1)."""
        return self.opened is not None

    @property
    def shift_number(self) -> int:
        """Number of the open shift, or of the one to come."""
        return self.carried.shift_number + 1

    @property
    def cash(self) -> int:
        """The drawer (ZR-13)."""
        return self.carried.cash + sum(map(moved_cash, self.entries))

    @property
    def non_nullable(self) -> dict[str, int]:
        """Sums since registration by operation (ZR-15)."""
        found = Counter(dict(self.carried.non_nullable))
        for ticket in self._tickets():
            found[_operation(ticket)] += ticket.total or 0
        return {name: found[name] for name in OPERATIONS if found[name]}

    # what happens

    def begin(self, carried: Carried) -> None:
        """Forget all there is and begin behind the shift that was closed so."""
        self.carried = carried
        self.opened, self.entries, self.cancelled = None, [], []

    def add(self, entry: Entry) -> None:
        """A ticket, deposit or withdrawal was accepted; the first one opens the shift."""
        if self.opened is None:
            self.opened = entry.time
        self.entries.append(entry)

    def cancel(self) -> Ticket:
        """The last ticket is taken back out of everything but tickets_total_count (kz-ofd §3.8)."""
        ticket = self.entries.pop()
        assert isinstance(ticket, Ticket)
        self.cancelled.append(ticket)
        return ticket

    def z_of(self, document: CloseShift) -> Figures:
        """The figures of the Z that `document` would bring; nothing happens."""
        copy = Books(self.carried)
        copy.opened, copy.entries, copy.cancelled = self.opened, list(self.entries), list(self.cancelled)
        return copy.close(document)

    def close(self, document: CloseShift) -> Figures:
        """The shift ends: the figures of its Z (kz-ofd §8.2)."""
        if document.withdraw_money and self.cash > 0:
            rest = MoneyPlacement(1, document.time, self.cash, is_offline=document.is_offline)
            self.entries.append(rest)
        figures = self.report(closed=document.time)
        self.carried = Carried(
            self.shift_number,
            self.cash,
            self.non_nullable,
            self._ticket_totals(),
            self._placement_totals(),
        )
        self.opened, self.entries, self.cancelled = None, [], []
        return figures

    # reports

    def report(self, *, closed: datetime | None = None) -> Figures:
        """The figures of the X of this moment, or of the Z that closes the shift at `closed`."""
        found: Counter[str] = Counter()
        found["shift_number"] = self.shift_number
        for name, total in self.carried.non_nullable.items():
            found[f"start_shift_non_nullable_sums.{name}"] = total
        for name, total in self.non_nullable.items():
            found[f"non_nullable_sums.{name}"] = total
        for ticket in self._tickets():
            found.update(ticket_figures(ticket))
        for name, count in self._ticket_totals().items():
            found[f"ticket_operations.{name}.total_count"] = count
        for placement in self._placements():
            found.update(placement_figures(placement))
        for name, count in self._placement_totals().items():
            found[f"money_placements.{name}.total_count"] = count
        found["cash_sum"] = self.cash
        figures: Figures = {name: value for name, value in found.items() if value}
        for name, time in (("open_shift_time", self.opened), ("close_shift_time", closed)):
            if time is not None:
                figures[name] = time.isoformat()
        return figures

    def _tickets(self) -> list[Ticket]:
        return [entry for entry in self.entries if isinstance(entry, Ticket)]

    def _placements(self) -> list[MoneyPlacement]:
        return [entry for entry in self.entries if isinstance(entry, MoneyPlacement)]

    def _ticket_totals(self) -> dict[str, int]:
        found = Counter(dict(self.carried.tickets))
        found.update(_operation(ticket) for ticket in (*self._tickets(), *self.cancelled))
        return dict(found)

    def _placement_totals(self) -> dict[str, int]:
        found = Counter(dict(self.carried.placements))
        found.update(PLACEMENTS[placement.operation or 0] for placement in self._placements())
        return dict(found)


def moved_cash(entry: Entry) -> int:
    """What an entry puts into the drawer; less than 0: takes out of it (ZR-13)."""
    if isinstance(entry, MoneyPlacement):
        total = entry.sum or 0
        return total if entry.operation == 0 else -total
    return REVENUE[_operation(entry)] * entry.paid(CASH)


def ticket_figures(ticket: Ticket) -> Counter[str]:
    """What one ticket adds to a report (ZR-03…ZR-08, ZR-10, ZR-14)."""
    name = _operation(ticket)
    found: Counter[str] = Counter()
    for item in ticket.items:
        if isinstance(item, Line):
            _add_line(found, item, name)
        elif isinstance(item, Modifier):
            _add_modifier(found, item.type or 0, item, name)
    for kind, modifier in ((DISCOUNT, ticket.discount), (MARKUP, ticket.markup)):
        if modifier is not None:
            _add_modifier(found, kind, modifier, name)
    _add_taxes(found, ticket.taxes, name, ticket.total or 0, 1)
    row = f"ticket_operations.{name}"
    found[f"{row}.count"] += 1
    found[f"{row}.sum"] += ticket.total or 0
    found[f"{row}.offline_count"] += ticket.offline_number is not None
    found[f"{row}.change_sum"] += ticket.change or 0
    found[f"{row}.discount_sum"] += ticket.discount.sum or 0 if ticket.discount else 0
    found[f"{row}.markup_sum"] += ticket.markup.sum or 0 if ticket.markup else 0
    for payment in ticket.payments:
        place = f"{row}.payments.{PAYMENTS[payment.type or 0]}"
        found[f"{place}.sum"] += payment.sum or 0
        found[f"{place}.count"] += 1
    found["revenue"] += REVENUE[name] * (ticket.total or 0)
    return found


def placement_figures(placement: MoneyPlacement) -> Counter[str]:
    """What one deposit or withdrawal adds to a report (ZR-11)."""
    row = f"money_placements.{PLACEMENTS[placement.operation or 0]}"
    return Counter(
        {
            f"{row}.count": 1,
            f"{row}.sum": placement.sum or 0,
            f"{row}.offline_count": int(placement.is_offline),
        }
    )


def known_to_124(figures: Mapping[str, int | str]) -> Figures:
    """The figures that a report of 1.2.4 can hold; the number of payments is not among them."""
    return {
        name: value
        for name, value in figures.items()
        if not name.endswith(NOT_IN_124) and not (".payments." in name and name.endswith(".count"))
    }


def _operation(ticket: Ticket) -> str:
    return OPERATIONS[ticket.operation or 0]


def _add_line(found: Counter[str], line: Line, name: str) -> None:
    sold = line.type == COMMODITY
    total = (line.sum or 0) if sold else -(line.sum or 0)
    for place in (f"sections[{line.section}].{name}", f"operations.{name}", f"total_result.{name}"):
        found[f"{place}.count"] += int(sold)
        found[f"{place}.sum"] += total
    _add_taxes(found, line.taxes, name, line.sum or 0, 1 if sold else -1)


def _add_modifier(found: Counter[str], kind: int, modifier: Modifier, name: str) -> None:
    """ZR-05, ZR-06: a storno takes its sum back and counts for nothing."""
    discount = kind in (DISCOUNT, STORNO_DISCOUNT)
    plain = kind in (DISCOUNT, MARKUP)
    total = (modifier.sum or 0) if plain else -(modifier.sum or 0)
    row = f"{'discounts' if discount else 'markups'}.{name}"
    found[f"{row}.count"] += int(plain)
    found[f"{row}.sum"] += total
    found[f"total_result.{name}.sum"] += -total if discount else total
    sign = -1 if discount == plain else 1
    _add_taxes(found, modifier.taxes, name, modifier.sum or 0, sign)


def _add_taxes(found: Counter[str], taxes: Iterable[TaxEntry], name: str, base: int, sign: int) -> None:
    """ZR-08: what stands on lines or the ticket adds, what stands on a discount takes away."""
    for tax in taxes:
        row, amount = f"taxes[{tax.percent}].{name}", tax.sum or 0
        found[f"{row}.turnover"] += sign * base
        found[f"{row}.sum"] += sign * amount
        found[f"{row}.turnover_without_tax"] += sign * (base - amount)
