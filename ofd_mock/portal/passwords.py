"""Which passwords the portal takes (KZ-REG-03), and how it keeps them: as argon2id hashes only."""

from __future__ import annotations

import re
from typing import Final

from ofd_mock.password_hashes import LONGEST, fits, hashed
from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

__all__ = ["LEAST", "LONGEST", "check_password", "fits", "hashed"]

LEAST: Final = 8

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
