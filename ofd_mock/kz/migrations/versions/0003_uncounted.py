"""How many of a register's last tickets its stored counters do not hold yet.

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


def upgrade() -> None:
    """Until now counters were written with every document, so that none is missing."""
    op.add_column("kz_devices", sa.Column("uncounted", sa.SmallInteger, nullable=False, server_default="0"))
