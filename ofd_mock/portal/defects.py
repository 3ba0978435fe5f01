"""Deliberate mistakes of a portal, by name: what a conformance suite must be able to find.

Each is a desk of the portal with one thing done otherwise (`--defect NAME`, or `defects` in the settings).
None of the code that serves requests knows about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ofd_mock.portal import faulty_desks as desks_of
from ofd_mock.portal import faulty_doors as doors
from ofd_mock.portal.accounts import Accounts
from ofd_mock.portal.card_views import CardViews
from ofd_mock.portal.cards import Cards
from ofd_mock.portal.enrolments import Enrolments
from ofd_mock.portal.entrance import Entrance
from ofd_mock.portal.keeper import Keeper
from ofd_mock.portal.outlets import Outlets
from ofd_mock.portal.pki_desk import PkiDesk
from ofd_mock.portal.web.desks import Desks


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the portal does wrong, the clause it breaks, and the desk that does it."""

    name: str
    sentence: str
    clause: str
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
    found: list[tuple[type[Any], Any]] = [
        (Accounts, desks.accounts),
        (Cards, desks.cards),
        (CardViews, desks.views),
        (Enrolments, desks.enrolments),
        (Entrance, desks.entrance),
        (Keeper, desks.keeper),
        (Outlets, desks.outlets),
    ]
    if isinstance(desks.office.signatures, PkiDesk):
        found.append((PkiDesk, desks.office.signatures))
    return found


_TABLE: Final = (
    Defect("account-unchecked", "takes any account number", "kz-ofd RF-04", doors.UncheckedAccount),
    Defect("password-weak", "wants only the length of a password", "kz-ofd RS-02", doors.WeakPassword),
    Defect("contract-unread", "goes on without the mark", "kz-ofd RS-04", doors.UnreadContract),
    Defect("mail-code-reusable", "takes any code ever mailed", "kz-ofd RF-07", doors.OldCodes),
    Defect("expired-taken", "takes a certificate that has run out", "kz-ofd RX-02", doors.TakesExpired),
    Defect("revoked-taken", "takes a revoked certificate", "kz-ofd RX-03", doors.TakesRevoked),
    Defect("other-text-taken", "takes a signature over another text", "kz-ofd RX-07", doors.TakesOtherText),
    Defect("any-role-signs", "lets every employee sign", "kz-ofd RX-09", doors.AnyRoleSigns),
    Defect("challenge-reusable", "lets in twice by one challenge", "kz-ofd SG-07", doors.ReusableChallenge),
    Defect("session-endless", "never ends a session", "KZ-LOG-01", doors.EndlessSession),
    Defect("login-never-locked", "lets passwords be tried for ever", "KZ-LOG-01", doors.NeverLocked),
    Defect("login-told", "says which logins there are", "KZ-LOG-01", doors.TellsLogins),
    Defect(
        "everybody-administrator", "lets a cashier do everything", "KZ-USR-01", doors.EverybodyAdministrator
    ),
    Defect("strangers-visible", "shows any organisation's register", "KZ-USR-01", desks_of.StrangersVisible),
    Defect("full-outlet-removed", "removes an outlet with registers", "KZ-OUT-02", desks_of.RemovesFull),
    Defect("serial-twice", "registers a number twice", "kz-ofd KF-03", desks_of.SerialTwice),
    Defect("year-unchecked", "registers a register of next year", "kz-ofd KF-04", desks_of.AnyYear),
    Defect("changes-after-registration", "changes a registered register", "KZ-KKM-03", desks_of.ChangesLater),
    Defect("answers-at-once", "lets the tax body answer in a minute", "kz-ofd §15.6", desks_of.AnswersAtOnce),
    Defect("old-token-lives", "shows a token that does not count", "KZ-TOK-01", desks_of.OldTokenLives),
    Defect("token-always", "gives a token without a tariff", "kz-ofd §15.7", desks_of.TokenAlways),
    Defect("suspends-at-once", "suspends before the 1st", "kz-ofd PT-8", desks_of.SuspendsAtOnce),
    Defect("charges-at-rest", "charges suspended months", "KZ-TRF-02", desks_of.ChargesAtRest),
    Defect("payment-twice", "books a payment twice", "KZ-TRF-04", desks_of.BooksTwice),
    Defect("moves-anywhere", "moves across tax offices", "kz-ofd §15.8", desks_of.MovesAnywhere),
    Defect("move-renumbers", "gives a new number with a move", "kz-ofd §15.8", desks_of.NewNumberWithMove),
    Defect(
        "leaves-with-open-shift", "lets go with an open shift", "kz-ofd §15.9", desks_of.LeavesWithOpenShift
    ),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
