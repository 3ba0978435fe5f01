"""Schema revisions of the portal's own tables."""
