"""An archive walked through from its first row to its last, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final

from reference.protocol.kz.money import money_text
from tools.audit.archive import Archive
from tools.audit.chain import Chain
from tools.audit.findings import Findings

Record = Mapping[str, Any]
_SUM: Final = 3
_SIGN: Final = 1


def audit(archive: Archive) -> Findings:
    """Everything that is wrong with an archive. InputError when it cannot be read to its end."""
    findings = Findings()
    broken = archive.broken()
    if broken is not None:
        findings.add("file", broken, "its checksum is another")
        return findings
    for name in archive.summary.get("formats", ()):
        if f"{archive.table}.{name}" not in archive.names:
            findings.add("file", f"{archive.table}.{name}", "archive.json names it, and it is not there")
    counted = _Counted()
    walk = _WALKS[archive.table](findings, archive.summary)
    for row, record in archive.records():
        counted.add(record)
        walk.add(row, record)
    walk.end()
    counted.compare(findings, archive.summary)
    if archive.table == "transactions" and "transactions.csv" in archive.names:
        _compare_csv(findings, archive)
    return findings


@dataclass(slots=True)
class _Counted:
    """What the summary must say."""

    kinds: Counter[str] = field(default_factory=Counter)
    tickets: dict[str, list[int]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        self.kinds[str(record.get("kind"))] += 1
        if record.get("kind") == "ticket" and not record.get("cancelled"):
            entry = self.tickets.setdefault(str(record.get("operation")), [0, 0])
            entry[0] += 1
            entry[1] += record["sum"]

    def compare(self, findings: Findings, summary: Record) -> None:
        place = "archive.json"
        findings.expect("summary", place, "rows", summary.get("rows"), self.kinds.total())
        findings.expect("summary", place, "kinds", summary.get("kinds"), dict(self.kinds))
        told = {name: {"count": one[0], "sum": one[1]} for name, one in sorted(self.tickets.items())}
        findings.expect("summary", place, "tickets", summary.get("tickets"), told)


class _Shift:
    """The rows of one shift, gathered until its oldest one is read."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sums: Counter[str] = Counter()
        self.report: Record | None = None

    def take(self, record: Record) -> None:
        """Count a ticket or a placement as the shift's Z does."""
        operation, kind = record.get("operation"), record["kind"]
        if kind == "ticket" and not record.get("cancelled"):
            place = f"ticket_operations.{operation}"
            self.sums[f"{place}.count"] += 1
            self.sums[f"{place}.sum"] += record["sum"]
            for payment in record.get("payments", ()):
                self.sums[f"{place}.payments.{payment['type']}.sum"] += payment["sum"]
        elif kind == "money":
            self.sums[f"money_placements.{operation}.count"] += 1
            self.sums[f"money_placements.{operation}.sum"] += record["sum"]


class _Transactions:
    """The walk through «Транзакции»."""

    def __init__(self, findings: Findings, summary: Record) -> None:
        self._findings = findings
        wanted = summary.get("filter") or {}
        self._contiguous = summary.get("contiguous", True)
        self._chain = Chain(findings, whole=self._contiguous)
        self._whole_shifts = not (wanted.get("first") or wanted.get("last"))
        self._signs: set[int] = set()
        self._number: int | None = None
        self._shift: _Shift | None = None
        self._revenue: tuple[int, int] | None = None

    def add(self, row: int, record: Record) -> None:
        place = f"row {row}, document {record['number']}"
        kind = record["kind"]
        if kind != "x":
            self._numbered(place, record)
        self._shifted(place, record)
        assert self._shift is not None
        if kind == "ticket":
            self._findings.expect("sign", place, "doubled sign", hash(record["sign"]) in self._signs, False)
            self._signs.add(hash(record["sign"]))
            payments = record.get("payments", ())
            if payments:
                paid = sum(payment["sum"] for payment in payments)
                self._findings.expect("payments", place, "the sum of payments", paid, record["sum"])
        if kind == "z":
            report = record.get("report", {})
            self._shift.report = report
            self._revenue = record["number"], record["sum"]
            self._chain.add(record["shift"], report, record["sum"])
        self._shift.take(record)

    def end(self) -> None:
        if self._shift is not None:
            # The oldest shift is whole if nothing came before it, or if whole shifts were asked for.
            self._close(whole=self._whole_shifts or self._number == 1)

    def _numbered(self, place: str, record: Record) -> None:
        number = record["number"]
        if record["kind"] == "closing":
            self._findings.expect("closing", place, "the Z above", self._revenue, (number, record["sum"]))
            return
        if self._number is not None:
            if number >= self._number:
                self._findings.add("number", place, f"it stands below document {self._number}")
            elif self._contiguous:
                self._findings.expect("number", place, "its number", number, self._number - 1)
        self._number = number

    def _shifted(self, place: str, record: Record) -> None:
        shift = record["shift"]
        if self._shift is None:
            self._shift = _Shift(shift)
        elif shift != self._shift.number:
            if shift > self._shift.number:
                self._findings.add("order", place, f"shift {shift} stands below shift {self._shift.number}")
            elif record["kind"] != "z":
                text = f"shift {shift} ends without its Z and closing"
                self._findings.add("shift", place, text)
            self._close(whole=self._contiguous)
            self._shift = _Shift(shift)

    def _close(self, *, whole: bool) -> None:
        """Compare a shift's rows with its Z, if all of them were read."""
        shift = self._shift
        if shift is None or shift.report is None or not whole:
            return
        place = f"shift {shift.number}"
        names = [name for name in shift.report if _is_counted(name)]
        for name in sorted({*names, *shift.sums}):
            if name == "money_placements.WITHDRAWAL.count" or name == "money_placements.WITHDRAWAL.sum":
                continue
            check = "z-money" if name.startswith("money") else "z-tickets"
            self._findings.expect(check, place, name, shift.report.get(name, 0), shift.sums.get(name, 0))
        self._withdrawn(place, shift)

    def _withdrawn(self, place: str, shift: _Shift) -> None:
        """Withdrawals: those of documents, and the one that a closing may bring (kz-ofd §8.2)."""
        assert shift.report is not None
        name = "money_placements.WITHDRAWAL"
        count = shift.report.get(f"{name}.count", 0) - shift.sums.get(f"{name}.count", 0)
        total = shift.report.get(f"{name}.sum", 0) - shift.sums.get(f"{name}.sum", 0)
        possible = (count == 0 and total == 0) or (
            count == 1 and total > 0 and not shift.report.get("cash_sum")
        )
        text = f"withdrawals of the Z beyond those of documents: {count}, {money_text(total)}"
        self._findings.expect("z-money", place, text, possible, True)


