"""Alembic revisions of the Kazakh ledger."""
