"""A form as the lines of a tape: as wide as the paper, in one language, TEST at both ends (kz-ofd ID-03)."""

from __future__ import annotations

import io
import textwrap
from typing import Final

from ofd_mock.portal.archive.forms import Form, Pair
from ofd_mock.portal.archive.pdf import PdfWriter
from ofd_mock.portal.archive.picture import tape_png
from reference.protocol.kz.money import money_text
from reference.protocol.kz.results import Texts

WIDTH: Final = 48
TEST: Final = "*** TEST ***"
NO_RECEIPT: Final = Texts("ИСПЫТАНИЕ, НЕ ЧЕК", "СЫНАҚ, ЧЕК ЕМЕС", "A TEST, NOT A RECEIPT")
_OPERATOR: Final = Texts(
    "Оператор фискальных данных: TEST", "Фискалдық деректер операторы: TEST", "Fiscal data operator: TEST"
)
_LINES_OF_A_PAGE: Final = 70


def tape(form: Form, language: str = "ru") -> list[str]:
    """The lines, none longer than WIDTH."""
    lines = [TEST.center(WIDTH).rstrip(), *_centred(_said(NO_RECEIPT, language)), "=" * WIDTH]
    lines += _centred(_said(form.title, language))
    lines.append("-" * WIDTH)
    for pair in form.heading:
        lines += _pair(pair, language)
    if form.items:
        lines.append("-" * WIDTH)
    for item in form.items:
        lines += _wrapped(f"{item.number}. {item.name}")
        amount = f"{item.quantity} × {money_text(item.price)}" if item.quantity else ""
        lines += _two(f"  {amount}", money_text(item.sum))
    if form.totals:
        lines.append("-" * WIDTH)
    for pair in form.totals:
        lines += _pair(pair, language)
    for section in form.sections:
        lines += ["-" * WIDTH, *_centred(_said(section.title, language))]
        for pair in section.pairs:
            lines += _pair(pair, language)
    lines += ["-" * WIDTH, *_wrapped(_said(_OPERATOR, language)), "=" * WIDTH]
    return [*lines, TEST.center(WIDTH).rstrip()]


def form_png(form: Form, language: str = "ru") -> bytes:
    """The tape as a picture."""
    return tape_png(tape(form, language), form.qr)


def form_pdf(form: Form, language: str = "ru") -> bytes:
    """The tape on pages of A4, the QR code on the last."""
    made = io.BytesIO()
    writer = PdfWriter(made, f"TEST {_said(form.title, language)}")
    lines = tape(form, language)
    while lines:
        part, lines = lines[:_LINES_OF_A_PAGE], lines[_LINES_OF_A_PAGE:]
        # A full page leaves no room for the code.
        whole = not lines and len(part) <= _LINES_OF_A_PAGE - 20
        writer.page(part, qr=form.qr if whole else "")
        if not lines and form.qr and not whole:
            writer.page([], qr=form.qr)
    writer.finish()
    return made.getvalue()


def _said(text: Texts, language: str) -> str:
    said: str = getattr(text, language)
    return said


def _pair(pair: Pair, language: str) -> list[str]:
    return _two(_said(pair.label, language), pair.value)


def _two(label: str, value: str) -> list[str]:
    value = _printable(value)
    if len(label) + 1 + len(value) <= WIDTH:
        return [label + value.rjust(WIDTH - len(label))]
    return [*_wrapped(label), *(line.rjust(WIDTH) for line in _wrapped(value))]


def _centred(text: str) -> list[str]:
    return [line.center(WIDTH).rstrip() for line in _wrapped(text)]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(_printable(text), WIDTH, break_on_hyphens=False) or [""]


def _printable(text: str) -> str:
    """The text without what a terminal or a printer would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
