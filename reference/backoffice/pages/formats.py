"""How pages write money, amounts, moments and days."""

from __future__ import annotations

from datetime import date
from typing import Final

from reference.backoffice.moments import moment_of
from reference.backoffice.pages.words import gettext
from reference.protocol.uz.values import to_tashkent

_NARROW: Final = "\u00a0"
"""Between groups of digits: a line never breaks inside a number."""


def grouped(number: int) -> str:
    """A whole number in groups of three digits, with a real minus."""
    text = f"{abs(number):,}".replace(",", _NARROW)
    return f"−{text}" if number < 0 else text


def uzs(tiyin: int) -> str:
    """Money: «1 234 567 so'm», tiyin only where there are some."""
    whole, rest = divmod(abs(tiyin), 100)
    text = grouped(whole) + (f",{rest:02d}" if rest else "")
    unit = gettext("so'm")
    return f"{'−' if tiyin < 0 else ''}{text}{_NARROW}{unit}"


def amount(thousandths: int) -> str:
    """An amount of goods: «2», «1,5»."""
    whole, rest = divmod(abs(thousandths), 1000)
    tail = f",{rest:03d}".rstrip("0") if rest else ""
    return f"{'−' if thousandths < 0 else ''}{grouped(whole)}{tail}"


def moment(text: str | None) -> str:
    """A column's moment as «01.09.2026 10:30» in Tashkent; a dash for none."""
    return to_tashkent(moment_of(text)).strftime("%d.%m.%Y %H:%M") if text else "—"


def day(value: date | str | None) -> str:
    """A day, or the day of a column's moment, as «01.09.2026»."""
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    return to_tashkent(moment_of(value)).strftime("%d.%m.%Y") if value else "—"


FILTERS: Final = {"grouped": grouped, "uzs": uzs, "amount": amount, "moment": moment, "day": day}
