"""Schema revisions of the owner portal."""
