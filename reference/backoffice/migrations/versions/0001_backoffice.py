"""The owner portal's tables as they first were.

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
        "bx_branches",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("owner", sa.BigInteger, nullable=False, index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(13), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("login", sa.String(32), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
    )
    op.create_table(
        "bx_employees",
        sa.Column("link", sa.BigInteger, primary_key=True),
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("branch", sa.BigInteger, nullable=False, index=True),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_enrolments",
        sa.Column("secret", sa.String(64), primary_key=True),
        sa.Column("phone", sa.String(13), nullable=False, index=True),
        sa.Column("step", sa.SmallInteger, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("sent", sa.String(29), nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("begun", sa.String(29), nullable=False),
    )
    op.create_table(
        "bx_invoices",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("owner", sa.BigInteger, nullable=False, index=True),
        sa.Column("plan", sa.String(32), nullable=False),
        sa.Column("months", sa.SmallInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.String(8), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("made", sa.String(29), nullable=False),
        sa.Column("paid", sa.String(29)),
    )
    op.create_table(
        "bx_links",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("branch", sa.BigInteger, nullable=False, index=True),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("identity", sa.String(64), nullable=False, index=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("made", sa.String(29), nullable=False),
        sa.Column("ended", sa.String(29)),
        sa.Column("seen", sa.String(29)),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_merchants",
        sa.Column("branch", sa.BigInteger, primary_key=True),
        sa.Column("provider", sa.String(16), primary_key=True),
        sa.Column("store", sa.String(64), nullable=False),
        sa.Column("application", sa.String(64), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("token_until", sa.String(29)),
    )
    op.create_table(
        "bx_offers",
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("made", sa.String(29), nullable=False),
    )
    op.create_table(
        "bx_orders",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("link", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("branch", sa.BigInteger, nullable=False),
        sa.Column("opened", sa.String(29), nullable=False),
        sa.Column("closed", sa.String(29)),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("employee", sa.String(32), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("refund", sa.Boolean, nullable=False),
        sa.Column("fiscal", sa.String(12), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.UniqueConstraint("link", "key"),
    )
    op.create_index("ix_bx_orders_branch_fiscal", "bx_orders", ["branch", "fiscal"])
    op.create_index("ix_bx_orders_branch_opened", "bx_orders", ["branch", "opened"])
    op.create_table(
        "bx_owners",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("phone", sa.String(13), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=False),
        sa.Column("business", sa.String(100), nullable=False),
        sa.Column("created", sa.String(29), nullable=False),
        sa.Column("renew", sa.Boolean, nullable=False),
        sa.Column("failures", sa.SmallInteger, nullable=False),
        sa.Column("locked_until", sa.String(29)),
    )
    op.create_table(
        "bx_products",
        sa.Column("link", sa.BigInteger, primary_key=True),
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("branch", sa.BigInteger, nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("category", sa.String(100), nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("stock", sa.BigInteger),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sold", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_receipts",
        sa.Column("provider", sa.String(8), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("id", sa.BigInteger, nullable=False, unique=True),
        sa.Column("invoice", sa.BigInteger, nullable=False, index=True),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.SmallInteger),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("performed", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_shifts",
        sa.Column("link", sa.BigInteger, primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("branch", sa.BigInteger, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "bx_sms",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("sent", sa.String(29), nullable=False),
        sa.Column("phone", sa.String(13), nullable=False, index=True),
        sa.Column("text", sa.String(255), nullable=False),
    )
    op.create_table(
        "bx_subscriptions",
        sa.Column("owner", sa.BigInteger, primary_key=True),
        sa.Column("plan", sa.String(32), nullable=False),
        sa.Column("until", sa.String(29), nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("renews", sa.Boolean, nullable=False),
        sa.Column("card", sa.String(64), nullable=False),
    )
    op.create_table(
        "bx_sums_employee",
        sa.Column("branch", sa.BigInteger, primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("link", sa.BigInteger, primary_key=True),
        sa.Column("employee", sa.String(32), primary_key=True),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_sums_hour",
        sa.Column("branch", sa.BigInteger, primary_key=True),
        sa.Column("hour", sa.String(13), primary_key=True),
        sa.Column("orders", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.Column("surcharge", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_sums_product",
        sa.Column("branch", sa.BigInteger, primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("link", sa.BigInteger, primary_key=True),
        sa.Column("product", sa.String(32), primary_key=True),
        sa.Column("sold", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bx_transactions",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("link", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("branch", sa.BigInteger, nullable=False),
        sa.Column("order_key", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("kind_group", sa.String(8), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("made", sa.String(29), nullable=False),
        sa.Column("employee", sa.String(32), nullable=False),
        sa.UniqueConstraint("link", "key"),
    )
    op.create_index("ix_bx_transactions_branch_made", "bx_transactions", ["branch", "made"])
    op.create_table(
        "bx_visits",
        sa.Column("secret", sa.String(64), primary_key=True),
        sa.Column("owner", sa.BigInteger, nullable=False, index=True),
        sa.Column("begun", sa.String(29), nullable=False),
        sa.Column("seen", sa.String(29), nullable=False),
    )


def downgrade() -> None:
    """Drop what upgrade made."""
    op.drop_table("bx_visits")
    op.drop_table("bx_transactions")
    op.drop_table("bx_sums_product")
    op.drop_table("bx_sums_hour")
    op.drop_table("bx_sums_employee")
    op.drop_table("bx_subscriptions")
    op.drop_table("bx_sms")
    op.drop_table("bx_shifts")
    op.drop_table("bx_receipts")
    op.drop_table("bx_products")
    op.drop_table("bx_owners")
    op.drop_table("bx_orders")
    op.drop_table("bx_offers")
    op.drop_table("bx_merchants")
    op.drop_table("bx_links")
    op.drop_table("bx_invoices")
    op.drop_table("bx_enrolments")
    op.drop_table("bx_employees")
    op.drop_table("bx_branches")
