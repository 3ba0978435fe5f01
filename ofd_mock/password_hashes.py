"""Passwords as argon2id hashes: what the portal keeps of them, and what the wire compares with."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST: Final = 128
"""Characters of a password; more would only make the hash slow."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""19 MiB and two passes in one lane: what OWASP asks for at least, and one core serves many at once."""
_NOBODY: Final = _HASHER.hash("nobody's password")


def hashed(password: str) -> str:
    """What is kept of a password: an argon2id hash with a salt of its own."""
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether it is the password. Without one to compare it takes as long and is False."""
    try:
        right = _HASHER.verify(kept or _NOBODY, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError, UnicodeError):
        return False
    return right and kept is not None
