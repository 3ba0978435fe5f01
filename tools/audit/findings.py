"""Findings of an audit: which check, where, what was found, and why that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

WHY: Final = {
    "file": "a ZIP keeps a checksum of each of its files; a broken one was damaged on its way",
    "summary": "archive.json was written from the same rows, so its counts and sums must be theirs",
    "number": "a register's documents are numbered without a gap as they come; a missing one was left out, "
    "a doubled one was written twice",
    "order": "rows stand newest first, so numbers and shifts never grow on the way down",
    "sign": "a fiscal sign is unique over the whole server (kz-ofd §13.1)",
    "shift": "a shift's number grows by one, and only behind the closing of the shift before (kz-ofd §8.1)",
    "z-report": "a Z-report counts and adds the receipts of its shift, wherever it lies (UZ-SHF-05)",
    "payments": "the payments of a ticket make up its total (kz-ofd T18)",
    "closing": "a Z report and the closing of its shift are one document and show the same revenue (AR-03)",
    "z-tickets": "a Z counts and adds its shift's tickets by operation and kind of payment (kz-ofd ZR-10)",
    "z-money": "a Z counts and adds the deposits and withdrawals of its shift (kz-ofd ZR-11)",
    "revenue": "revenue is sales and returned purchases less purchases and returned sales (kz-ofd ZR-14)",
    "cash": "the drawer holds what it held before, with the cash of the shift (kz-ofd ZR-13)",
    "total": "a non-nullable total is that of the start with the shift's sum: it only grows (kz-ofd ZR-15)",
    "chain": "a shift starts with the non-nullable totals that the one before ended with (kz-ofd ZR-09)",
    "csv": "all files of an archive are made from the same rows",
    "till": "an order shows the receipt that the module answered, and its money is what was sent (UZ-POS-01)",
    "operator": "every receipt is with the operator as it was sent, or still in the module (UZ-OFF-04)",
    "module": "the module counts every receipt once, sales and refunds apart, and leaves no number out "
    "(UZ-SHF-05)",
    "portal": "the owner sees what the point of sale sold, to the tiyin (BX-DATA-01)",
}
"""Why each check is made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is a file, a row or a shift; `text` what was found there and what was expected."""

    check: str
    place: str
    text: str

    @property
    def why(self) -> str:
        """Why it is wrong."""
        return WHY[self.check]


@dataclass(slots=True)
class Findings:
    """All of an audit, and how much was looked at."""

    found: list[Finding] = field(default_factory=list)
    looked: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def expect(self, check: str, place: str, name: str, found: object, expected: object) -> None:
        """One comparison; a difference is a finding."""
        self.looked[check] = self.looked.get(check, 0) + 1
        if found != expected:
            self.found.append(Finding(check, place, f"{name} is {found}, expected {expected}"))

    def add(self, check: str, place: str, text: str) -> None:
        """A finding that no comparison can say."""
        self.found.append(Finding(check, place, text))

    def take(self, others: Findings, where: str) -> None:
        """The findings and counts of a part; `where` is put before each place."""
        for check, count in others.looked.items():
            self.looked[check] = self.looked.get(check, 0) + count
        self.found += [replace(one, place=f"{where}{one.place}") for one in others]
