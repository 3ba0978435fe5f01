"""Alembic revisions of the drive's tables; run by reference.runtime.database.migrate."""
