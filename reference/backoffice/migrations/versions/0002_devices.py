"""Sessions know on which device they are.

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


def upgrade() -> None:
    """Sessions from before have no name."""
    op.add_column("bx_visits", sa.Column("device", sa.String(100), nullable=False, server_default=""))
