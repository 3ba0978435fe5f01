"""The Kazakh ledger's tables; the migrations build the same, and a test compares the two.

Sums are tiyn, times naive local ISO text with seconds; counters and profiles are JSON text.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
)

metadata = MetaData()

# SQLite counts rows up only in a column of exactly this type.
Counter = BigInteger().with_variant(Integer, "sqlite")

devices: Final = Table(
    "kz_devices",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("rnm", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("last_token", BigInteger),
    Column("last_req", Integer),
    Column("last_cmd", SmallInteger),
    Column("last_answer", LargeBinary),
    Column("counters", Text, nullable=False),
    Column("documents", BigInteger, nullable=False),
    Column("last_time", String(19)),
    Column("last_shift", BigInteger),
    Column("last_printed", BigInteger),
    Column("last_z", LargeBinary),
    Column("cancellable", Boolean, nullable=False),
    Column("profile", Text, nullable=False),
)
"""One row a register: its exchange state of kz-ofd §4.2, its counters, what the portal holds of it.

Documents are the truth, and the row need not be written with each: it is as its document number `documents`
left it. A few tickets may stand behind it, which changed neither `state` nor what the portal holds; whoever
reads another column goes on from there (`device_rows`), and whoever writes one writes them all.
"""

documents: Final = Table(
    "kz_documents",
    metadata,
    Column("device", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("command", SmallInteger, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("reqnum", Integer, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("received", String(19), nullable=False),
    Column("time", String(19)),
    Column("shift_number", BigInteger, nullable=False),
    Column("sign", String(40), nullable=False),
    Column("page", String(36), nullable=False),
    Column("resent", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("operation", SmallInteger),
    Column("total", BigInteger),
    Column("offline_number", BigInteger),
    Column("printed_number", BigInteger),
    Column("parent_rnm", String(64), nullable=False),
    Column("parent_sign", String(64), nullable=False),
    Column("issued", BigInteger),
)
"""Every accepted document, with the bodies that travelled.

`issued` is the token that went out with the answer; NULL in those of older versions, which left all of the
exchange in the register's row.
"""
# Every ticket pays for every index here, a page where its new rows do not come at its end. None is on times:
# with kz_strays, documents are found by theirs without one.
Index("kz_documents_sign", documents.c.sign, unique=True)
Index("kz_documents_page", documents.c.page)
_NUMBERED: Final = documents.c.offline_number.is_not(None)
Index(
    "kz_documents_offline",
    documents.c.offline_number,
    sqlite_where=_NUMBERED,
    postgresql_where=_NUMBERED,
)
HAS_PARENT: Final = documents.c.parent_sign != literal_column("''")
"""What a question about `parent_sign` must say too, so that the index of those documents answers it."""
Index("kz_documents_parent", documents.c.parent_sign, sqlite_where=HAS_PARENT, postgresql_where=HAS_PARENT)

IS_CLOSING: Final = documents.c.command == literal_column("2")
"""What a question about closings of shifts must say, so that the index of those documents answers it."""
Index(
    "kz_documents_closings",
    documents.c.device,
    documents.c.shift_number,
    documents.c.number,
    sqlite_where=IS_CLOSING,
    postgresql_where=IS_CLOSING,
)

strays: Final = Table(
    "kz_strays",
    metadata,
    Column("device", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("time", String(19), nullable=False),
)
"""Documents whose time is before that of an earlier one of their register: the times of all others grow with
their numbers. It follows from the documents; `strays.FIND_ALL` makes it anew.
"""
Index("kz_strays_time", strays.c.device, strays.c.time)

reports: Final = Table(
    "kz_reports",
    metadata,
    Column("entry", Counter, primary_key=True, autoincrement=True),
    Column("device", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("shift_number", BigInteger, nullable=False),
    Column("received", String(19), nullable=False),
    Column("time", String(19), nullable=False),
    Column("report", LargeBinary, nullable=False),
)
"""X reports as they were answered; `number` is the device's last document before, `report` as `last_z`."""
Index("kz_reports_place", reports.c.device, reports.c.number, reports.c.entry)

findings: Final = Table(
    "kz_findings",
    metadata,
    Column("entry", Counter, primary_key=True, autoincrement=True),
    Column("device", BigInteger, nullable=False, index=True),
    Column("number", BigInteger),
    Column("command", SmallInteger, nullable=False),
    Column("received", String(19), nullable=False),
    Column("check_id", String(16), nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("field", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
"""What checks found, in documents that were accepted (`number`) and refused."""
OUT_OF_TIME: Final = findings.c.check_id == literal_column("'T09'")
"""Findings against registers whose documents are not in the order of their times."""
Index("kz_findings_clock", findings.c.device, sqlite_where=OUT_OF_TIME, postgresql_where=OUT_OF_TIME)

invoices: Final = Table(
    "kz_invoices",
    metadata,
    Column("device", BigInteger, primary_key=True),
    Column("invoice_id", BigInteger, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("qr_code", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
)
"""Payments by QR of 2.0.4."""
