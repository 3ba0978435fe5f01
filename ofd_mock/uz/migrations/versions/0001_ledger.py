"""The ledger as it first was: modules, directives, receipts, Z-reports, unsigned receipts, traces.

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
    """Make all tables and the unique indexes that keep entries single."""
    op.create_table(
        "uz_marks",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )

    op.create_table(
        "uz_modules",
        sa.Column("terminal", sa.String(14), primary_key=True),
        sa.Column("tin", sa.String(14), nullable=False),
        sa.Column("company", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary),
        sa.Column("transport_key", sa.LargeBinary),
        sa.Column("pos_unlock_done", sa.BigInteger, nullable=False),
        sa.Column("first_seen", sa.String(14)),
        sa.Column("last_seen", sa.String(14)),
        sa.Column("last_sync", sa.String(14)),
    )

    op.create_table(
        "uz_directives",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("pattern", sa.String(64), nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("reason", sa.SmallInteger, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
    )

    op.create_table(
        "uz_receipts",
        sa.Column("entry", Counter, primary_key=True),
        sa.Column("terminal", sa.String(14), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("operation", sa.SmallInteger, nullable=False),
        sa.Column("time", sa.String(14), nullable=False),
        sa.Column("sign", sa.String(12)),
        sa.Column("cash", sa.BigInteger, nullable=False),
        sa.Column("card", sa.BigInteger, nullable=False),
        sa.Column("vat", sa.BigInteger, nullable=False),
        sa.Column("items_count", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("received", sa.String(14), nullable=False),
        sa.Column("completed", sa.String(14)),
        sa.Column("repeats", sa.Integer, nullable=False),
    )
    op.create_index("uz_receipts_one_per_number", "uz_receipts", ["terminal", "number"], unique=True)
    op.create_table(
        "uz_zreports",
        sa.Column("entry", Counter, primary_key=True),
        sa.Column("terminal", sa.String(14), nullable=False),
        sa.Column("close_time", sa.String(14), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("open_time", sa.String(14), nullable=False),
        sa.Column("sales", sa.Integer, nullable=False),
        sa.Column("refunds", sa.Integer, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("cash_sale", sa.BigInteger, nullable=False),
        sa.Column("cash_refund", sa.BigInteger, nullable=False),
        sa.Column("card_sale", sa.BigInteger, nullable=False),
        sa.Column("card_refund", sa.BigInteger, nullable=False),
        sa.Column("vat_sale", sa.BigInteger, nullable=False),
        sa.Column("vat_refund", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.String(14), nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
    )
    op.create_index("uz_zreports_one_per_close", "uz_zreports", ["terminal", "close_time"], unique=True)
    op.create_table(
        "uz_unsigned_receipts",
        sa.Column("entry", Counter, primary_key=True),
        sa.Column("terminal", sa.String(14), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("operation", sa.SmallInteger, nullable=False),
        sa.Column("time", sa.String(14), nullable=False),
        sa.Column("cash", sa.BigInteger, nullable=False),
        sa.Column("card", sa.BigInteger, nullable=False),
        sa.Column("vat", sa.BigInteger, nullable=False),
        sa.Column("items_count", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.String(14), nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
    )
    op.create_index(
        "uz_unsigned_one_per_content", "uz_unsigned_receipts", ["terminal", "digest"], unique=True
    )
    op.create_table(
        "uz_traces",
        sa.Column("entry", Counter, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("terminal", sa.String(14), nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("clause", sa.String(64), nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.String(14), nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in (
        "uz_traces",
        "uz_unsigned_receipts",
        "uz_zreports",
        "uz_receipts",
        "uz_directives",
        "uz_modules",
        "uz_marks",
    ):
        op.drop_table(table)
