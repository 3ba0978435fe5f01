"""Payments are summed by branch and day; transactions of Payme know when Payme made them.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TASHKENT: Final = timedelta(hours=5)
_AT_ONCE: Final = 10_000


def upgrade() -> None:
    """Sums of what is there; of transactions from before only the portal's own time is known."""
    made = op.create_table(
        "bx_sums_payment",
        sa.Column("branch", sa.BigInteger, primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("payments", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("branch", "made", "state", "amount")]
    known = sa.select(*columns).select_from(sa.table("bx_transactions"))
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    connection = op.get_bind()
    for branch, moment, state, amount in connection.execute(known, execution_options={"yield_per": _AT_ONCE}):
        row = sums[branch, str((datetime.fromisoformat(moment) + _TASHKENT).date())]
        row[0] += 1
        row[1] += amount if state in ("confirmed", "returned") else 0
    rows = [
        {"branch": branch, "day": day, "payments": payments, "amount": amount}
        for (branch, day), (payments, amount) in sorted(sums.items())
    ]
    if rows:
        connection.execute(sa.insert(made), rows)
    op.add_column("bx_receipts", sa.Column("given", sa.BigInteger, nullable=False, server_default="0"))
    receipts = sa.table("bx_receipts", sa.column("given"), sa.column("created"))
    op.execute(sa.update(receipts).values(given=receipts.c.created))
