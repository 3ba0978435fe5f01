"""The desk that shows one transaction as it is printed (KZ-ARC-04)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.kz.answers import kept_report
from ofd_mock.kz.registry import profile_from_text
from ofd_mock.portal.archive import records, texts
from ofd_mock.portal.archive.forms import Facts, Form, form_of, report_form
from ofd_mock.portal.archive.lists import check_owner
from ofd_mock.portal.archive.records import DOCUMENTS, REPORTS
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.office import Office
from reference.protocol.kz.dialects import Command, dialect_for, fallback_dialect
from reference.protocol.kz.documents import ReportAsk, from_message
from reference.protocol.kz.envelope import read_request, read_response
from reference.protocol.kz.service import Registration


class Documents:
    """Papers of one register's history."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def one(self, visitor: Visitor, card: int, number: int) -> Form:
        """The form of a document; UnknownError unless there is one and it is the visitor's."""
        with self._office.reading() as session:
            connection = session.connection()
            check_owner(connection, visitor, card)
            query = sa.select(*records.COLUMNS, DOCUMENTS.c.answer.label("whole_answer")).where(
                DOCUMENTS.c.device == card, DOCUMENTS.c.number == number
            )
            row = connection.execute(query).mappings().first()
            if row is None:
                raise UnknownError
            registration = _registration(connection, card)
        dialect = dialect_for(row["version"]) or fallback_dialect()
        message = read_request(dialect, row["request"]).message
        document = from_message(dialect, message, row["command"])
        assert not isinstance(document, ReportAsk)
        report = None
        if row["command"] == Command.CLOSE_SHIFT:
            report = records.closing_report(row["version"], row["answer"])
        return form_of(_facts(row), registration, document, report)

    def report(self, visitor: Visitor, card: int, entry: int) -> Form:
        """The form of an X report; UnknownError unless there is one and it is the visitor's."""
        with self._office.reading() as session:
            connection = session.connection()
            check_owner(connection, visitor, card)
            query = sa.select(REPORTS).where(REPORTS.c.device == card, REPORTS.c.entry == entry)
            row = connection.execute(query).mappings().first()
            if row is None:
                raise UnknownError
            registration = _registration(connection, card)
        time = datetime.fromisoformat(row["time"])
        facts = Facts(row["number"], time, row["shift_number"], "", texts.X_REPORT)
        return report_form(facts, registration, kept_report(row["report"]))


def _registration(connection: Connection, card: int) -> Registration:
    columns = ledger_tables.devices.c
    profile = connection.scalar(sa.select(columns.profile).where(columns.id == card))
    assert profile is not None
    return profile_from_text(profile).registration


def _facts(row: Any) -> Facts:
    shown = records.transactions_of(row)[0]
    qr = ""
    if row["command"] == Command.TICKET:
        dialect = dialect_for(row["version"]) or fallback_dialect()
        answer = read_response(dialect, row["whole_answer"]).message
        qr = answer.ticket.qr_code.decode("ascii", "replace")
    return Facts(
        row["number"],
        datetime.fromisoformat(row["moment"]),
        row["shift_number"],
        row["sign"],
        shown.text,
        bool(row["cancelled"]),
        row["offline_number"],
        qr,
    )
