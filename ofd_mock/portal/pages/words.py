"""Words of the pages in three languages: Russian stands in the sources, Kazakh and English in catalogues.

Every file `translations/<language>/<section>.po` counts; they are read when the process starts, so that no
compiled copy can be older than what it was made from.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from babel.support import NullTranslations
from flask import g, request

from reference.protocol.kz.results import Texts
from reference.runtime.pages import read_catalogue

LANGUAGES: Final = {"kk": "ҚАЗ", "ru": "РУС", "en": "ENG"}
"""Languages of the pages with their names in the switch (kz-ofd §15)."""
DEFAULT: Final = "ru"
COOKIE: Final = "kassalab_language"
_FOLDER: Final = Path(__file__).with_name("translations")


def language() -> str:
    """The language of this request: chosen by its cookie, else the browser's first that we have."""
    if "language" not in g:
        chosen = request.cookies.get(COOKIE, "")
        best = request.accept_languages.best_match(list(LANGUAGES), DEFAULT)
        g.language = chosen if chosen in LANGUAGES else best or DEFAULT
    return str(g.language)


@cache
def catalogue(name: str) -> NullTranslations:
    """All sentences of a language; for Russian there is nothing to translate."""
    return read_catalogue(_FOLDER, name)


def gettext(sentence: str) -> str:
    """A sentence of the sources in the language of this request."""
    return str(catalogue(language()).gettext(sentence))


def ngettext(one: str, many: str, count: int) -> str:
    """The same for a sentence with a number."""
    return str(catalogue(language()).ngettext(one, many, count))


def text_of(texts: Texts) -> str:
    """A text that the rules know in all languages, in the one of this request."""
    return str(getattr(texts, language()))
