"""Payments through the bank, and passwords that their users must change first.

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
    """Make the table of payments, and the mark of a password given by somebody else."""
    op.create_table(
        "kz_portal_payments",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("number", sa.String(64), nullable=False, unique=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.String(25), nullable=False),
        sa.Column("bank", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("answered", sa.String(25)),
    )
    op.add_column(
        "kz_portal_users", sa.Column("must_change", sa.Boolean, nullable=False, server_default=sa.false())
    )
