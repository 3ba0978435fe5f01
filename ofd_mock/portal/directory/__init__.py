"""The directories as data."""
