"""The one Alembic environment all parts migrate in."""
