"""What the portal does not do.

PortalError
├── InvalidError        fields of a form are wrong: every finding at once
├── RefusedError        a rule stands against it: state, tax office, open shift, signature …
├── UnknownError        there is no such thing, or it is another organisation's: nobody learns which
├── StrangerError       nobody is logged in, or the session is over
├── DeniedError         the user's role does not allow it
│   └── PasswordDueError    he has to choose a password of his own first
└── LockedError         too many tries; `until` says when the next may come
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts


class PortalError(Exception):
    """Base of all; `text` is for the person in front of the page, `rule` one word for programs."""

    def __init__(self, rule: str, text: Texts) -> None:
        super().__init__(text.en)
        self.rule = rule
        self.text = text


class InvalidError(PortalError):
    """Fields are wrong; `findings` names each with its rule."""

    def __init__(self, findings: Sequence[FieldFinding]) -> None:
        super().__init__("fields", findings[0].text)
        self.findings = tuple(findings)


class RefusedError(PortalError):
    """A rule stands against it, and nothing has changed."""


class UnknownError(PortalError):
    """There is nothing of that number that the asker may know of (KZ-USR-01)."""

    def __init__(self) -> None:
        super().__init__("unknown", Texts("Не найдено", "Табылмады", "Not found"))


class StrangerError(PortalError):
    """Log in first."""

    def __init__(self) -> None:
        super().__init__("login", Texts("Войдите в систему", "Жүйеге кіріңіз", "Log in first"))


class DeniedError(PortalError):
    """The user's role does not reach so far."""

    def __init__(self) -> None:
        super().__init__(
            "role", Texts("Недостаточно прав", "Құқықтарыңыз жеткіліксіз", "Your role does not allow this")
        )


class PasswordDueError(DeniedError):
    """The password was given by somebody else: another one comes first."""

    def __init__(self) -> None:
        PortalError.__init__(
            self,
            "password",
            Texts(
                "Сначала смените пароль",
                "Алдымен құпиясөзді ауыстырыңыз",
                "Choose a password of your own first",
            ),
        )


class LockedError(PortalError):
    """Too many tries."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            "tries",
            Texts(
                "Слишком много попыток, повторите позже",
                "Әрекет тым көп, кейінірек қайталаңыз",
                "Too many tries, come again later",
            ),
        )
        self.until = until
