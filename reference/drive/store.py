"""The drive's memory: every method is one transaction, durable when it returns (architecture rules 5 and 6).

Registrations and files of receipts are here; Z-reports, the sync log and known modules in shelves.py.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from reference.drive.errors import RecordNotFoundError, SaveError
from reference.drive.records import (
    CODEC_VERSION,
    FileEntry,
    FileState,
    NewReceipt,
    ReceiptFileRow,
    Registered,
    Settled,
    StoredReceipt,
    Tally,
)
from reference.drive.rows import file_entry, file_values, named, receipt_file, stored_receipt, stored_time
from reference.drive.schema import receipt_files, register_log
from reference.drive.transactions import Database
from reference.protocol.uz.values import format_json_time

PENDING: Final = (FileState.NEW, FileState.SENT)
"""States a sync picks up (uz-fiscal §4.7)."""
LARGEST_KEY: Final = 2**63 - 1
_CONTENTS: Final = ("header", "body")


# Statements of a sale, made once: building them anew would cost more than running them.
_SAME: Final = sa.select(register_log.c.txid).where(
    register_log.c.factory_id == sa.bindparam("factory_id"),
    register_log.c.version == sa.bindparam("version"),
    register_log.c.type == sa.bindparam("type"),
    register_log.c.operation == sa.bindparam("operation"),
    register_log.c.hash == sa.bindparam("hash"),
)
_RECEIPT: Final = sa.select(register_log).where(register_log.c.txid == sa.bindparam("txid"))
_KEEP: Final = sa.insert(register_log).returning(register_log.c.txid)
_FINISH: Final = (
    sa.update(register_log)
    .where(register_log.c.txid == sa.bindparam("key"), register_log.c.receipt_seq.is_(None))
    .values(
        receipt_seq=sa.bindparam("seq"),
        fiscal_sign=sa.bindparam("sign"),
        answered_at=sa.bindparam("stamp"),
        content=None,
    )
)
_ADD_FILE: Final = sa.insert(receipt_files)
_PENDING: Final = (
    sa.select(receipt_files.c.txid)
    .where(receipt_files.c.state.in_(PENDING), receipt_files.c.terminal_id == sa.bindparam("terminal_id"))
    .limit(sa.bindparam("most"))
)
_QUEUE: Final = (
    sa.select(receipt_files)
    .where(
        receipt_files.c.state == sa.bindparam("wanted"),
        receipt_files.c.terminal_id == sa.bindparam("terminal_id"),
    )
    .order_by(receipt_files.c.receipt_seq)
    .limit(sa.bindparam("most"))
)
_MARK_SENT: Final = (
    sa.update(receipt_files)
    .where(receipt_files.c.txid == sa.bindparam("key"))
    .values(
        state=FileState.SENT, attempts=receipt_files.c.attempts + 1, state_changed_at=sa.bindparam("stamp")
    )
)
_UNFINISHED: Final = (
    sa.select(register_log)
    .where(register_log.c.factory_id == sa.bindparam("factory_id"), register_log.c.receipt_seq.is_(None))
    .where(register_log.c.time.between(sa.bindparam("since"), sa.bindparam("until")))
    .order_by(register_log.c.time.desc(), register_log.c.txid.desc())
)


class ReceiptStore:
    """Registrations with their answers, and the files of registered receipts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- registration --------------------------------------------------------------------------------

    def keep(self, receipt: NewReceipt, now: datetime) -> int:
        """The TXID of this content: a new one, or the one it had before (uz-fiscal G2-S-05)."""
        try:
            with self.database.writing() as connection:
                return int(self.database.run(connection, _KEEP, _new_row(receipt, now)).scalar())
        except IntegrityError:
            # It is here already: from this till, or from another process on the same database.
            with self.database.reading() as connection:
                found = self._same(connection, receipt)
            if found is None:
                raise SaveError from None
            return found

    def _same(self, connection: sa.Connection, receipt: NewReceipt) -> int | None:
        key = {
            "factory_id": receipt.factory_id,
            "version": CODEC_VERSION,
            "type": receipt.type,
            "operation": receipt.operation,
            "hash": receipt.hash,
        }
        return connection.execute(_SAME, key).scalar_one_or_none()

    def receipt(self, txid: int, factory_id: str) -> StoredReceipt:
        """The stored receipt; RecordNotFoundError for an unknown TXID or another module's (uz-fiscal
        G2-S-10)."""
        with self.database.reading() as connection:
            rows = self.database.run(connection, _RECEIPT, {"txid": min(txid, LARGEST_KEY)})
            row = next(named(register_log, rows), None)
        if row is None or row["factory_id"] != factory_id:
            raise RecordNotFoundError(register_log.name, txid)
        return stored_receipt(row)

    def unfinished(self, factory_id: str, since: datetime, until: datetime) -> list[StoredReceipt]:
        """Receipts of a module without an answer whose time lies in `since … until`, newest first."""
        wanted = {
            "factory_id": factory_id,
            "since": format_json_time(since),
            "until": format_json_time(until),
        }
        with self.database.reading() as connection:
            rows = self.database.run(connection, _UNFINISHED, wanted)
            return [stored_receipt(row) for row in named(register_log, rows)]

    def finish(
        self, receipt: StoredReceipt, answer: Registered, header: bytes, body: bytes, now: datetime
    ) -> Registered:
        """Store answer, record file and encrypted file together (uz-fiscal G2-S-08).

        When the receipt has been finished meanwhile the stored answer is given and nothing changes.
        """
        values = {
            "key": receipt.txid,
            "seq": answer.receipt_seq,
            "sign": answer.fiscal_sign,
            "stamp": format_json_time(now),
        }
        with self.database.writing() as connection:
            changed = self.database.run(connection, _FINISH, values).rowcount
            if changed:
                self.database.run(connection, _ADD_FILE, file_values(receipt, answer, header, body))
        return answer if changed else self._answer(receipt)

    def _answer(self, receipt: StoredReceipt) -> Registered:
        answer = self.receipt(receipt.txid, receipt.factory_id).answer
        assert answer is not None
        return answer

    # --- files ---------------------------------------------------------------------------------------

    def pending(self, terminal_id: str, limit: int) -> list[ReceiptFileRow]:
        """The oldest files that still have to go, lowest number first (uz-fiscal G2-S-16)."""
        rows: list[ReceiptFileRow] = []
        with self.database.reading() as connection:
            for state in PENDING:  # one ordered range of the index each, so a long queue costs nothing
                wanted = {"wanted": state, "terminal_id": terminal_id, "most": limit}
                found = self.database.run(connection, _QUEUE, wanted)
                rows += [receipt_file(row) for row in named(receipt_files, found)]
        return sorted(rows, key=lambda row: row.receipt_seq)[:limit]

    def pending_count(self, terminal_id: str, limit: int) -> int:
        """How many files still have to go, counted up to `limit`."""
        with self.database.reading() as connection:
            return len(connection.execute(_PENDING, {"terminal_id": terminal_id, "most": limit}).all())

    def by_numbers(self, terminal_id: str, numbers: Sequence[int]) -> list[ReceiptFileRow]:
        """The stored files with these receipt numbers, lowest first; unknown numbers are left out."""
        query = (
            sa.select(receipt_files)
            .where(receipt_files.c.terminal_id == terminal_id, receipt_files.c.receipt_seq.in_(numbers))
            .order_by(receipt_files.c.receipt_seq, receipt_files.c.txid)
        )
        with self.database.reading() as connection:
            return [receipt_file(row) for row in connection.execute(query).mappings()]

    def states_of(self, terminal_id: str, numbers: Sequence[int]) -> dict[int, FileState]:
        """State of each of these receipt numbers that has a full file here."""
        query = sa.select(receipt_files.c.receipt_seq, receipt_files.c.state).where(
            receipt_files.c.terminal_id == terminal_id, receipt_files.c.receipt_seq.in_(numbers)
        )
        with self.database.reading() as connection:
            return {seq: FileState(state) for seq, state in connection.execute(query)}

    def recall(self, terminal_id: str, held: Mapping[int, bytes], now: datetime) -> list[int]:
        """Put back to New what is Acknowledged here though the module holds it; the numbers.

        `held` has the content hash of each held number, since a module that was put back numbers anew.
        """
        query = (
            sa.select(receipt_files.c.txid, receipt_files.c.receipt_seq, register_log.c.hash)
            .join(register_log, register_log.c.txid == receipt_files.c.txid)
            .where(receipt_files.c.terminal_id == terminal_id, receipt_files.c.receipt_seq.in_(held))
            .where(receipt_files.c.state == FileState.ACKNOWLEDGED)
        )
        with self.database.writing() as connection:
            rows = connection.execute(query).all()
            found = {txid: number for txid, number, digest in rows if held[number] == bytes(digest)}
            if found:
                connection.execute(
                    sa.update(receipt_files)
                    .where(receipt_files.c.txid.in_(found))
                    .values(state=FileState.NEW, state_changed_at=format_json_time(now), message=None)
                )
        return sorted(found.values())

    def mark_sent(self, txids: Iterable[int], now: datetime) -> None:
        """The files are being handed to a socket: Sent, one attempt more."""
        rows = [{"key": txid, "stamp": format_json_time(now)} for txid in txids]
        with self.database.writing() as connection:
            self.database.run_all(connection, _MARK_SENT, rows)

    def settle(self, outcomes: Sequence[Settled], now: datetime) -> None:
        """Store what became of files after an exchange."""
        settle_rows(self.database, receipt_files, receipt_files.c.txid, outcomes, now)

    def set_new(self, txid: int, now: datetime) -> ReceiptFileRow:
        """Put a file back to New so that it is sent again; RecordNotFoundError without such a file."""
        with self.database.writing() as connection:
            query = sa.select(receipt_files).where(receipt_files.c.txid == min(txid, LARGEST_KEY))
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise RecordNotFoundError(receipt_files.name, txid)
            connection.execute(
                sa.update(receipt_files)
                .where(receipt_files.c.txid == txid)
                .values(state=FileState.NEW, state_changed_at=format_json_time(now), message=None)
            )
        return receipt_file(row)

    # --- asking --------------------------------------------------------------------------------------

    def count(self, state: FileState) -> dict[str, int]:
        """Number of files in a state by TerminalID, terminals without any left out."""
        query = (
            sa.select(receipt_files.c.terminal_id, sa.func.count())
            .where(receipt_files.c.state == state)
            .group_by(receipt_files.c.terminal_id)
            .order_by(receipt_files.c.terminal_id)
        )
        with self.database.reading() as connection:
            return {terminal: int(number) for terminal, number in connection.execute(query)}

    def listed(self, factory_id: str, state: FileState, limit: int, offset: int) -> list[FileEntry]:
        """Files of a module in a state, oldest TXID first."""
        query = (
            sa.select(*(column for column in receipt_files.c if column.name not in _CONTENTS))
            .where(receipt_files.c.factory_id == factory_id, receipt_files.c.state == state)
            .order_by(receipt_files.c.txid)
            .limit(limit)
            .offset(offset)
        )
        with self.database.reading() as connection:
            return [file_entry(row) for row in connection.execute(query).mappings()]

    def tallies(self) -> list[Tally]:
        """How far the sending of each terminal's receipts has come (UZ-OFF-06)."""
        columns = receipt_files.c
        with self.database.reading() as connection:
            counts: dict[str, dict[FileState, int]] = {}
            query = sa.select(columns.terminal_id, columns.state, sa.func.count()).group_by(
                columns.terminal_id, columns.state
            )
            for terminal, state, number in connection.execute(query):
                counts.setdefault(terminal, {})[FileState(state)] = int(number)
            return [_tally(connection, terminal, counts[terminal]) for terminal in sorted(counts)]


