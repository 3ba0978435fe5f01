"""Letters as a receipt printer knows them: one byte each, in the code page that it is switched to.

Page numbers are those of Epson's TM printers, which others follow. A letter that no page has is spelled in
others, at last by its number: nothing is left out, and nothing becomes a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CodePage:
    """A page: its number in `ESC t n`, and Python's codec for it."""

    number: int
    codec: str

    def has(self, letter: str) -> bool:
        """Whether the page has the letter."""
        try:
            return len(letter.encode(self.codec)) == 1
        except UnicodeEncodeError:
            return False


CYRILLIC: Final = CodePage(17, "cp866")
SETS: Final[dict[str, tuple[CodePage, ...]]] = {
    "all": (CYRILLIC, CodePage(46, "cp1251"), CodePage(53, "kz1048"), CodePage(48, "cp1254")),
    "866": (CYRILLIC,),
    "ascii": (CodePage(0, "ascii"),),
}
"""Pages of a printer in the order in which they are tried: all that receipts need, the usual one, none."""

_SPELLED: Final = {
    **dict(zip("ʻʼ‘’‚`´′ʹ", "'" * 9, strict=True)),
    **dict(zip("«»“”„″", '"' * 6, strict=True)),
    **dict(zip("–—‒−‐‑", "-" * 6, strict=True)),
    **dict(zip("ӘәҒғҚқҢңӨөҰұҮүҺһІі", "АаГгКкНнОоУуУуХхИи", strict=True)),
    **dict(zip("ЎўҲҳЁёЙйЄєЇїҐґ", "УуХхЕеИиЕеИиГг", strict=True)),
    "№": "No",
    "…": "...",
    "×": "x",
    "÷": ":",
    "•": "*",
    "·": "*",
    "€": "EUR",
    "₽": "RUB",
    "₸": "KZT",
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "ı": "i",
    "đ": "d",
    "Đ": "D",
}
_CYRILLIC: Final = dict(zip("абвгдежзийклмнопрстуфхцыэ", "abvgdejziyklmnoprstufxsie", strict=True)) | {
    "ё": "yo",
    "ў": "o'",
    "қ": "q",
    "ғ": "g'",
    "ҳ": "h",
    "ч": "ch",
    "ш": "sh",
    "щ": "sh",
    "ъ": "'",
    "ь": "'",
    "ю": "yu",
    "я": "ya",
}
_SIGNS: Final = {"©": "(C)", "®": "(R)", "°": "o", "±": "+-", "™": "TM"}


def speller(pages: tuple[CodePage, ...]) -> Callable[[str], str]:
    """What says a text in letters that these pages have; they are as many, or more."""
    known: dict[str, str] = {}

    def spelled(text: str) -> str:
        for letter in text:
            if letter not in known:
                known[letter] = _spelled(letter, pages)
        return "".join(known[letter] for letter in text)

    return spelled


def encoded(text: str, pages: tuple[CodePage, ...], page: CodePage) -> Iterator[tuple[CodePage, bytes]]:
    """The text in parts of one page each, with few switches from `page`; the text must have been spelled."""
    rest = text
    while rest:
        chosen = max((page, *pages), key=lambda each: _reach(rest, each))
        length = _reach(rest, chosen)
        yield chosen, rest[:length].encode(chosen.codec)
        page, rest = chosen, rest[length:]


def _reach(text: str, page: CodePage) -> int:
    """How many letters from the beginning the page has."""
    return next((place for place, letter in enumerate(text) if not page.has(letter)), len(text))


def _known(text: str, pages: tuple[CodePage, ...]) -> bool:
    return all(any(page.has(letter) for page in pages) for letter in text)


def _spelled(letter: str, pages: tuple[CodePage, ...]) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
    latin = _latin(letter if letter.lower() in _CYRILLIC else _SPELLED.get(letter, plain))
    for attempt in (letter, _SPELLED.get(letter, ""), _SIGNS.get(letter, ""), plain, latin):
        if attempt and _known(attempt, pages):
            return attempt
    return f"<U+{ord(letter):04X}>"


def _latin(text: str) -> str:
    """Cyrillic letters in Latin ones."""
    return "".join(
        _CYRILLIC[each] if each in _CYRILLIC else _CYRILLIC.get(each.lower(), each).capitalize()
        for each in text
    )
