"""Drivers speak a target's wire for the cases and write down every byte that crosses it."""
