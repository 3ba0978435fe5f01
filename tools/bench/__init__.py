"""Benchmarks: figures measured next to their own floor, so that a ratio means the same on every machine."""
