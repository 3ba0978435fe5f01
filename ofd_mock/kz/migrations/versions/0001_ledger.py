"""The Kazakh ledger as it first was: devices, documents, findings, invoices.

Revision ID: 0001
Revises: -
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables and indexes."""
    op.create_table(
        "kz_devices",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rnm", sa.String(32), nullable=False, index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("last_token", sa.BigInteger),
        sa.Column("last_req", sa.Integer),
        sa.Column("last_cmd", sa.SmallInteger),
        sa.Column("last_answer", sa.LargeBinary),
        sa.Column("counters", sa.Text, nullable=False),
        sa.Column("documents", sa.BigInteger, nullable=False),
        sa.Column("last_time", sa.String(19)),
        sa.Column("last_shift", sa.BigInteger),
        sa.Column("last_printed", sa.BigInteger),
        sa.Column("last_z", sa.LargeBinary),
        sa.Column("cancellable", sa.Boolean, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
    )
    op.create_table(
        "kz_documents",
        sa.Column("device", sa.BigInteger, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("command", sa.SmallInteger, nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("reqnum", sa.Integer, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.String(19), nullable=False),
        sa.Column("time", sa.String(19)),
        sa.Column("shift_number", sa.BigInteger, nullable=False),
        sa.Column("sign", sa.String(40), nullable=False),
        sa.Column("page", sa.String(36), nullable=False),
        sa.Column("resent", sa.Boolean, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("operation", sa.SmallInteger),
        sa.Column("total", sa.BigInteger),
        sa.Column("offline_number", sa.BigInteger),
        sa.Column("printed_number", sa.BigInteger),
        sa.Column("parent_rnm", sa.String(64), nullable=False),
        sa.Column("parent_sign", sa.String(64), nullable=False),
    )
    op.create_index("kz_documents_sign", "kz_documents", ["sign"], unique=True)
    op.create_index("kz_documents_page", "kz_documents", ["page"])
    op.create_index("kz_documents_offline", "kz_documents", ["offline_number"])
    op.create_index("kz_documents_parent", "kz_documents", ["parent_sign"])
    op.create_table(
        "kz_findings",
        sa.Column("entry", Counter, primary_key=True, autoincrement=True),
        sa.Column("device", sa.BigInteger, nullable=False, index=True),
        sa.Column("number", sa.BigInteger),
        sa.Column("command", sa.SmallInteger, nullable=False),
        sa.Column("received", sa.String(19), nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("code", sa.SmallInteger, nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "kz_invoices",
        sa.Column("device", sa.BigInteger, primary_key=True),
        sa.Column("invoice_id", sa.BigInteger, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("qr_code", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
    )
