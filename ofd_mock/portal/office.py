"""What every desk of the portal works with: database, clock, chance, signatures, settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.moments import local_day, written
from ofd_mock.portal.settings import PortalSettings
from ofd_mock.portal.signatures import SignatureDesk
from reference.runtime.clock import PartClock
from reference.runtime.database import READ_ONLY, migrate

MIGRATIONS = "ofd_mock.portal.migrations"


@dataclass(slots=True)
class Office:
    """One portal on one database, which is the ledger's, too. `chance` rolls nothing secret.

    `folder` is for its files; without one they stand in a folder of the machine's for things that pass.
    """

    engine: Engine
    clock: PartClock
    chance: Random
    signatures: SignatureDesk
    settings: PortalSettings
    folder: Path | None = None

    def open(self) -> None:
        """Bring the portal's tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, and changes nothing when it raises."""
        with Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads and never waits for a writer."""
        with Session(self.engine.execution_options(**{READ_ONLY: True})) as session:
            yield session

    @property
    def now(self) -> datetime:
        """The portal's time, aware."""
        return self.clock.now()

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
