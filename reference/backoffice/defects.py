"""Deliberate mistakes of the owner portal, by name: what a conformance suite must be able to find.

Each is a desk with one thing done otherwise (`--defect NAME`, or `defects` in the settings). None of the code
that serves requests knows about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reference.backoffice import faulty_books as books
from reference.backoffice import faulty_doors as doors
from reference.backoffice import faulty_money as money
from reference.backoffice.branches import Branches
from reference.backoffice.click import Click
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Entrance
from reference.backoffice.intake import Intake
from reference.backoffice.merchants import Merchants
from reference.backoffice.payme import Payme
from reference.backoffice.reports import Reports
from reference.backoffice.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the owner portal does wrong, what it breaks, and the desk that does it."""

    name: str
    sentence: str
    requirement: str
    desk: type[Any]


class UnknownDefectError(ValueError):
    """There is no defect of that name."""


def put_in(desks: Desks, names: Iterable[str]) -> None:
    """Have the desks make these mistakes and no others; UnknownDefectError leaves them as they are."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in DEFECTS:
            raise UnknownDefectError(f"defects: {name!r} is not one of {', '.join(DEFECTS)}")
    for base, desk in _desks(desks):
        faulty = tuple(DEFECTS[name].desk for name in wanted if issubclass(DEFECTS[name].desk, base))
        desk.__class__ = type(base.__name__, faulty, {}) if faulty else base


def _desks(desks: Desks) -> list[tuple[type[Any], Any]]:
    return [
        (Entrance, desks.entrance),
        (Branches, desks.branches),
        (Intake, desks.intake),
        (Reports, desks.reports),
        (Subscriptions, desks.subscriptions),
        (Merchants, desks.merchants),
        (Payme, desks.payme),
        (Click, desks.click),
    ]


_TABLE: Final = (
    Defect("old-codes-count", "takes any code ever sent to the phone", "BX-REG-02", doors.OldCodes),
    Defect("codes-endless", "never asks how old a code is", "BX-REG-02", doors.EndlessCodes),
    Defect("tries-uncounted", "lets codes be tried for ever", "BX-REG-02", doors.TriesUncounted),
    Defect("resends-at-once", "sends codes without a pause", "BX-REG-02", doors.ResendsAtOnce),
    Defect("password-uncompared", "ignores the second password", "BX-REG-03", doors.PasswordNotCompared),
    Defect("login-never-locked", "lets passwords be tried for ever", "BX-LOG-01", doors.NeverLocked),
    Defect("phones-told", "says which phones are registered", "BX-LOG-01", doors.TellsPhones),
    Defect("sessions-survive", "leaves sessions when a password changes", "BX-LOG-01", doors.SessionsStay),
    Defect("reset-not-forced", "does not ask for a new password", "BX-LOG-01", doors.ResetNotForced),
    Defect("limit-off-by-one", "allows one branch more than the plan", "BX-BRN-01", doors.OneBranchMore),
    Defect("offer-twice", "links by a QR code that was used", "BX-BRN-02", doors.OfferTwice),
    Defect("cut-still-reports", "takes reports of a link that was cut", "BX-BRN-02", doors.CutStillReports),
    Defect("relink-begins-anew", "wants everything again after a new link", "BX-BRN-02", doors.BeginsAnew),
    Defect("any-terminals", "links more points of sale than the plan holds", "BX-BRN-02", doors.AnyTerminals),
    Defect("refund-as-revenue", "counts a refund as revenue", "BX-DSH-01", books.RefundAsRevenue),
    Defect("hours-by-utc", "counts by days and hours of UTC", "BX-DSH-02", books.HoursByUtc),
    Defect("edits-only-add", "takes nothing away when an order changes", "BX-DATA-01", books.OnlyAdds),
    Defect("cancelled-counted", "counts cancelled orders", "BX-DSH-01", books.CancelledCounted),
    Defect("repeats-count", "counts what comes again once more", "BX-DATA-01", books.RepeatsCount),
    Defect("gaps-taken", "goes on behind a gap", "BX-DATA-01", books.GapsTaken),
    Defect("half-requests", "keeps half of a refused request", "BX-DATA-01", books.HalfRequests),
    Defect("acknowledged-at-once", "takes receipts for acknowledged", "BX-DATA-01", books.AcknowledgedAtOnce),
    Defect("percent-last-week", "compares with the wrong period", "BX-DSH-01", books.AgainstLastWeek),
    Defect("staff-unfiltered", "ignores the branch among employees", "BX-NAV-01", books.StaffOfAllBranches),
    Defect("anybodys-order", "opens another owner's order", "BX-ORD-01", books.AnybodysOrder),
    Defect("pages-lose-rows", "loses rows of one moment between pages", "BX-ORD-01", books.PagesLoseRows),
    Defect("search-whole-name", "finds products by whole names alone", "BX-PRD-01", books.SearchByWholeName),
    Defect("performs-twice", "adds a month with every word of Payme", "BX-SUB-02", money.PerformsTwice),
    Defect("performs-cancelled", "activates after a cancellation", "BX-SUB-02", money.PerformsCancelled),
    Defect("payme-any-amount", "does not check Payme's amount", "BX-SUB-02", money.AnyAmount),
    Defect("payme-any-key", "does not check Payme's password", "BX-SUB-02", money.AnyKey),
    Defect("payme-never-late", "lets a transaction wait for ever", "BX-SUB-02", money.NeverTooLate),
    Defect("payme-two-transactions", "holds an invoice twice", "BX-SUB-02", money.TwoTransactions),
    Defect("payme-own-times", "goes by its own times in statements", "BX-SUB-02", money.OwnTimes),
    Defect("click-unsigned", "does not check Click's signature", "BX-SUB-02", money.SignUnchecked),
    Defect("click-any-amount", "does not check Click's amount", "BX-SUB-02", money.AnyClickAmount),
    Defect("click-revives", "pays what Click had cancelled", "BX-SUB-02", money.RevivesCancelled),
    Defect("renews-without-card", "promises renewal without a card", "BX-SUB-01", money.RenewsWithoutCard),
    Defect("never-renews", "forgets to renew", "BX-SUB-01", money.NeverRenews),
    Defect("old-choice-waits", "leaves the choice before to be paid", "BX-SUB-02", money.KeepsOldChoice),
    Defect("anybodys-invoice", "shows another owner's invoice", "BX-SUB-02", money.AnybodysInvoice),
    Defect("secret-shown", "tells the secret of Multicard", "BX-PAY-01", money.ShowsSecret),
    Defect("token-endless", "shows a token that is over as living", "BX-PAY-01", money.EndlessTokens),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
