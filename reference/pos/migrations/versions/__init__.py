"""Schema revisions of the point of sale."""
