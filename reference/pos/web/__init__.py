"""The point of sale over HTTP: its API and the cashier's page."""
