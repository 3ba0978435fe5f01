"""Indexes that grow at their end: in a large ledger, a row all over an index costs a page of its own.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Look for twins by time; index offline numbers and parents of those documents only that have them."""
    op.drop_index("kz_documents_printed", "kz_documents")
    op.create_index("kz_documents_time", "kz_documents", ["time", "device", "printed_number"])
    for name, column, there in (
        ("kz_documents_offline", "offline_number", sa.text("offline_number IS NOT NULL")),
        ("kz_documents_parent", "parent_sign", sa.text("parent_sign != ''")),
    ):
        op.drop_index(name, "kz_documents")
        op.create_index(name, "kz_documents", [column], sqlite_where=there, postgresql_where=there)
