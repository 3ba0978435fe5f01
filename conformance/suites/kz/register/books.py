"""The judge's books beside a register: what it sends is entered, what it shows is held to them."""

from __future__ import annotations

from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.ofd_stand import Seen
from conformance.models.kz_money import Books, Carried, Entry, Figures
from reference.protocol.kz.documents import CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.reports import figures
from reference.protocol.kz.tickets import Ticket


class Ledger:
    """The judge's books of a register, fed with what the register sends."""

    def __init__(self, ctx: Context, carried: Carried | None = None) -> None:
        self.ctx = ctx
        self.books = Books(carried)
        self.closed: list[Figures] = []

    def take(self) -> list[Seen]:
        """Enter what has come since the last look; a closing brings a Z, kept in `closed`."""
        came = self.ctx.register.stand.rest()
        for seen in came:
            if seen.row not in ("D6", ""):
                continue
            if isinstance(seen.document, Ticket | MoneyPlacement):
                entry: Entry = seen.document
                self.books.add(entry)
            elif isinstance(seen.document, CloseShift):
                self.closed.append(self.books.close(seen.document))
        return came

    def agrees(self, *, clause: str = "KZ-ZR-13") -> None:
        """The register's drawer, shift and sums since registration are those of the judge's books."""
        state = self.ctx.register.state()
        self.ctx.check(self.books.cash, state.told("cash"), "cash", clause=clause)
        self.ctx.check(self.books.shift_number, state.told("shift.number"), "shift", clause="KZ-S-8.1")
        shown = {name: total for name, total in state.told("non_nullable").items() if total}
        self.ctx.check(self.books.non_nullable, shown, "non-nullable sums", clause="KZ-ZR-15")


def differing(expected: Figures, found: Figures) -> dict[str, tuple[object, object]]:
    """Figures that two reports do not share, as expected and found."""
    return {
        name: (expected.get(name), found.get(name))
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    }


def sent_report(ctx: Context, seen: Seen) -> Figures:
    """The register's own X or Z that a request carries."""
    report = seen.document.report if isinstance(seen.document, CloseShift | ReportAsk) else None
    if report is None:
        ctx.fail(f"{seen.name} carries no report of the register's own", clause="KZ-CM-2")
    return figures(report)


def less_times(found: Figures) -> Figures:
    """The figures without the times of opening and closing."""
    return {name: value for name, value in found.items() if not name.endswith("_shift_time")}


def parent() -> Json:
    """A ticket of another register that a return gives back."""
    return {"number": "1", "time": "2026-01-01T10:00:00", "total": 420_00, "offline": False}
