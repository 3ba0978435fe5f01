"""What desks of the Uzbek side refuse: one hierarchy for the point of sale and the owner's portal.

DeskError
├── InvalidError        fields are wrong: every finding at once
├── RefusedError        a rule stands against it, and nothing has changed
├── UnknownError        there is no such thing
├── DeniedError         the role does not reach so far
├── StrangerError       nobody is logged in, or no longer
└── LockedError         too many tries; `until` says when the next may come
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reference.runtime.words import Words


@dataclass(frozen=True, slots=True)
class Finding:
    """A field that breaks a rule."""

    field: str
    rule: str
    words: Words


class DeskError(Exception):
    """Base of all; `words` are for the person in front, `rule` one word for programs."""

    def __init__(self, rule: str, words: Words) -> None:
        super().__init__(words.en)
        self.rule = rule
        self.words = words


class InvalidError(DeskError):
    """Fields are wrong; `findings` names each."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("fields", findings[0].words)
        self.findings = tuple(findings)


class RefusedError(DeskError):
    """A rule stands against it."""


class UnknownError(DeskError):
    """There is no such thing; `rule` says of what kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, Words("Topilmadi", "Не найдено", f"There is no such {kind}"))


class DeniedError(DeskError):
    """The role does not allow it."""

    def __init__(self) -> None:
        super().__init__(
            "role", Words("Huquqingiz yetarli emas", "Недостаточно прав", "Your role does not allow this")
        )


class StrangerError(DeskError):
    """Nobody is logged in."""

    def __init__(self, words: Words | None = None) -> None:
        super().__init__("login", words or Words("Tizimga kiring", "Войдите в систему", "Log in first"))


class LockedError(DeskError):
    """Too many tries."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            "tries",
            Words(
                "Urinishlar ko'p, keyinroq qaytaring",
                "Слишком много попыток, повторите позже",
                "Too many tries, come again later",
            ),
        )
        self.until = until
