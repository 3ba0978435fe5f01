"""«Документы»: signed applications with their signatures; «Данные организации»; the outbox; the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer

from ofd_mock.portal import tables
from ofd_mock.portal.applications import TITLES
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moments import beginning, shown, written
from ofd_mock.portal.office import Office
from ofd_mock.portal.paging import MOST_ROWS, bounded


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed application; `text` and `cms` (Base64) only where one is asked for.

    `signed` is its time as shown, `moment` the same in UTC.
    """

    id: int
    kind: str
    title: str
    card: int | None
    signer: str
    signed: str
    moment: str
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


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """Which applications; days are both included."""

    kind: str = ""
    card: int | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class NoteFilter:
    """Which lines of the audit log; days are both included."""

    act: str = ""
    user: int | None = None
    first: date | None = None
    last: date | None = None


class Papers:
    """The desk that shows what was written down."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def all(
        self,
        visitor: Visitor,
        wanted: PaperFilter | None = None,
        limit: int = MOST_ROWS,
        before: int | None = None,
    ) -> list[Paper]:
        """Applications of the organisation, newest first; with `before` those older than that one."""
        visitor.require_administrator()
        table, chosen = tables.Application, wanted or PaperFilter()
        query = select(table).options(defer(table.text), defer(table.cms))
        query = query.where(table.organisation == visitor.organisation)
        if chosen.kind:
            query = query.where(table.kind == chosen.kind)
        if chosen.card is not None:
            query = query.where(table.card == chosen.card)
        query = query.where(*_between(table.signed, chosen.first, chosen.last))
        if before is not None:
            query = query.where(table.id < before)
        with self._office.reading() as session:
            rows = session.scalars(query.order_by(table.id.desc()).limit(bounded(limit)))
            return [_paper(row) for row in rows]

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

    def notes(
        self,
        visitor: Visitor,
        limit: int = 200,
        wanted: NoteFilter | None = None,
        before: int | None = None,
    ) -> list[dict[str, Any]]:
        """The audit log of the organisation, newest first; with `before` what is older than that line."""
        visitor.require_administrator()
        table, chosen = tables.Note, wanted or NoteFilter()
        query = select(table).where(table.organisation == visitor.organisation)
        if chosen.act:
            query = query.where(table.act == chosen.act)
        if chosen.user is not None:
            query = query.where(table.user == chosen.user)
        query = query.where(*_between(table.made, chosen.first, chosen.last))
        if before is not None:
            query = query.where(table.id < before)
        bounded(limit)
        with self._office.reading() as session:
            return [
                {
                    "id": row.id,
                    "made": shown(row.made),
                    "user": row.user,
                    "act": row.act,
                    "detail": row.detail,
                    "address": row.address,
                }
                for row in session.scalars(query.order_by(table.id.desc()).limit(limit))
            ]


def _between(column: Any, first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    """The conditions that a moment lies in these days of the portal."""
    found = []
    if first is not None:
        found.append(column >= written(beginning(first)))
    if last is not None and last < date.max:
        found.append(column < written(beginning(last + timedelta(days=1))))
    return found


def _paper(row: tables.Application, *, whole: bool = False) -> Paper:
    known = Paper(row.id, row.kind, TITLES[row.kind], row.card, row.signer, shown(row.signed), row.signed)
    return replace(known, text=row.text, cms=row.cms.decode()) if whole else known
