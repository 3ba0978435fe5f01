"""What a list's address asks for: filters with their findings, and the address of its next page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final
from urllib.parse import urlencode

from flask import request

from ofd_mock.portal.pages import words

_DAY: Final = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")
_LONGEST: Final = 64


class Asked:
    """Reads the query of a list's address, or the fields of a form that are `given`; `values` is what was
    typed, `findings` what is wrong with it.

    A wrong filter filters nothing: the page says what is wrong, and shows no rows.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given = request.args if given is None else given
        self.values: dict[str, str] = {}
        self.findings: dict[str, str] = {}

    @property
    def status(self) -> int:
        """Of the answer."""
        return 422 if self.findings else 200

    def text(self, name: str) -> str:
        """A short text, empty when there is none."""
        found = self.values[name] = self._given.get(name, "").strip()[:_LONGEST]
        return found

    def day(self, name: str) -> date | None:
        """A day as «ДД.ММ.ГГГГ», or as machines write it."""
        typed = self.text(name)
        if not typed:
            return None
        match = _DAY.fullmatch(typed)
        try:
            if match is None:
                return date.fromisoformat(typed)
            day, month, year = map(int, match.groups())
            return date(year, month, day)
        except ValueError:
            self.findings[name] = words.gettext("Дата пишется так: ДД.ММ.ГГГГ")
            return None

    def number(self, name: str) -> int | None:
        """A number of at most 15 digits."""
        typed = self.text(name)
        if not typed:
            return None
        if not (typed.isascii() and typed.isdigit()) or len(typed) > 15:
            self.findings[name] = words.gettext("Здесь нужно число")
            return None
        return int(typed)

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of these, or nothing."""
        typed = self.text(name)
        if typed and typed not in known:
            self.findings[name] = words.gettext("Выберите значение из списка")
            return ""
        return typed

    def address(self, path: str = "", **others: object) -> str:
        """The address of this list, or of `path` with its filters, with `others` beside or instead."""
        wanted = {name: value for name, value in self.values.items() if value} | others
        query = urlencode({name: value for name, value in wanted.items() if value not in ("", None)})
        return (path or request.path) + ("?" + query if query else "")
