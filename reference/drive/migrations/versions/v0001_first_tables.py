"""The first tables: receipts with their answers and files, Z-reports, the sync log, known modules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "drive0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _make_register_log()
    _make_receipt_files()
    _make_zreport_files()
    op.create_table(
        "sync_log",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(19), nullable=False),
        sa.Column("terminal_id", sa.String(14), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(120), nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("acknowledged", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sync_log_terminal", "sync_log", ["terminal_id", "id"])
    op.create_table(
        "known_modules",
        sa.Column("link", sa.String(200), primary_key=True),
        sa.Column("factory_id", sa.String(84), nullable=False),
        sa.Column("confirmed_at", sa.String(19), nullable=False),
    )


def _make_register_log() -> None:
    op.create_table(
        "receipt_register_log",
        sa.Column("txid", _ID, primary_key=True, autoincrement=True),
        sa.Column("factory_id", sa.String(84), nullable=False),
        sa.Column("terminal_id", sa.String(14), nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("operation", sa.SmallInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("total_block", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.String(19), nullable=False),
        sa.Column("stored_at", sa.String(19), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=True),
        sa.Column("receipt_seq", sa.BigInteger, nullable=True),
        sa.Column("fiscal_sign", sa.String(12), nullable=True),
        sa.Column("answered_at", sa.String(19), nullable=True),
        sa.UniqueConstraint("factory_id", "version", "type", "operation", "hash", name="uq_register_content"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_register_unfinished", "receipt_register_log", ["factory_id", "receipt_seq", "time"])


def _make_receipt_files() -> None:
    op.create_table(
        "full_receipt_files",
        sa.Column(
            "txid", _ID, sa.ForeignKey("receipt_register_log.txid"), primary_key=True, autoincrement=False
        ),
        sa.Column("factory_id", sa.String(84), nullable=False),
        sa.Column("terminal_id", sa.String(14), nullable=False),
        sa.Column("receipt_seq", sa.BigInteger, nullable=False),
        sa.Column("time", sa.String(19), nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("type", sa.SmallInteger, nullable=False),
        sa.Column("operation", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("postponed", sa.Integer, nullable=False),
        sa.Column("state_changed_at", sa.String(19), nullable=True),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    for name, columns in (
        ("ix_receipt_files_number", ["terminal_id", "receipt_seq"]),
        ("ix_receipt_files_listed", ["factory_id", "state", "txid"]),
        ("ix_receipt_files_queue", ["state", "terminal_id", "receipt_seq"]),
    ):
        op.create_index(name, "full_receipt_files", columns)


def _make_zreport_files() -> None:
    op.create_table(
        "zreport_files",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("terminal_id", sa.String(14), nullable=False),
        sa.Column("close_time", sa.String(19), nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("postponed", sa.Integer, nullable=False),
        sa.Column("state_changed_at", sa.String(19), nullable=True),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("terminal_id", "close_time", name="uq_zreport_close"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop all tables."""
    for table in ("known_modules", "sync_log", "zreport_files", "full_receipt_files", "receipt_register_log"):
        op.drop_table(table)
