"""The ways to a fiscal drive service: one interface, an adapter for each dialect (uz-fiscal §3, §13)."""
