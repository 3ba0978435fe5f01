"""Cases for a point of sale: what it sends to its drive service and its owner's portal, and what it shows."""
