"""A register's row may be behind its documents by a few tickets, in all that they change.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now only counters were behind; what else the tickets changed is found in them once more."""
    op.add_column("kz_documents", sa.Column("issued", sa.BigInteger))
    op.execute("UPDATE kz_devices SET documents = documents - uncounted WHERE uncounted > 0")
    op.drop_column("kz_devices", "uncounted")
