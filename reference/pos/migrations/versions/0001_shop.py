"""The shop's tables as they first were.

Revision ID: 0001
Revises: -
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables and indexes."""
    op.create_table(
        "pos_changes",
        sa.Column("n", Counter, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("made", sa.String(29), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "pos_employees",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("pin", sa.String(255), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("failures", sa.SmallInteger, nullable=False),
        sa.Column("locked_until", sa.String(29)),
    )
    op.create_table(
        "pos_fiscal",
        sa.Column("order_id", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("terminal", sa.String(14), nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("made", sa.String(19)),
        sa.Column("sign", sa.String(12), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("acknowledged", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
    )
    op.create_table(
        "pos_order_lines",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(32), nullable=False, index=True),
        sa.Column("product", sa.BigInteger),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(255), nullable=False),
        sa.Column("position", sa.Integer),
    )
    op.create_table(
        "pos_orders",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("place", sa.BigInteger),
        sa.Column("employee", sa.BigInteger, nullable=False),
        sa.Column("opened", sa.String(29), nullable=False),
        sa.Column("confirmed", sa.String(29)),
        sa.Column("closed", sa.String(29)),
        sa.Column("surcharge", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("refund_of", sa.String(32), index=True),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.UniqueConstraint("day", "number"),
    )
    op.create_table(
        "pos_payments",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.String(32), nullable=False, index=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("made", sa.String(29), nullable=False),
    )
    op.create_table(
        "pos_places",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("surcharge", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "pos_products",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("category", sa.String(100), nullable=False),
        sa.Column("mxik", sa.String(17), nullable=False),
        sa.Column("package_code", sa.String(20), nullable=False),
        sa.Column("unit", sa.String(20), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("vat_percent", sa.SmallInteger, nullable=False),
        sa.Column("barcode", sa.String(20), nullable=False, index=True),
        sa.Column("stock", sa.BigInteger),
        sa.Column("marked", sa.Boolean, nullable=False),
        sa.Column("best_before", sa.String(10)),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "pos_settings",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "pos_stays",
        sa.Column("secret", sa.String(64), primary_key=True),
        sa.Column("employee", sa.BigInteger, nullable=False, index=True),
        sa.Column("begun", sa.String(29), nullable=False),
    )


def downgrade() -> None:
    """Drop what upgrade made."""
    op.drop_table("pos_stays")
    op.drop_table("pos_settings")
    op.drop_table("pos_products")
    op.drop_table("pos_places")
    op.drop_table("pos_payments")
    op.drop_table("pos_orders")
    op.drop_table("pos_order_lines")
    op.drop_table("pos_fiscal")
    op.drop_table("pos_employees")
    op.drop_table("pos_changes")
