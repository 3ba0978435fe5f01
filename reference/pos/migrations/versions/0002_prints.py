"""Papers for the printer; the cash that was handed over; the serial number of the device.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "pos_prints",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("copy", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("asked", sa.String(29), nullable=False),
        sa.UniqueConstraint("kind", "key", "number"),
    )
    op.create_index("ix_pos_prints_state", "pos_prints", ["state"])
    op.add_column("pos_payments", sa.Column("given", sa.BigInteger))
    op.add_column("pos_fiscal", sa.Column("serial", sa.String(32), nullable=False, server_default=""))
