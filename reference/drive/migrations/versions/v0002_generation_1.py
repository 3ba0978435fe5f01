"""What the dialects of generation 1 keep: receipts without a number, and the tills' own receipt numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "drive0002"
down_revision = "drive0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "unnumbered_files",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("factory_id", sa.String(84), nullable=False),
        sa.Column("terminal_id", sa.String(14), nullable=False),
        sa.Column("time", sa.String(19), nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("operation", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("postponed", sa.Integer, nullable=False),
        sa.Column("state_changed_at", sa.String(19), nullable=True),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_unnumbered_queue", "unnumbered_files", ["state", "factory_id", "id"])
    op.create_table(
        "named_receipts",
        sa.Column("factory_id", sa.String(84), primary_key=True),
        sa.Column("method", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("txid", _ID, sa.ForeignKey("receipt_register_log.txid"), nullable=False),
    )


def downgrade() -> None:
    """Drop both tables."""
    for table in ("named_receipts", "unnumbered_files"):
        op.drop_table(table)
