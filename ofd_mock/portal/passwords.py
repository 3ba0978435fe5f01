"""Which passwords the portal takes (KZ-REG-03), and how it keeps them: as argon2id hashes only."""

from __future__ import annotations

import re
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

LEAST: Final = 8
LONGEST: Final = 128
"""Characters; more would only make the hash slow."""

_RULES: Final = (
    (
        "length",
        re.compile(rf".{{{LEAST},{LONGEST}}}", re.DOTALL),
        Texts("Минимум 8 символов", "Кемінде 8 таңба", "At least 8 characters"),
    ),
    (
        "upper",
        re.compile(r".*[A-Z].*", re.DOTALL),
        Texts("Нужна заглавная латинская буква", "Латын бас әрпі керек", "A capital Latin letter is needed"),
    ),
    (
        "lower",
        re.compile(r".*[a-z].*", re.DOTALL),
        Texts("Нужна строчная латинская буква", "Латын кіші әрпі керек", "A small Latin letter is needed"),
    ),
    ("digit", re.compile(r".*[0-9].*", re.DOTALL), Texts("Нужна цифра", "Сан керек", "A digit is needed")),
    (
        "special",
        re.compile(r".*[^\w\s].*|.*_.*", re.DOTALL),
        Texts("Нужен спецсимвол", "Арнайы таңба керек", "A special character is needed"),
    ),
)
_TOO_LONG: Final = Texts("Не более 128 символов", "128 таңбадан аспайды", "At most 128 characters")
_REPEAT: Final = Texts("Пароли не совпадают", "Құпиясөздер сәйкес емес", "The passwords differ")


def check_password(password: str, repeated: str | None = None) -> list[FieldFinding]:
    """Everything that is wrong with a new password, and with its repetition if there is one."""
    found = [
        FieldFinding("password", rule, _TOO_LONG if rule == "length" and len(password) > LONGEST else text)
        for rule, pattern, text in _RULES
        if not pattern.fullmatch(password)
    ]
    if repeated is not None and repeated != password:
        found.append(FieldFinding("password_repeated", "equal", _REPEAT))
    return found


_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""19 MiB and two passes in one lane: what OWASP asks for at least, and one core serves many at once."""
_NOBODY: Final = _HASHER.hash("nobody's password")


def hashed(password: str) -> str:
    """What is kept of a password: an argon2id hash with a salt of its own."""
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether it is the password. Without one to compare it takes as long and is False."""
    try:
        right = _HASHER.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None
