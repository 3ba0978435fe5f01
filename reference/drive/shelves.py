"""The rest of the drive's memory: Z-report files, the sync log, and which module belongs to which link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from reference.drive.records import FileState, Settled, SyncEntry, ZReportFileRow
from reference.drive.schema import known_modules, sync_log, zreport_files
from reference.drive.store import settle_rows
from reference.drive.transactions import Database
from reference.protocol.uz.values import format_json_time, parse_json_time

LOG_KEEP = 10_000
"""Entries of the sync log that stay; older ones are dropped now and then."""

_ADD_ENTRY: Final = sa.insert(sync_log).returning(sync_log.c.id)
_WAITING: Final = (
    sa.select(zreport_files)
    .where(
        zreport_files.c.terminal_id == sa.bindparam("wanted"),
        zreport_files.c.state.in_((FileState.NEW, FileState.SENT)),
    )
    .order_by(zreport_files.c.close_time)
)


class ZReportStore:
    """Closed Z-reports and how far their sending has come."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, terminal_id: str, close_time: datetime, header: bytes) -> ZReportFileRow:
        """The row of this Z-report; a new one, or the one it had before."""
        stamp = format_json_time(close_time)
        query = sa.select(zreport_files).where(
            zreport_files.c.terminal_id == terminal_id, zreport_files.c.close_time == stamp
        )
        with self.database.writing() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                values = {"state": FileState.NEW, "attempts": 0, "postponed": 0, "header": header}
                connection.execute(
                    sa.insert(zreport_files).values(terminal_id=terminal_id, close_time=stamp, **values)
                )
                row = connection.execute(query).mappings().one()
            return _zreport(row)

    def pending(self, terminal_id: str) -> list[ZReportFileRow]:
        """Files that still have to go, oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(_WAITING, {"wanted": terminal_id}).mappings()
            return [_zreport(row) for row in rows]

    def mark_sent(self, ids: Iterable[int], now: datetime) -> None:
        """The files are being handed to a socket: Sent, one attempt more."""
        with self.database.writing() as connection:
            connection.execute(
                sa.update(zreport_files)
                .where(zreport_files.c.id.in_(list(ids)))
                .values(
                    state=FileState.SENT,
                    attempts=zreport_files.c.attempts + 1,
                    state_changed_at=format_json_time(now),
                )
            )

    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        """Store what became of files after an exchange."""
        settle_rows(self.database, zreport_files, zreport_files.c.id, outcomes, now)

    def set_new(self, terminal_id: str) -> int:
        """Put Rejected and Error Z-reports of a terminal back to New; how many there were."""
        stuck = (FileState.REJECTED, FileState.ERROR)
        with self.database.writing() as connection:
            return connection.execute(
                sa.update(zreport_files)
                .where(zreport_files.c.terminal_id == terminal_id, zreport_files.c.state.in_(stuck))
                .values(state=FileState.NEW, message=None)
            ).rowcount

    def counts(self) -> dict[str, dict[FileState, int]]:
        """Number of Z-report files by terminal and state."""
        columns = zreport_files.c
        query = sa.select(columns.terminal_id, columns.state, sa.func.count()).group_by(
            columns.terminal_id, columns.state
        )
        found: dict[str, dict[FileState, int]] = {}
        with self.database.reading() as connection:
            for terminal, state, number in connection.execute(query):
                found.setdefault(terminal, {})[FileState(state)] = int(number)
        return found


class SyncLog:
    """The last exchanges with the operator, for people."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, entry: SyncEntry) -> None:
        """Append an entry; beyond LOG_KEEP the oldest go."""
        with self.database.writing() as connection:
            values = {
                "at": format_json_time(entry.at),
                "terminal_id": entry.terminal_id,
                "kind": entry.kind,
                "address": entry.address[:120],
                "files": entry.files,
                "acknowledged": entry.acknowledged,
                "outcome": entry.outcome,
            }
            number = int(self.database.run(connection, _ADD_ENTRY, values).scalar())
            if number % 100 == 0:
                connection.execute(sa.delete(sync_log).where(sync_log.c.id <= number - LOG_KEEP))

    def last(self, limit: int) -> list[SyncEntry]:
        """The newest entries, newest first."""
        query = sa.select(sync_log).order_by(sync_log.c.id.desc()).limit(limit)
        with self.database.reading() as connection:
            return [
                SyncEntry(
                    at=parse_json_time(row["at"]),
                    terminal_id=row["terminal_id"],
                    kind=row["kind"],
                    address=row["address"],
                    files=row["files"],
                    acknowledged=row["acknowledged"],
                    outcome=row["outcome"],
                )
                for row in connection.execute(query).mappings()
            ]


class KnownModules:
    """Which FactoryID was first seen, or confirmed since, at each link (UZ-USB-03)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> dict[str, str]:
        """FactoryID by link."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(known_modules.c.link, known_modules.c.factory_id))
            return {str(row.link): str(row.factory_id) for row in rows}

    def confirm(self, link: str, factory_id: str, now: datetime) -> None:
        """From now on this module belongs to this link."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(known_modules).where(known_modules.c.link == link))
            connection.execute(
                sa.insert(known_modules).values(
                    link=link, factory_id=factory_id, confirmed_at=format_json_time(now)
                )
            )


def _zreport(row: sa.RowMapping) -> ZReportFileRow:
    return ZReportFileRow(
        id=int(row["id"]),
        terminal_id=row["terminal_id"],
        close_time=parse_json_time(row["close_time"]),
        state=FileState(row["state"]),
        attempts=row["attempts"],
        postponed=row["postponed"],
        message=row["message"],
        header=bytes(row["header"]),
    )
