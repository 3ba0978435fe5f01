"""Sums and quantities as papers show them."""

from __future__ import annotations


def money(tiyin: int) -> str:
    """`1 234,56` of an amount in tiyin."""
    whole, rest = divmod(abs(tiyin), 100)
    return f"{'-' if tiyin < 0 else ''}{whole:,}".replace(",", " ") + f",{rest:02}"


def quantity(thousandths: int) -> str:
    """`1`, `0,5`, `0,125` of a quantity in thousandths."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}" if not rest else f"{whole},{rest:03}".rstrip("0")
