"""Rows of the drive's tables as values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reference.drive.records import (
    CODEC_VERSION,
    FileEntry,
    FileState,
    ReceiptFileRow,
    Registered,
    StoredReceipt,
)
from reference.protocol.uz.values import format_json_time, parse_json_time

Row = sa.RowMapping | Mapping[str, Any]
"""A row by the names of its columns."""


def named(table: sa.Table, rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    """Whole rows of a table by the names of its columns."""
    names = table.columns.keys()
    return (dict(zip(names, row, strict=True)) for row in rows)


def file_values(receipt: StoredReceipt, answer: Registered, header: bytes, body: bytes) -> dict[str, Any]:
    """The new row of a registered receipt's files."""
    return {
        "txid": receipt.txid,
        "factory_id": receipt.factory_id,
        "terminal_id": answer.terminal_id,
        "receipt_seq": answer.receipt_seq,
        "time": format_json_time(answer.time),
        "version": CODEC_VERSION,
        "type": receipt.type,
        "operation": receipt.operation,
        "state": FileState.NEW,
        "attempts": 0,
        "postponed": 0,
        "header": header,
        "body": body,
    }


def stored_time(text: str | None) -> datetime | None:
    """A stored time, None where there is none."""
    return None if text is None else parse_json_time(text)


def stored_receipt(row: Row) -> StoredReceipt:
    """A row of the register log."""
    answer = None
    if row["receipt_seq"] is not None:
        time = parse_json_time(row["time"])
        answer = Registered(row["terminal_id"], int(row["receipt_seq"]), time, row["fiscal_sign"])
    return StoredReceipt(
        txid=int(row["txid"]),
        factory_id=row["factory_id"],
        terminal_id=row["terminal_id"],
        type=row["type"],
        operation=row["operation"],
        hash=bytes(row["hash"]),
        total_block=bytes(row["total_block"]),
        content=bytes(row["content"] or b""),
        time=parse_json_time(row["time"]),
        answer=answer,
    )


def file_entry(row: Row) -> FileEntry:
    """A row of the full receipt files without the files."""
    return FileEntry(**_entry_values(row))


def receipt_file(row: Row) -> ReceiptFileRow:
    """A row of the full receipt files."""
    return ReceiptFileRow(**_entry_values(row), header=bytes(row["header"]), body=bytes(row["body"]))


def _entry_values(row: Row) -> dict[str, Any]:
    return {
        "txid": int(row["txid"]),
        "factory_id": row["factory_id"],
        "terminal_id": row["terminal_id"],
        "receipt_seq": int(row["receipt_seq"]),
        "time": parse_json_time(row["time"]),
        "version": row["version"],
        "type": row["type"],
        "operation": row["operation"],
        "state": FileState(row["state"]),
        "attempts": row["attempts"],
        "postponed": row["postponed"],
        "state_changed_at": stored_time(row["state_changed_at"]),
        "message": row["message"],
    }
