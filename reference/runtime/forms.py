"""Reading forms: every wrong field at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from reference.runtime.refusals import Finding, InvalidError
from reference.runtime.words import Words

REQUIRED: Final = Words("Majburiy maydon", "Обязательное поле", "This field is required")
LENGTH: Final = Words("Qiymat juda uzun", "Слишком длинное значение", "This value is too long")
TEXT: Final = Words("Matn kutilmoqda", "Ожидается текст", "A text is expected")
NUMBER: Final = Words("Butun son kutilmoqda", "Ожидается целое число", "A whole number is expected")
RANGE: Final = Words("Son chegaradan tashqarida", "Число вне границ", "This number is out of bounds")
LISTED: Final = Words("Ro'yxatdan tanlang", "Выберите значение из списка", "Choose one of the list")
PATTERN: Final = Words("Qiymat shakli noto'g'ri", "Неверный вид значения", "This value has a wrong form")
DAY: Final = Words("Sana YYYY-MM-DD", "Дата в виде ГГГГ-ММ-ДД", "A date is written YYYY-MM-DD")
KNOWN: Final = Words("Noma'lum maydon", "Неизвестное поле", "There is no such field")


class Form:
    """Reads fields one by one and keeps what is wrong; `done` raises InvalidError with all of it.

    `before` holds what fields are when they are not given: a change names only what changes.
    """

    def __init__(
        self, given: Mapping[str, Any], known: Collection[str], before: Mapping[str, Any] | None = None
    ) -> None:
        self._given = {**(before or {}), **given}
        self.findings = [Finding(name, "known", KNOWN) for name in given if name not in known]

    def text(self, name: str, most: int, *, least: int = 0, pattern: str = "") -> str:
        """A text without outer and doubled spaces."""
        value = self._given.get(name)
        if value is not None and not isinstance(value, str):
            return self._wrong(name, "text", TEXT)
        known = " ".join((value or "").split())
        if len(known) < least:
            return self._wrong(name, "required", REQUIRED)
        if len(known) > most:
            return self._wrong(name, "length", LENGTH)
        if pattern and not re.fullmatch(pattern, known):
            return self._wrong(name, "pattern", PATTERN)
        return known

    def number(self, name: str, least: int, most: int, *, otherwise: int | None = None) -> int:
        """A whole number within bounds; `otherwise` when it is not given."""
        value = self._given.get(name)
        if value in (None, "") and otherwise is not None:
            return otherwise
        if value in (None, ""):
            self._wrong(name, "required", REQUIRED)
            return least
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(name, "number", NUMBER)
            return least
        if not least <= value <= most:
            self._wrong(name, "range", RANGE)
            return least
        return value

    def number_or_none(self, name: str, least: int, most: int) -> int | None:
        """The same for a field that may be empty."""
        return None if self._given.get(name) is None else self.number(name, least, most)

    def one_of(self, name: str, values: Collection[str]) -> str:
        """One of a list."""
        value = self._given.get(name)
        if value in (None, ""):
            return self._wrong(name, "required", REQUIRED)
        return value if value in values else self._wrong(name, "list", LISTED)

    def mark(self, name: str, *, otherwise: bool = False) -> bool:
        """A mark that is set or not."""
        return bool(self._given.get(name, otherwise))

    def day(self, name: str) -> str | None:
        """A day or nothing."""
        value = self._given.get(name)
        if value in (None, ""):
            return None
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self._wrong(name, "day", DAY)
            return None

    def add(self, name: str, rule: str, words: Words) -> None:
        """Keep a finding."""
        self.findings.append(Finding(name, rule, words))

    def done(self) -> None:
        """InvalidError if anything is wrong."""
        if self.findings:
            raise InvalidError(self.findings)

    def _wrong(self, name: str, rule: str, words: Words) -> str:
        self.add(name, rule, words)
        return ""
