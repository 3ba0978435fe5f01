"""Tests of the Kazakh operator."""
