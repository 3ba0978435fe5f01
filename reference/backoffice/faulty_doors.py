"""Mistakes at the owner portal's doors: registration, logins, branches, links; defects.py names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.branches import Branches, Device, Linked, LinkView
from reference.backoffice.entrance import Entrance, Visitor
from reference.backoffice.moments import written
from reference.backoffice.secrets import digest
from reference.runtime.refusals import RefusedError, StrangerError, UnknownError


class OldCodes(Entrance):
    """Looks for a code among all that were ever sent to the phone."""

    def _tried(self, row: tables.Enrolment, code: str) -> Exception | None:
        table = tables.Sms
        with self._office.reading() as session:
            texts = session.scalars(select(table.text).where(table.phone == row.phone)).all()
        if any(text.endswith(f" {code}") for text in texts):
            return None
        return super()._tried(row, code)


class EndlessCodes(Entrance):
    """Never asks how old a code is."""

    def _tried(self, row: tables.Enrolment, code: str) -> Exception | None:
        sent, row.sent = row.sent, written(self._office.now)
        refused = super()._tried(row, code)
        row.sent = sent
        return refused


class TriesUncounted(Entrance):
    """Lets codes be tried for ever."""

    def _tried(self, row: tables.Enrolment, code: str) -> Exception | None:
        row.tries = 0
        return super()._tried(row, code)


class ResendsAtOnce(Entrance):
    """Sends another code as often as the button is pressed."""

    def resend(self, key: str) -> None:
        """«Qayta yuborish»."""
        with self._office.changing() as session:
            self._send_code(session, self._enrolment(session, key))


class PasswordNotCompared(Entrance):
    """Does not look at the second password."""

    def finish(self, key: str, given: Mapping[str, Any], device: str = "") -> str:
        """Step 3."""
        return super().finish(key, {**given, "password_repeated": given.get("password")}, device)


class NeverLocked(Entrance):
    """Lets passwords be tried for ever."""

    def _failed(self, known: tables.Owner | None) -> None:  # noqa: ARG002 - the mistake
        return


class TellsPhones(Entrance):
    """Says which phones are registered."""

    def log_in(self, phone: str, password: str, device: str = "") -> str:
        """«Kirish»."""
        table = tables.Owner
        with self._office.reading() as session:
            if session.scalars(select(table).where(table.phone == phone)).first() is None:
                raise UnknownError("owner")
        return super().log_in(phone, password, device)


class SessionsStay(Entrance):
    """Leaves sessions alone when a password changes."""

    @staticmethod
    def _end_visits(session: Session, owner: int, but: str = "") -> None:  # noqa: ARG004 - the mistake
        return


class ResetNotForced(Entrance):
    """Lets in with a password that was to be changed."""

    def settled(self, key: str) -> Visitor:
        """Who has this session."""
        return self.visitor(key)


class OneBranchMore(Branches):
    """Has room for one branch more than the plan."""

    def _room(self, session: Session, owner: int) -> int:
        return super()._room(session, owner) + 1


class OfferTwice(Branches):
    """Leaves a QR code where it was."""

    def take_offer(self, visitor: Visitor, branch: int, code: str) -> LinkView:
        """«QR kod bilan ulash»."""
        names = ("code", "key", "device", "identity", "newest", "made")
        with self._office.reading() as session:
            row = session.get(tables.Offer, code.strip())
            kept = {} if row is None else {name: getattr(row, name) for name in names}
        linked = super().take_offer(visitor, branch, code)
        with self._office.changing() as session:
            session.add(tables.Offer(**kept))
        return linked


class CutStillReports(Branches):
    """Takes the secret of a link that was cut."""

    def linked(self, key: str) -> Linked:
        """Whose POS has this secret."""
        with self._office.reading() as session:
            table = tables.Link
            row = session.scalars(select(table).where(table.key == digest(key))).first() if key else None
            if row is None:
                raise StrangerError
            return Linked(row.id, row.branch, session.get_one(tables.Branch, row.branch).owner)


class BeginsAnew(Branches):
    """Wants everything again of a point of sale that is linked again."""

    def _link(self, session: Session, branch: tables.Branch, device: Device, key: str) -> tables.Link:
        made = super()._link(session, branch, device, key)
        made.last = 0
        return made


class AnyTerminals(Branches):
    """Links as many points of sale as come, whatever the plan holds."""

    def _link(self, session: Session, branch: tables.Branch, device: Device, key: str) -> tables.Link:
        try:
            return super()._link(session, branch, device, key)
        except RefusedError as error:
            if error.rule != "terminals":
                raise
        now = written(self._office.now)
        made = tables.Link(branch=branch.id, identity=device.identity, device=device.name, key=key, made=now)
        session.add(made)
        session.flush()
        return made
