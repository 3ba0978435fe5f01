"""«Документы»: signed applications with their signatures; «Данные организации»; the outbox; the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ofd_mock.portal import tables
from ofd_mock.portal.applications import TITLES
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moments import shown
from ofd_mock.portal.office import Office


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed application; `text` and `cms` (Base64) only where one is asked for."""

    id: int
    kind: str
    title: str
    card: int | None
    signer: str
    signed: str
    text: str = ""
    cms: str = ""


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail of the outbox."""

    id: int
    sent: str
    to: str
    subject: str
    text: str


class Papers:
    """The desk that shows what was written down."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def all(self, visitor: Visitor) -> list[Paper]:
        """All applications of the organisation, newest first."""
        visitor.require_administrator()
        table = tables.Application
        query = select(table).where(table.organisation == visitor.organisation).order_by(table.id.desc())
        with self._office.reading() as session:
            return [_paper(row) for row in session.scalars(query)]

    def one(self, visitor: Visitor, paper: int) -> Paper:
        """One application with its text and signature; UnknownError unless it is the organisation's."""
        visitor.require_administrator()
        with self._office.reading() as session:
            row = session.get(tables.Application, paper)
            if row is None or row.organisation != visitor.organisation:
                raise UnknownError
            return _paper(row, whole=True)

    def organisation(self, visitor: Visitor) -> dict[str, Any]:
        """«Данные организации»."""
        names = (
            "number",
            "name",
            "personal_account",
            "bic",
            "iik",
            "legal_address",
            "actual_address",
            "email",
            "phones",
            "head_position",
            "head_name",
        )
        with self._office.reading() as session:
            row = session.get_one(tables.Organisation, visitor.organisation)
            return {name: getattr(row, name) for name in names}

    def outbox(self, limit: int = 100) -> list[MailView]:
        """The newest mails of the stand, for everybody at it: nothing leaves it."""
        table = tables.Mail
        with self._office.reading() as session:
            rows = session.scalars(select(table).order_by(table.id.desc()).limit(limit))
            return [MailView(row.id, shown(row.sent), row.to, row.subject, row.text) for row in rows]

    def notes(self, visitor: Visitor, limit: int = 200) -> list[dict[str, Any]]:
        """The audit log of the organisation, newest first."""
        visitor.require_administrator()
        table = tables.Note
        query = select(table).where(table.organisation == visitor.organisation)
        with self._office.reading() as session:
            return [
                {
                    "made": shown(row.made),
                    "user": row.user,
                    "act": row.act,
                    "detail": row.detail,
                    "address": row.address,
                }
                for row in session.scalars(query.order_by(table.id.desc()).limit(limit))
            ]


def _paper(row: tables.Application, *, whole: bool = False) -> Paper:
    known = Paper(row.id, row.kind, TITLES[row.kind], row.card, row.signer, shown(row.signed))
    if not whole:
        return known
    return Paper(
        known.id, known.kind, known.title, known.card, known.signer, known.signed, row.text, row.cms.decode()
    )
