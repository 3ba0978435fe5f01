"""The drive's tables. Migrations in `migrations/` make them; a test holds the two together.

`receipt_register_log` has one row a TXID: first the clear content, then the answer. `full_receipt_files` has
one row a registered receipt: what goes to the operator, and its state. Z-reports are read from the module and
kept for their state. Times are Tashkent local text as on the wire, so a person can read the rows.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData()

_Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers only INTEGER keys by itself

register_log: Final = Table(
    "receipt_register_log",
    metadata,
    Column("txid", _Id, primary_key=True, autoincrement=True),
    Column("factory_id", String(84), nullable=False),
    Column("terminal_id", String(14), nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("total_block", LargeBinary, nullable=False),
    Column("time", String(19), nullable=False),
    Column("stored_at", String(19), nullable=False),
    # TLV and padding; given up when the encrypted file takes its place.
    Column("content", LargeBinary, nullable=True),
    Column("receipt_seq", BigInteger, nullable=True),
    Column("fiscal_sign", String(12), nullable=True),
    Column("answered_at", String(19), nullable=True),
    UniqueConstraint("factory_id", "version", "type", "operation", "hash", name="uq_register_content"),
    sqlite_autoincrement=True,
)
Index("ix_register_unfinished", register_log.c.factory_id, register_log.c.receipt_seq, register_log.c.time)

receipt_files: Final = Table(
    "full_receipt_files",
    metadata,
    Column("txid", _Id, ForeignKey("receipt_register_log.txid"), primary_key=True, autoincrement=False),
    Column("factory_id", String(84), nullable=False),
    Column("terminal_id", String(14), nullable=False),
    Column("receipt_seq", BigInteger, nullable=False),
    Column("time", String(19), nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("postponed", Integer, nullable=False),
    Column("state_changed_at", String(19), nullable=True),
    Column("message", Text, nullable=True),
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
# Not unique: a module that forgot (a volatile emulator, a restored one) numbers anew, and its receipt still
# needs a place here; the operator refuses a number used twice (uz-fiscal OF-21).
Index("ix_receipt_files_number", receipt_files.c.terminal_id, receipt_files.c.receipt_seq)
Index("ix_receipt_files_listed", receipt_files.c.factory_id, receipt_files.c.state, receipt_files.c.txid)
Index(
    "ix_receipt_files_queue", receipt_files.c.state, receipt_files.c.terminal_id, receipt_files.c.receipt_seq
)

zreport_files: Final = Table(
    "zreport_files",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("terminal_id", String(14), nullable=False),
    Column("close_time", String(19), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("postponed", Integer, nullable=False),
    Column("state_changed_at", String(19), nullable=True),
    Column("message", Text, nullable=True),
    Column("header", LargeBinary, nullable=False),
    UniqueConstraint("terminal_id", "close_time", name="uq_zreport_close"),
    sqlite_autoincrement=True,
)

sync_log: Final = Table(
    "sync_log",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", String(19), nullable=False),
    Column("terminal_id", String(14), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("address", String(120), nullable=False),
    Column("files", Integer, nullable=False),
    Column("acknowledged", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_sync_log_terminal", sync_log.c.terminal_id, sync_log.c.id)

known_modules: Final = Table(
    "known_modules",
    metadata,
    Column("link", String(200), primary_key=True),
    Column("factory_id", String(84), nullable=False),
    Column("confirmed_at", String(19), nullable=False),
)

unnumbered_files: Final = Table(
    "unnumbered_files",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("factory_id", String(84), nullable=False),
    Column("terminal_id", String(14), nullable=False),
    Column("time", String(19), nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("postponed", Integer, nullable=False),
    Column("state_changed_at", String(19), nullable=True),
    Column("message", Text, nullable=True),
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""Advance and credit receipts of generation 1, which no module numbers (uz-fiscal G1-Z-09)."""
Index("ix_unnumbered_queue", unnumbered_files.c.state, unnumbered_files.c.factory_id, unnumbered_files.c.id)

named_receipts: Final = Table(
    "named_receipts",
    metadata,
    Column("factory_id", String(84), primary_key=True),
    Column("method", String(32), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("txid", _Id, ForeignKey("receipt_register_log.txid"), nullable=False),
)
"""Which receipt a till's own number stands for, so that a repeat sells nothing twice (uz-fiscal QP-01)."""
