"""What Z reports must say of themselves and of each other (kz-ofd §9.1), read newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tools.audit.findings import Findings

OPERATIONS: Final = ("BUY", "BUY_RETURN", "SELL", "SELL_RETURN")
REVENUE: Final = {"SELL": 1, "BUY_RETURN": 1, "SELL_RETURN": -1, "BUY": -1}
"""The sign of each operation, in the revenue and, of its cash, in the drawer."""


class Chain:
    """The Z reports of an archive, one after the other; where it is not `whole`, some may be missing."""

    def __init__(self, findings: Findings, *, whole: bool = True) -> None:
        self._findings = findings
        self._whole = whole
        self._later: tuple[int, Mapping[str, Any]] | None = None

    def add(self, shift: int, report: Mapping[str, Any], revenue: int) -> None:
        """The Z of an older shift than all before."""
        findings, place = self._findings, f"Z of shift {shift}"
        told = sum(sign * _of(report, f"ticket_operations.{name}.sum") for name, sign in REVENUE.items())
        findings.expect("revenue", place, "the revenue", revenue, told)
        for name in OPERATIONS:
            start = _of(report, f"start_shift_non_nullable_sums.{name}")
            grown = start + _of(report, f"ticket_operations.{name}.sum")
            end = _of(report, f"non_nullable_sums.{name}")
            findings.expect("total", place, f"the total of {name}", end, grown)
        if self._later is not None:
            self._link(shift, report)
        self._later = shift, report

    def _link(self, shift: int, report: Mapping[str, Any]) -> None:
        """What the shift behind this one must have begun with."""
        assert self._later is not None
        findings, (later, ahead) = self._findings, self._later
        place = f"Z of shift {later}"
        if self._whole:
            findings.expect("shift", place, "the number of the shift before", shift, later - 1)
        if shift != later - 1:
            return
        for name in OPERATIONS:
            start = _of(ahead, f"start_shift_non_nullable_sums.{name}")
            end = _of(report, f"non_nullable_sums.{name}")
            findings.expect("chain", place, f"the total of {name} at the start", start, end)
        flow = sum(
            sign * _of(ahead, f"ticket_operations.{name}.payments.CASH.sum") for name, sign in REVENUE.items()
        )
        flow += _of(ahead, "money_placements.DEPOSIT.sum") - _of(ahead, "money_placements.WITHDRAWAL.sum")
        findings.expect("cash", place, "the cash", _of(ahead, "cash_sum"), _of(report, "cash_sum") + flow)


def _of(report: Mapping[str, Any], name: str) -> int:
    """A figure; what does not stand in a report is 0."""
    value = report.get(name, 0)
    return value if isinstance(value, int) else 0
