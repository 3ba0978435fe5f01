"""Letters of receipts in the code pages of printers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.pos.prints.code_pages import SETS, encoded, speller
from reference.pos.prints.document import Centre, Document, visible
from reference.pos.prints.escpos import Device, as_escpos
from tests.pos.prints.tape import Printer


@pytest.mark.parametrize(
    ("pages", "text", "printed"),
    [
        ("all", "O‘zbekiston, g‘isht", "O‘zbekiston, g‘isht"),
        ("all", "Oʻzbekiston", "O'zbekiston"),
        ("all", "Әлем, қатырма, Ғ Ң Ө Ұ Ү Һ І", "Әлем, қатырма, Ғ Ң Ө Ұ Ү Һ І"),
        ("all", "Ўзбек қовун, ҳалво", "Ўзбек қовун, халво"),
        ("all", "Çay ğ ş ı", "Çay ğ ş ı"),
        ("866", "«Қатық» O‘ — № 5", '"Катык" O\' - № 5'),
        ("866", "Çay café", "Cay cafe"),
        (
            "ascii",
            "«Чойхона» ЁЖ Юз щи қовун ҳалво ўрик ғоз",
            "\"Choyxona\" YoJ Yuz shi qovun halvo o'rik g'oz",
        ),
        ("ascii", "5 €, 漢, 🍞", "5 EUR, <U+6F22>, <U+1F35E>"),
        ("all", "漢", "<U+6F22>"),
    ],
)
def test_letters_come_out_or_are_spelled(pages: str, text: str, printed: str) -> None:
    data = as_escpos(Document("", (Centre(text),)), 80, Device("raster", pages))  # type: ignore[arg-type]
    assert Printer().take(data).lines[0].text.strip() == printed


@pytest.mark.parametrize("pages", sorted(SETS))
@given(text=st.text(max_size=60))
def test_no_letter_is_dropped_and_none_steers_the_printer(pages: str, text: str) -> None:
    said = speller(SETS[pages])(visible(text))
    parts = list(encoded(said, SETS[pages], SETS[pages][0]))
    data = b"".join(part for _, part in parts)
    assert min(data, default=0x20) >= 0x20
    assert "".join(part.decode(page.codec) for page, part in parts) == said
    assert len(said) >= len(visible(text))
    assert said.count("?") <= unicodedata.normalize("NFKD", visible(text)).count("?")


def test_pages_are_switched_seldom() -> None:
    """A line of one page is one part, whatever the page before."""
    pages = SETS["all"]
    for text in ("Non 1500", "Чай с лимоном", "қатырма нан", "g‘alla «non»"):
        assert len(list(encoded(text, pages, pages[0]))) == 1
