"""An index for the search of twins: without it every ticket reads all earlier ones of its register.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index documents by the number that the register printed."""
    op.create_index("kz_documents_printed", "kz_documents", ["device", "printed_number"])
