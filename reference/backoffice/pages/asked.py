"""What a page's address asks for: filters with their findings, and the address with others instead."""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlencode

from flask import request

from reference.backoffice.pages.words import text_of
from reference.runtime.forms import DAY, LISTED, NUMBER

_LONGEST: Final = 64
_MOST_DIGITS: Final = 15


class Asked:
    """Reads the query of an address; `values` is what was asked, `findings` what is wrong with it.

    A wrong filter filters nothing: the page says what is wrong.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.findings: dict[str, str] = {}

    @property
    def status(self) -> int:
        """Of the answer."""
        return 422 if self.findings else 200

    def text(self, name: str) -> str:
        """A short text, empty when there is none."""
        found = self.values[name] = request.args.get(name, "").strip()[:_LONGEST]
        return found

    def day(self, name: str) -> date | None:
        """A day as date fields send it."""
        typed = self.text(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.findings[name] = text_of(DAY)
            return None

    def number(self, name: str) -> int | None:
        """A whole number."""
        typed = self.text(name)
        if not typed:
            return None
        if not (typed.isascii() and typed.isdigit()) or len(typed) > _MOST_DIGITS:
            self.findings[name] = text_of(NUMBER)
            return None
        return int(typed)

    def choice(self, name: str, known: tuple[str, ...], otherwise: str = "") -> str:
        """One of these; `otherwise` without one."""
        typed = self.text(name)
        if not typed:
            return otherwise
        if typed not in known:
            self.findings[name] = text_of(LISTED)
            return otherwise
        return typed

    def address(self, **others: object) -> str:
        """The address of this page with `others` beside or instead; None or "" leaves one out."""
        wanted = {name: value for name, value in self.values.items() if value} | others
        query = urlencode({name: value for name, value in wanted.items() if value not in ("", None)})
        return request.path + ("?" + query if query else "")
