"""The fixed words of the reports in English, Russian and Uzbek; what cases say stays as it was written.

The English text is the key. `conformance/reports/words.json` has the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "ru": "Русский", "uz": "Oʻzbekcha"}
"""Languages a report can be written in, by code."""

Translate = Callable[[str], str]


class LanguageError(ValueError):
    """A language that reports are not written in."""


def translator(language: str = "en") -> Translate:
    """What gives a fixed text in `language`; LanguageError for one that is not in LANGUAGES.

    The translator raises KeyError for a text the table lacks: a template must not quietly stay English.
    """
    if language not in LANGUAGES:
        raise LanguageError(f"no report is written in {language!r}; there are {', '.join(LANGUAGES)}")
    if language == "en":
        return str
    table = words()
    return lambda text: table[text][language]


@cache
def words() -> dict[str, dict[str, str]]:
    """The table: English text → language → text."""
    table: dict[str, dict[str, str]] = json.loads(
        files("conformance.reports").joinpath("words.json").read_text(encoding="utf-8")
    )
    return table
