"""Mailed codes of organisations beside those of registrations.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table anew: codes count for ten minutes, nobody misses those that are lost."""
    op.drop_table("kz_portal_mail_codes")
    op.create_table(
        "kz_portal_mail_codes",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("owner", sa.String(32), nullable=False, index=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("sent", sa.String(25), nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
    )
