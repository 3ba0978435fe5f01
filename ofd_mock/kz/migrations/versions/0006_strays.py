"""No index on times, which every ticket paid: the few documents out of the order of their times are noted.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FIND_ALL = """
INSERT INTO kz_strays (device, number, time)
SELECT device, number, time FROM (
    SELECT device, number, time, max(time) OVER (
        PARTITION BY device ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS latest FROM kz_documents WHERE time IS NOT NULL
) AS timed WHERE time < latest
"""


def upgrade() -> None:
    """Note the documents that are out of order, and drop the index."""
    op.create_table(
        "kz_strays",
        sa.Column("device", sa.BigInteger, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("time", sa.String(19), nullable=False),
    )
    op.create_index("kz_strays_time", "kz_strays", ["device", "time"])
    op.execute(_FIND_ALL)
    op.drop_index("kz_documents_time", "kz_documents")
