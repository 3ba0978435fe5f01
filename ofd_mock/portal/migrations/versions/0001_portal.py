"""The portal's tables as they first were.

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
        "kz_portal_applications",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("card", sa.BigInteger, index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("cms", sa.LargeBinary, nullable=False),
        sa.Column("signer", sa.String(255), nullable=False),
        sa.Column("signed", sa.String(25), nullable=False),
    )
    op.create_table(
        "kz_portal_cards",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("outlet", sa.BigInteger, nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("model", sa.Integer),
        sa.Column("serial", sa.String(32), nullable=False, index=True),
        sa.Column("year", sa.SmallInteger),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("shown_state", sa.String(16), nullable=False),
        sa.Column("since", sa.String(25)),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("tariff", sa.Integer),
        sa.Column("tariff_since", sa.String(10)),
        sa.Column("charged_until", sa.String(10)),
        sa.Column("suspend_on", sa.String(10), index=True),
        sa.Column("before", sa.String(16)),
        sa.Column("move_to", sa.BigInteger),
        sa.Column("removed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "kz_portal_challenges",
        sa.Column("text", sa.String(64), primary_key=True),
        sa.Column("made", sa.String(25), nullable=False),
    )
    op.create_table(
        "kz_portal_enrolments",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("number", sa.String(12), index=True),
        sa.Column("step", sa.SmallInteger, nullable=False),
        sa.Column("challenge", sa.String(64), nullable=False),
        sa.Column("password", sa.String(255)),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("begun", sa.String(25), nullable=False),
    )
    op.create_table(
        "kz_portal_entries",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("made", sa.String(25), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("card", sa.BigInteger),
        sa.Column("tariff", sa.Integer),
        sa.Column("payment", sa.String(64), unique=True),
    )
    op.create_table(
        "kz_portal_group_outlets",
        sa.Column("group_id", sa.BigInteger, primary_key=True),
        sa.Column("outlet", sa.BigInteger, primary_key=True, index=True),
    )
    op.create_table(
        "kz_portal_group_users",
        sa.Column("group_id", sa.BigInteger, primary_key=True),
        sa.Column("user_id", sa.BigInteger, primary_key=True, index=True),
    )
    op.create_table(
        "kz_portal_groups",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
    )
    op.create_table(
        "kz_portal_mail_codes",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("enrolment", sa.BigInteger, nullable=False, index=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("sent", sa.String(25), nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "kz_portal_mails",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("sent", sa.String(25), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "kz_portal_notes",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("made", sa.String(25), nullable=False),
        sa.Column("organisation", sa.BigInteger, index=True),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_table(
        "kz_portal_organisations",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("number", sa.String(12), nullable=False, unique=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("personal_account", sa.BigInteger, nullable=False, unique=True),
        sa.Column("created", sa.String(25), nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("bic", sa.String(8)),
        sa.Column("iik", sa.String(20)),
        sa.Column("legal_address", sa.String(500), nullable=False),
        sa.Column("actual_address", sa.String(500), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("phones", sa.String(255), nullable=False),
        sa.Column("head_position", sa.String(255), nullable=False),
        sa.Column("head_name", sa.String(255), nullable=False),
    )
    op.create_table(
        "kz_portal_outlets",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("settlement", sa.Integer, nullable=False),
        sa.Column("street", sa.String(255), nullable=False),
        sa.Column("house", sa.String(32), nullable=False),
        sa.Column("building", sa.String(32), nullable=False),
        sa.Column("room", sa.String(32), nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "kz_portal_tax_requests",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("card", sa.BigInteger, nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("asked", sa.String(25), nullable=False),
        sa.Column("due", sa.String(25), index=True),
        sa.Column("answer", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("answered", sa.String(25)),
    )
    op.create_table(
        "kz_portal_users",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("organisation", sa.BigInteger, nullable=False, index=True),
        sa.Column("login", sa.String(100), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.SmallInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("failures", sa.SmallInteger, nullable=False),
        sa.Column("locked_until", sa.String(25)),
    )
    op.create_table(
        "kz_portal_visits",
        sa.Column("secret", sa.String(64), primary_key=True),
        sa.Column("user", sa.BigInteger, nullable=False, index=True),
        sa.Column("begun", sa.String(25), nullable=False),
        sa.Column("seen", sa.String(25), nullable=False),
    )


def downgrade() -> None:
    """Drop what upgrade made."""
    op.drop_table("kz_portal_visits")
    op.drop_table("kz_portal_users")
    op.drop_table("kz_portal_tax_requests")
    op.drop_table("kz_portal_outlets")
    op.drop_table("kz_portal_organisations")
    op.drop_table("kz_portal_notes")
    op.drop_table("kz_portal_mails")
    op.drop_table("kz_portal_mail_codes")
    op.drop_table("kz_portal_groups")
    op.drop_table("kz_portal_group_users")
    op.drop_table("kz_portal_group_outlets")
    op.drop_table("kz_portal_entries")
    op.drop_table("kz_portal_enrolments")
    op.drop_table("kz_portal_challenges")
    op.drop_table("kz_portal_cards")
    op.drop_table("kz_portal_applications")