def _tally(connection: sa.Connection, terminal_id: str, counts: dict[FileState, int]) -> Tally:
    columns = receipt_files.c
    mine = sa.select(columns.time).where(columns.terminal_id == terminal_id)
    oldest = connection.execute(
        mine.where(columns.state.in_(PENDING)).order_by(columns.receipt_seq).limit(1)
    ).scalar_one_or_none()
    last = connection.execute(
        sa.select(columns.receipt_seq, columns.state_changed_at)
        .where(columns.terminal_id == terminal_id, columns.state == FileState.ACKNOWLEDGED)
        .order_by(columns.receipt_seq.desc())
        .limit(1)
    ).one_or_none()
    return Tally(
        terminal_id,
        counts,
        stored_time(oldest),
        None if last is None else int(last[0]),
        None if last is None else stored_time(last[1]),
    )


def settle_rows(
    database: Database, table: sa.Table, key: sa.Column[int], outcomes: Sequence[Settled], now: datetime
) -> None:
    """Write outcomes into a table of files in one transaction."""
    if not outcomes:
        return
    rows = [
        {
            "k": one.key,
            "s": int(one.state),
            "m": one.message,
            "p": int(one.put_off),
            "t": format_json_time(now),
        }
        for one in outcomes
    ]
    with database.writing() as connection:
        database.run_all(connection, _settling(table, key), rows)


@functools.cache
def _settling(table: sa.Table, key: sa.Column[int]) -> sa.Update:
    """The statement of `settle_rows` for a table, built once for each."""
    return (
        sa.update(table)
        .where(key == sa.bindparam("k"))
        .values(
            state=sa.bindparam("s"),
            message=sa.bindparam("m"),
            postponed=table.c.postponed + sa.bindparam("p", type_=sa.Integer),
            state_changed_at=sa.bindparam("t"),
        )
    )


def _new_row(receipt: NewReceipt, now: datetime) -> dict[str, Any]:
    return {
        "factory_id": receipt.factory_id,
        "terminal_id": receipt.terminal_id,
        "version": CODEC_VERSION,
        "type": receipt.type,
        "operation": receipt.operation,
        "hash": receipt.hash,
        "total_block": receipt.total_block,
        "content": receipt.content,
        "time": format_json_time(receipt.time),
        "stored_at": format_json_time(now),
    }
