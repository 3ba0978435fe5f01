"""Hands the mails of the outbox to an SMTP server, for stands that have a mail catcher of their own.

The outbox stays where mails are: each is handed on after the transaction that wrote it, in order, once. What
the server does not take is tried again; nobody waits for it. Mails from before the start stay where they are.
"""

from __future__ import annotations

import smtplib
import threading
from email.message import EmailMessage
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ofd_mock.portal import tables
from ofd_mock.portal.moments import moment_of
from ofd_mock.portal.office import Office

SENDER: Final = "portal@kassalab.test"
"""Nobody's address: .test is never a real domain."""
AGAIN_SECONDS: Final = 5.0
"""Real seconds until a server that did not take a mail is asked again."""
_PATIENCE_SECONDS: Final = 10.0
_log = structlog.get_logger("portal")


class Postman:
    """Carries mails of `office` to `host`:`port`, in a thread of his own."""

    def __init__(self, office: Office, host: str, port: int) -> None:
        self._office = office
        self._host, self._port = host, port
        self.handed = self._newest()
        self._ending = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="portal-postman", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def kick(self) -> None:
        """Something may have been written."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the mail in hand, and go."""
        self._ending = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def carry(self) -> bool:
        """Hand on what is new; whether the server took all of it."""
        table = tables.Mail
        # A reset empties the outbox, and its numbers begin anew.
        self.handed = min(self.handed, self._newest())
        with self._office.reading() as session:
            rows = session.scalars(select(table).where(table.id > self.handed).order_by(table.id)).all()
            mails = [(row.id, _message(row)) for row in rows]
        if not mails:
            return True
        try:
            with smtplib.SMTP(
                self._host, self._port, local_hostname="kassalab.test", timeout=_PATIENCE_SECONDS
            ) as line:
                for number, message in mails:
                    line.send_message(message)
                    self.handed = number
        except (OSError, smtplib.SMTPException) as error:
            _log.warning("the mail server did not take a mail", server=self._host, reason=str(error))
            return False
        return True

    def _newest(self) -> int:
        with self._office.reading() as session:
            return session.scalar(select(func.max(tables.Mail.id))) or 0

    def _walk(self) -> None:
        while not self._ending:
            self._wake.clear()
            try:
                done = self.carry()
            except SQLAlchemyError as error:
                _log.warning("the outbox could not be read", exc_info=error)
                done = False
            self._wake.wait(None if done else AGAIN_SECONDS)


def _message(row: tables.Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = row.to
    message["Subject"] = row.subject
    message["Date"] = moment_of(row.sent)
    message.set_content(row.text, cte="quoted-printable")
    return message
