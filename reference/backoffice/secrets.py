"""Passwords as argon2id hashes, secrets of sessions and links as SHA-256, merchants' secrets sealed."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference.runtime.chance import secret

LEAST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = _HASHER.hash("nobody's password")
_NONCE: Final = 12


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether it is the password. Without one to compare it takes as long and is False."""
    try:
        right = _HASHER.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None


def digest(text: str) -> str:
    """What is kept of a secret that is random anyway."""
    return hashlib.sha256(text.encode()).hexdigest()


class Seal:
    """Seals secrets with a key that stands in a file of its own (AES-256-GCM), bound to what they are for."""

    def __init__(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        except FileExistsError:
            key = bytes.fromhex(path.read_text(encoding="ascii"))
        else:
            key = hashlib.sha256(secret().encode()).digest()
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(key.hex())
        self._cipher = AESGCM(key)

    def close(self, text: str, purpose: str) -> bytes:
        """The sealed secret."""
        nonce = hashlib.sha256(secret().encode()).digest()[:_NONCE]
        return nonce + self._cipher.encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """The secret; ValueError when it was sealed with another key or for another purpose."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
        except InvalidTag:
            raise ValueError("this was sealed with another key") from None
