"""Lines of a paper 32 or 48 characters wide (58 and 80 mm), and the words in both languages on them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Final

from reference.protocol.kz.kinds import Operation, PaymentType, PlacementKind
from reference.protocol.kz.money import money_text

WIDTHS: Final = (32, 48)
"""Characters on 58 mm and on 80 mm."""

OPERATIONS: Final[Mapping[int, str]] = {
    Operation.SELL: "ПРОДАЖА/САТУ",
    Operation.SELL_RETURN: "ВОЗВРАТ ПРОДАЖИ/САТУДЫ ҚАЙТАРУ",
    Operation.BUY: "ПОКУПКА/САТЫП АЛУ",
    Operation.BUY_RETURN: "ВОЗВРАТ ПОКУПКИ/САТЫП АЛУДЫ ҚАЙТАРУ",
}
PAYMENTS: Final[Mapping[int, str]] = {
    PaymentType.CASH: "Наличные/Қолма-қол ақша",
    PaymentType.CARD: "Банковская карта/Банк картасы",
    PaymentType.CREDIT: "Кредит/Несие",
    PaymentType.TARE: "Тара/Ыдыс",
    PaymentType.MOBILE: "Мобильный платёж/Мобильді төлем",
}
PLACEMENTS: Final[Mapping[int, str]] = {
    PlacementKind.DEPOSIT: "ВНЕСЕНИЕ/САЛЫМ",
    PlacementKind.WITHDRAWAL: "ИЗЪЯТИЕ/АЛУ",
}


class Paper:
    """Lines that are written one below the other."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []

    def centre(self, text: str) -> None:
        """Write a text in the middle."""
        self.lines += [line.center(self.width).rstrip() for line in self._wrapped(text)]

    def left(self, text: str, indent: int = 0) -> None:
        """Write a text at the left edge."""
        self.lines += [" " * indent + line for line in self._wrapped(text, indent)]

    def pair(self, label: str, value: object, indent: int = 0) -> None:
        """Write a label on the left and a value on the right; below each other where they do not fit."""
        shown = printable(str(value))
        name = " " * indent + printable(label)
        if len(name) + 1 + len(shown) <= self.width:
            self.lines.append(name + shown.rjust(self.width - len(name)))
            return
        self.left(label, indent)
        self.lines += [line.rjust(self.width) for line in self._wrapped(shown)]

    def money(self, label: str, tiyn: int, indent: int = 0) -> None:
        """Write a sum."""
        self.pair(label, money_text(tiyn), indent)

    def rule(self, sign: str = "-") -> None:
        """Write a line across."""
        self.lines.append(sign * self.width)

    def _wrapped(self, text: str, indent: int = 0) -> list[str]:
        width = self.width - indent
        # After a slash the other language begins: the best place to break.
        found: list[str] = []
        for part in _parts(printable(text), width):
            found += textwrap.wrap(part, width, break_on_hyphens=False) or [""]
        return found


def printable(text: str) -> str:
    """Return the text without what a printer or a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def quantity_text(thousandths: int) -> str:
    """Return `2`, `0.5` or `1.125` of a quantity in thousandths."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def percent_text(thousandths: int) -> str:
    """Return `12%` or `12.5%` of a percent in thousandths."""
    return f"{quantity_text(thousandths)}%"


def _parts(text: str, width: int) -> list[str]:
    before, slash, after = text.partition("/")
    if len(text) <= width or not slash or "://" in text:
        return [text]
    return [before + slash, after]
