"""The owner portal over HTTP: its API, the way points of sale report, the calls of payment providers."""
