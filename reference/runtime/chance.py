"""Chance, handed in: every roll in the lab comes from a named generator grown from the seed of the run.

The same seed and name give the same rolls on every machine and in any order of start, so a run is repeated by
its seed alone. Nothing secret may be made of a seed; `secret` is for what strangers must not guess.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets

_SEED_BYTES = 6  # short enough to be read out, and exact as a JSON number


def generator(seed: int, name: str) -> random.Random:
    """The generator of `name` in the run of `seed`, at its beginning and independent of other names."""
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return random.Random(int.from_bytes(digest))


def fresh_seed() -> int:
    """A new seed, 0 … 2⁴⁸−1. The one place that asks the operating system for chance."""
    return int.from_bytes(os.urandom(_SEED_BYTES))


def token_bytes(rng: random.Random, n: int) -> bytes:
    """`n` bytes rolled from `rng`."""
    return rng.randbytes(n)


def secret(n: int = 32) -> str:
    """A secret of `n` bytes as URL-safe text: sessions, challenges. The same seed does not give it again."""
    return secrets.token_urlsafe(n)


def secret_digits(n: int) -> str:
    """`n` decimal digits that nobody can guess, e.g. a mailed code."""
    return f"{secrets.randbelow(10**n):0{n}d}"
