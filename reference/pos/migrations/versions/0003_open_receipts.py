"""Receipts that the operator has not acknowledged are found among all that are made.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the index by state lead to them."""
    op.drop_index("ix_pos_fiscal_state", "pos_fiscal")
    op.create_index("ix_pos_fiscal_state", "pos_fiscal", ["state", "acknowledged"])
