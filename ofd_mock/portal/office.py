"""What every desk of the portal works with: database, clock, chance, signatures, settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.moments import local_day, written
from ofd_mock.portal.settings import PortalSettings
from ofd_mock.portal.signatures import SignatureDesk
from reference.runtime.book import Book
from reference.runtime.database import migrate

MIGRATIONS = "ofd_mock.portal.migrations"


@dataclass(slots=True)
class Office(Book):
    """One portal on one database, which is the ledger's, too. `chance` rolls nothing secret.

    `folder` is for its files; without one they stand in a folder of the machine's for things that pass.
    """

    chance: Random
    signatures: SignatureDesk
    settings: PortalSettings
    folder: Path | None = None

    def open(self) -> None:
        """Bring the portal's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @property
    def today(self) -> date:
        """The portal's day."""
        return local_day(self.clock.now())

    def note(
        self,
        session: Session,
        act: str,
        *,
        organisation: int | None = None,
        user: int | None = None,
        detail: str = "",
        address: str = "",
    ) -> None:
        """A line of the audit log. Nothing secret may stand in `detail`."""
        session.add(
            tables.Note(
                made=written(self.now),
                organisation=organisation,
                user=user,
                act=act,
                detail=detail[:500],
                address=address,
            )
        )

    def mail(self, session: Session, to: str, subject: str, text: str) -> None:
        """Put a mail into the outbox."""
        session.add(tables.Mail(sent=written(self.now), to=to, subject=subject, text=text))
