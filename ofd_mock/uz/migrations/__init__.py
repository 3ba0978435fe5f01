"""Schema of the Uzbek operator's ledger, as Alembic revisions."""
