"""What forms of the portal share: a required text of bounded length, all findings at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ofd_mock.portal.errors import InvalidError
from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

REQUIRED: Final = Texts("Обязательное поле", "Міндетті өріс", "This field is required")
TOO_LONG: Final = Texts("Слишком длинное значение", "Мән тым ұзын", "This value is too long")
NOT_TEXT: Final = Texts("Ожидается текст", "Мәтін күтілуде", "A text is expected")
NOT_LISTED: Final = Texts("Выберите значение из списка", "Мәнді тізімнен таңдаңыз", "Choose one of the list")
NOT_PLAIN: Final = Texts(
    "Недопустимые знаки в тексте",
    "Мәтінде рұқсат етілмеген таңбалар бар",
    "There are characters that no text has",
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks that turn the direction of what stands after them, halves of characters."""
UNKNOWN_FIELD: Final = Texts("Неизвестное поле", "Белгісіз өріс", "There is no such field")


class Form:
    """Reads fields one by one and keeps what is wrong; `done` raises InvalidError with all of it."""

    def __init__(self, given: Mapping[str, Any], known: frozenset[str]) -> None:
        self._given = given
        self.findings = [FieldFinding(name, "known", UNKNOWN_FIELD) for name in given if name not in known]

    def text(self, name: str, most: int, *, required: bool = True) -> str:
        """A text without outer and doubled spaces; empty when it is wrong or not there."""
        value = self._given.get(name)
        if value is not None and not isinstance(value, str):
            return self._wrong(name, "text", NOT_TEXT)
        known = " ".join((value or "").split())
        if _CONTROL.search(known):
            return self._wrong(name, "text", NOT_PLAIN)
        if not known and required:
            return self._wrong(name, "required", REQUIRED)
        if len(known) > most:
            return self._wrong(name, "length", TOO_LONG)
        return known

    def number(self, name: str, wrong: Texts = NOT_LISTED) -> int | None:
        """A whole number, as a number or in digits; None when it is wrong, as `wrong` says, or not there."""
        value = self._given.get(name)
        if value in (None, ""):
            self._wrong(name, "required", REQUIRED)
            return None
        text = str(value)
        if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 18:
            self._wrong(name, "number", wrong)
            return None
        return int(text)

    def mark(self, name: str) -> bool:
        """A mark that is set or not."""
        return self._given.get(name) in (True, "1", "on", "true", "yes")

    def add(self, name: str, rule: str, text: Texts) -> None:
        """Keep a finding."""
        self.findings.append(FieldFinding(name, rule, text))

    def done(self) -> None:
        """InvalidError if anything is wrong."""
        if self.findings:
            raise InvalidError(self.findings)

    def _wrong(self, name: str, rule: str, text: Texts) -> str:
        self.add(name, rule, text)
        return ""
