"""What the portal's archives need: X reports, where each shift ends, whose clocks went wrong.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Keep X reports; index closings alone, so that no ticket costs more."""
    op.create_table(
        "kz_reports",
        sa.Column("entry", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("device", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("shift_number", sa.BigInteger, nullable=False),
        sa.Column("received", sa.String(19), nullable=False),
        sa.Column("time", sa.String(19), nullable=False),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_index("kz_reports_place", "kz_reports", ["device", "number", "entry"])
    clocks = sa.text("check_id = 'T09'")
    op.create_index(
        "kz_findings_clock", "kz_findings", ["device"], sqlite_where=clocks, postgresql_where=clocks
    )
    closings = sa.text("command = 2")
    op.create_index(
        "kz_documents_closings",
        "kz_documents",
        ["device", "shift_number", "number"],
        sqlite_where=closings,
        postgresql_where=closings,
    )
