"""What only the dialects of generation 1 keep and ask of the drive's memory (uz-fiscal §3, §13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from reference.drive.records import FileState, Registered, Settled, StoredReceipt
from reference.drive.rows import stored_receipt
from reference.drive.schema import (
    named_receipts,
    receipt_files,
    register_log,
    sync_log,
    unnumbered_files,
    zreport_files,
)
from reference.drive.store import PENDING, settle_rows
from reference.drive.transactions import Database
from reference.protocol.uz.values import format_json_time, parse_json_time

LONGEST_NAME: Final = 200
"""Characters of a till's own receipt number."""
_LOOKED_AT: Final = 32
"""Rows among which the last registration is: TXIDs are given out before they are registered."""
_MONTH: Final = 7
"""Characters of `YYYY-MM`."""


@dataclass(frozen=True, slots=True)
class NewUnnumbered:
    """An advance or credit receipt as it is stored: unsigned header, clear body (uz-fiscal G1-Z-09)."""

    factory_id: str
    terminal_id: str
    type: int
    operation: int
    time: datetime
    header: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class UnnumberedRow:
    """The same on its way to the operator."""

    id: int
    terminal_id: str
    type: int
    state: FileState
    header: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Sold:
    """A registered receipt with the sums it was registered with."""

    answer: Registered
    type: int
    operation: int
    total_block: bytes


@dataclass(frozen=True, slots=True)
class SendTotals:
    """Files sent and acknowledged of one terminal and kind since some time."""

    terminal_id: str
    kind: str
    sent: int
    acknowledged: int


_UNNUMBERED: Final = (
    sa.select(
        unnumbered_files.c.id,
        unnumbered_files.c.terminal_id,
        unnumbered_files.c.type,
        unnumbered_files.c.state,
        unnumbered_files.c.header,
        unnumbered_files.c.body,
    )
    .where(unnumbered_files.c.state.in_(PENDING), unnumbered_files.c.factory_id == sa.bindparam("wanted"))
    .order_by(unnumbered_files.c.id)
    .limit(sa.bindparam("most"))
)
"""Looked for with every round of the sender, so made once."""


class UnnumberedStore:
    """Receipts without a number, and how far their sending has come."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, receipt: NewUnnumbered) -> int:
        """Store a receipt as New; its id."""
        values = {
            "factory_id": receipt.factory_id,
            "terminal_id": receipt.terminal_id,
            "time": format_json_time(receipt.time),
            "type": receipt.type,
            "operation": receipt.operation,
            "state": FileState.NEW,
            "attempts": 0,
            "postponed": 0,
            "header": receipt.header,
            "body": receipt.body,
        }
        with self.database.writing() as connection:
            key = connection.execute(sa.insert(unnumbered_files).values(**values)).inserted_primary_key
        return 0 if key is None else int(key[0])

    def pending(self, factory_id: str, limit: int) -> list[UnnumberedRow]:
        """Files that still have to go, oldest first."""
        wanted = {"wanted": factory_id, "most": limit}
        with self.database.reading() as connection:
            return [
                UnnumberedRow(key, terminal, kind, FileState(state), bytes(header), bytes(body))
                for key, terminal, kind, state, header, body in connection.execute(_UNNUMBERED, wanted)
            ]

    def mark_sent(self, keys: Iterable[int], now: datetime) -> None:
        """The files are being handed to a socket: Sent, one attempt more."""
        with self.database.writing() as connection:
            connection.execute(
                sa.update(unnumbered_files)
                .where(unnumbered_files.c.id.in_(list(keys)))
                .values(
                    state=FileState.SENT,
                    attempts=unnumbered_files.c.attempts + 1,
                    state_changed_at=format_json_time(now),
                )
            )

    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        """Store what became of files after an exchange."""
        settle_rows(self.database, unnumbered_files, unnumbered_files.c.id, outcomes, now)


class NamedReceipts:
    """The tills' own receipt numbers (uz-fiscal QP-01)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def txid(self, factory_id: str, method: str, name: str) -> int | None:
        """The receipt a name stands for, None for a name not heard before."""
        with self.database.reading() as connection:
            query = sa.select(named_receipts.c.txid).where(*_key(factory_id, method, name))
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else int(found)

    def give(self, factory_id: str, method: str, name: str, txid: int) -> None:
        """From now on the name stands for this receipt."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(named_receipts).where(*_key(factory_id, method, name)))
            connection.execute(
                sa.insert(named_receipts).values(factory_id=factory_id, method=method, name=name, txid=txid)
            )

    def take_back(self, factory_id: str, method: str, name: str) -> None:
        """The name stands for nothing again."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(named_receipts).where(*_key(factory_id, method, name)))


