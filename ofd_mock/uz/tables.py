"""The ledger's tables; their unique indexes make every receipt stand there once, whatever the code does.

Times are 14 digits of Tashkent time, sums tiyin; TerminalIDs are text. The migrations build the same
tables, and a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

ONE_RECEIPT: Final = "uz_receipts_one_per_number"
ONE_ZREPORT: Final = "uz_zreports_one_per_close"
ONE_UNSIGNED: Final = "uz_unsigned_one_per_content"

metadata = MetaData()

# SQLite counts rows up only in a column of exactly this type.
Counter = BigInteger().with_variant(Integer, "sqlite")

marks = Table(
    "uz_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Single numbers: `registry` is the version of directives and keys, `next_directive` the next number to
give.
"""

modules = Table(
    "uz_modules",
    metadata,
    Column("terminal", String(14), primary_key=True),
    Column("tin", String(14), nullable=False, default=""),
    Column("company", Text, nullable=False, default=""),
    Column("address", Text, nullable=False, default=""),
    Column("name", Text, nullable=False, default=""),
    Column("public_key", LargeBinary),
    Column("transport_key", LargeBinary),
    Column("pos_unlock_done", BigInteger, nullable=False, default=0),
    Column("first_seen", String(14)),
    Column("last_seen", String(14)),
    Column("last_sync", String(14)),
)
"""One row per module that was registered or has spoken; the row is the lock of its numbers on PostgreSQL."""

directives = Table(
    "uz_directives",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("pattern", String(64), nullable=False),
    Column("share", Float, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("reason", SmallInteger, nullable=False),
    Column("notice", Text, nullable=False),
)

receipts = Table(
    "uz_receipts",
    metadata,
    Column("entry", Counter, primary_key=True),
    Column("terminal", String(14), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("time", String(14), nullable=False),
    Column("sign", String(12)),
    Column("cash", BigInteger, nullable=False),
    Column("card", BigInteger, nullable=False),
    Column("vat", BigInteger, nullable=False),
    Column("items_count", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary),
    Column("received", String(14), nullable=False),
    Column("completed", String(14)),
    Column("repeats", Integer, nullable=False, default=0),
    Index(ONE_RECEIPT, "terminal", "number", unique=True),
)

zreports = Table(
    "uz_zreports",
    metadata,
    Column("entry", Counter, primary_key=True),
    Column("terminal", String(14), nullable=False),
    Column("close_time", String(14), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("open_time", String(14), nullable=False),
    Column("sales", Integer, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("cash_sale", BigInteger, nullable=False),
    Column("cash_refund", BigInteger, nullable=False),
    Column("card_sale", BigInteger, nullable=False),
    Column("card_refund", BigInteger, nullable=False),
    Column("vat_sale", BigInteger, nullable=False),
    Column("vat_refund", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("received", String(14), nullable=False),
    Column("repeats", Integer, nullable=False, default=0),
    Index(ONE_ZREPORT, "terminal", "close_time", unique=True),
)

unsigned = Table(
    "uz_unsigned_receipts",
    metadata,
    Column("entry", Counter, primary_key=True),
    Column("terminal", String(14), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("time", String(14), nullable=False),
    Column("cash", BigInteger, nullable=False),
    Column("card", BigInteger, nullable=False),
    Column("vat", BigInteger, nullable=False),
    Column("items_count", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received", String(14), nullable=False),
    Column("repeats", Integer, nullable=False, default=0),
    Index(ONE_UNSIGNED, "terminal", "digest", unique=True),
)
"""Advance and credit receipts of generation-1 terminals, which have no number (G1-Z-09)."""

traces = Table(
    "uz_traces",
    metadata,
    Column("entry", Counter, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("terminal", String(14), nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("clause", String(64), nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received", String(14), nullable=False),
    Column("repeats", Integer, nullable=False, default=0),
)
"""Files that were not taken, with the reason; the name goes into the AckFile's header (uz-fiscal §11.3)."""
