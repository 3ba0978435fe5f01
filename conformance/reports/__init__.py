"""Consumers of the event stream: console, transcript, and the reports written when a run has ended."""
