"""Mistakes at the portal's doors: registration, signatures, logins, sessions; defects.py names them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import select

from ofd_mock.pki.findings import Finding, Rule
from ofd_mock.portal import tables
from ofd_mock.portal.enrolments import Enrolments, EnrolmentView, _owner
from ofd_mock.portal.entrance import ADMINISTRATOR, Entrance, Visitor
from ofd_mock.portal.errors import InvalidError, PortalError, StrangerError, UnknownError
from ofd_mock.portal.moments import written
from ofd_mock.portal.pki_desk import PkiDesk
from ofd_mock.portal.signatures import Signer

_BANK_FIELDS: Final = ("bic", "iik")


class UncheckedAccount(Enrolments):
    """Takes whatever stands in the field of the account number, and forgets it."""

    def describe(self, key: str, given: Mapping[str, Any]) -> EnrolmentView:
        """Step 3."""
        try:
            return super().describe(key, given)
        except InvalidError as error:
            if any(finding.field != "iik" for finding in error.findings):
                raise
            known = {name: value for name, value in given.items() if name not in _BANK_FIELDS}
            return super().describe(key, known)


class WeakPassword(Enrolments):
    """Wants 8 characters of a password, and that they are repeated."""

    def choose_password(self, key: str, password: str, repeated: str) -> EnrolmentView:
        """Step 2."""
        try:
            return super().choose_password(key, password, repeated)
        except InvalidError as error:
            if {finding.rule for finding in error.findings} & {"length", "equal"}:
                raise
            return super().choose_password(key, "Abcdef1!", "Abcdef1!")


class UnreadContract(Enrolments):
    """Goes on without the mark."""

    def agree(self, key: str, agreed: bool) -> EnrolmentView:  # noqa: ARG002 - that is the mistake
        """Step 4."""
        return super().agree(key, True)


class OldCodes(Enrolments):
    """Looks for a code among all that were ever mailed to the address."""

    def confirm_code(self, key: str, email: str, code: str) -> EnrolmentView:
        """Confirm the address."""
        try:
            return super().confirm_code(key, email, code)
        except PortalError:
            table, mailed = tables.MailCode, hashlib.sha256(code.strip().encode()).hexdigest()
            with self._office.changing() as session:
                query = select(table.id).where(table.email == email, table.code == mailed)
                if session.scalars(query).first() is None:
                    raise
                row = self._at(session, key, 3)
                now = written(self._office.now)
                session.add(table(owner=_owner(row), email=email, code=mailed, sent=now, tries=0))
            return super().confirm_code(key, email, code)


class ReusableChallenge(Entrance):
    """Leaves a challenge where it was."""

    def log_in_signed(self, challenge: str, cms: str, address: str = "") -> str:
        """«Войти с ЭЦП»."""
        with self._office.reading() as session:
            known = session.get(tables.Challenge, challenge)
            made = None if known is None else known.made
        try:
            return super().log_in_signed(challenge, cms, address)
        finally:
            if made is not None:
                with self._office.changing() as session:
                    session.merge(tables.Challenge(text=challenge, made=made))


class EndlessSession(Entrance):
    """Counts every session from its last use."""

    def visitor(self, key: str | None) -> Visitor:
        """Who has this session."""
        try:
            return super().visitor(key)
        except StrangerError:
            with self._office.changing() as session:
                place = hashlib.sha256((key or "").encode()).hexdigest()
                visit = session.get(tables.Visit, place)
                if visit is not None:
                    visit.begun = visit.seen = written(self._office.now)
            return super().visitor(key)


class EverybodyAdministrator(Entrance):
    """Asks who somebody is, and not what he may."""

    def visitor(self, key: str | None) -> Visitor:
        """Who has this session."""
        return replace(super().visitor(key), role=ADMINISTRATOR)


class NeverLocked(Entrance):
    """Forgets wrong passwords at once."""

    def _failed(self, login: str, address: str) -> None:
        with self._office.changing() as session:
            self._office.note(session, "login-refused", detail=login, address=address)


class TellsLogins(Entrance):
    """Says of a login that there is none."""

    def log_in(self, login: str, password: str, address: str = "") -> str:
        """«Войти»."""
        with self._office.reading() as session:
            if session.scalars(select(tables.User.id).where(tables.User.login == login)).first() is None:
                raise UnknownError
        return super().log_in(login, password, address)


class _Blind(PkiDesk):
    """Overlooks some findings."""

    overlooked: frozenset[Rule] = frozenset()

    def _counting(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return super()._counting(tuple(each for each in findings if each.rule not in self.overlooked))


class TakesExpired(_Blind):
    """Does not look at the validity of a certificate."""

    overlooked = frozenset({Rule.VALIDITY})


class TakesRevoked(_Blind):
    """Does not ask whether a certificate is revoked."""

    overlooked = frozenset({Rule.REVOKED, Rule.REVOCATION_UNKNOWN})


class TakesOtherText(_Blind):
    """Checks the certificate, and not what was signed with it."""

    overlooked = frozenset({Rule.CONTENT, Rule.DIGEST, Rule.SIGNATURE, Rule.ATTRIBUTES})


class AnyRoleSigns(_Blind):
    """Lets every employee sign."""

    overlooked = frozenset({Rule.ROLE})

    def signer_of(self, cms: str, content: bytes, *, for_login: bool = False) -> Signer:
        """The signer of `content`."""
        return replace(super().signer_of(cms, content, for_login=for_login), may_sign=True)