class Gen1Queries:
    """What generation 1 tells about the store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def last_registered(self, factory_id: str) -> Registered | None:
        """The answer of the last registration of a module, None before the first."""
        # By TXID first, which the table is ordered by; among the newest the module's time decides.
        found = self._registered(register_log.c.factory_id == factory_id, newest=_LOOKED_AT)
        return max((sold.answer for sold in found), key=lambda answer: answer.time, default=None)

    def by_number(self, factory_id: str, number: int) -> list[Sold]:
        """Registered receipts of this number."""
        return self._registered(register_log.c.factory_id == factory_id, register_log.c.receipt_seq == number)

    def by_sign(self, factory_id: str, sign: str) -> list[Sold]:
        """Registered receipts with this fiscal sign."""
        return self._registered(register_log.c.factory_id == factory_id, register_log.c.fiscal_sign == sign)

    def between(self, factory_id: str, since: datetime, until: datetime) -> list[Sold]:
        """Registered receipts of a time, ends included, newest first."""
        ends = format_json_time(since), format_json_time(until)
        return self._registered(register_log.c.factory_id == factory_id, register_log.c.time.between(*ends))

    def _registered(self, *where: sa.ColumnElement[bool], newest: int | None = None) -> list[Sold]:
        query = (
            sa.select(register_log)
            .where(register_log.c.receipt_seq.is_not(None), *where)
            .order_by(register_log.c.txid.desc())
            .limit(newest)
        )
        with self.database.reading() as connection:
            rows = [stored_receipt(row) for row in connection.execute(query).mappings()]
        return [_sold(row) for row in rows]

    def unsent(self) -> dict[str, int]:
        """Files of every kind in the database without an answer of the operator, by terminal."""
        counts: dict[str, int] = {}
        with self.database.reading() as connection:
            for table in (receipt_files, unnumbered_files, zreport_files):
                query = (
                    sa.select(table.c.terminal_id, sa.func.count())
                    .where(table.c.state.in_(PENDING))
                    .group_by(table.c.terminal_id)
                )
                for terminal, number in connection.execute(query):
                    counts[terminal] = counts.get(terminal, 0) + int(number)
        return counts

    def archived(self) -> dict[str, int]:
        """Acknowledged receipts by month, `YYYY-MM`."""
        month = sa.func.substr(receipt_files.c.time, 1, _MONTH)
        query = (
            sa.select(month, sa.func.count())
            .where(receipt_files.c.state == FileState.ACKNOWLEDGED)
            .group_by(month)
            .order_by(month)
        )
        with self.database.reading() as connection:
            return {str(name): int(number) for name, number in connection.execute(query)}

    def unnumbered_sent(self) -> dict[tuple[str, int], int]:
        """Receipts without a number that went out at least once, by terminal and type."""
        columns = unnumbered_files.c
        query = (
            sa.select(columns.terminal_id, columns.type, sa.func.count())
            .where(columns.attempts > 0)
            .group_by(columns.terminal_id, columns.type)
        )
        with self.database.reading() as connection:
            return {(terminal, kind): int(number) for terminal, kind, number in connection.execute(query)}

    def sent_since(self, since: datetime) -> list[SendTotals]:
        """Exchanges that had an answer, summed by terminal and kind."""
        columns = sync_log.c
        query = (
            sa.select(
                columns.terminal_id,
                columns.kind,
                sa.func.sum(columns.files),
                sa.func.sum(columns.acknowledged),
            )
            .where(columns.at >= format_json_time(since), columns.address != "")
            .group_by(columns.terminal_id, columns.kind)
            .order_by(columns.terminal_id, columns.kind)
        )
        with self.database.reading() as connection:
            return [
                SendTotals(terminal, kind, int(sent), int(acknowledged))
                for terminal, kind, sent, acknowledged in connection.execute(query)
            ]

    def last_online(self) -> datetime | None:
        """When an operator answered last, None for never."""
        query = sa.select(sa.func.max(sync_log.c.at)).where(sync_log.c.address != "")
        with self.database.reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else parse_json_time(found)


def _key(factory_id: str, method: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    columns = named_receipts.c
    return (columns.factory_id == factory_id, columns.method == method, columns.name == name)


def _sold(row: StoredReceipt) -> Sold:
    assert row.answer is not None
    return Sold(row.answer, row.type, row.operation, row.total_block)