def _is_counted(name: str) -> bool:
    """Whether the rows of a shift tell this figure of its Z."""
    if name.startswith("money_placements."):
        return name.endswith((".count", ".sum")) and not name.endswith("total_count")
    if not name.startswith("ticket_operations."):
        return False
    parts = name.split(".")
    return parts[2:] in (["count"], ["sum"]) or (
        len(parts) == 5 and parts[2] == "payments" and parts[4] == "sum"
    )


class _Reports:
    """The walk through Z or X reports."""

    def __init__(self, findings: Findings, summary: Record) -> None:
        self._findings = findings
        self._chain = Chain(findings) if summary["table"] == "z-reports" else None
        self._shift: int | None = None

    def add(self, row: int, record: Record) -> None:
        place, report = f"row {row}, shift {record['shift']}", record.get("report", {})
        if self._shift is not None and record["shift"] > self._shift:
            self._findings.add("order", place, f"it stands below shift {self._shift}")
        self._shift = record["shift"]
        counted = sum(
            value
            for name, value in report.items()
            if name.startswith("ticket_operations.") and name.count(".") == 2 and name.endswith(".count")
        )
        self._findings.expect("z-tickets", place, "the number of receipts", record["receipts"], counted)
        self._findings.expect("cash", place, "the cash", record["cash"], report.get("cash_sum", 0))
        if self._chain is not None:
            self._chain.add(record["shift"], report, record["revenue"])
            totals = {name: value for name, value in record.get("non_nullable", {}).items() if value}
            told = {
                name.partition(".")[2]: value
                for name, value in report.items()
                if name.startswith("non_nullable_sums.")
            }
            self._findings.expect("total", place, "the totals shown", totals, told)

    def end(self) -> None:
        """Nothing waits."""


class _Shifts:
    """The walk through shifts."""

    def __init__(self, findings: Findings, summary: Record) -> None:
        self._findings = findings
        self._contiguous = summary.get("contiguous", True)
        self._later: Record | None = None

    def add(self, row: int, record: Record) -> None:
        place, later = f"row {row}, shift {record['shift']}", self._later
        if later is not None and self._contiguous:
            self._findings.expect("shift", place, "its number", record["shift"], later["shift"] - 1)
            held = later["number"] - record["number"]
            self._findings.expect(
                "number", f"shift {later['shift']}", "its documents", later["documents"], held
            )
        self._later = record

    def end(self) -> None:
        """Nothing waits."""


_WALKS: Final[dict[str, Callable[[Findings, Record], Any]]] = {
    "transactions": _Transactions,
    "z-reports": _Reports,
    "x-reports": _Reports,
    "shifts": _Shifts,
}


def _compare_csv(findings: Findings, archive: Archive) -> None:
    """The rows of the CSV against the records."""
    for row, (cells, known) in enumerate(zip_longest(archive.rows(), archive.records()), 1):
        place = f"transactions.csv, row {row}"
        if cells is None or known is None:
            findings.add("csv", place, "transactions.json and transactions.csv are not equally long")
            return
        record = known[1]
        shown = (cells[_SIGN], cells[_SUM]) if len(cells) > _SUM else tuple(cells)
        findings.expect("csv", place, "sign and sum", shown, (record["sign"], money_text(record["sum"])))
