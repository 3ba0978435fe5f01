"""What the register's page offers without typing: a few goods of a TEST shop, and the names of units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Good:
    """A good with its price in tiyn; `vat` in percent inside the price, None without VAT."""

    name: str
    name_kk: str
    price: int
    section: str = "1"
    unit: str = "796"
    vat: int | None = 16


GOODS: Final = (
    Good("Чай", "Шай", 350_00),
    Good("Нан", "Нан", 180_00),
    Good("Баурсаки, кг", "Бауырсақ, кг", 2_400_00, unit="166"),
    Good("Кумыс, л", "Қымыз, л", 1_800_00, unit="112"),
    Good("Бешбармак", "Бешбармақ", 3_200_00, section="2"),
    Good("Плов", "Палау", 1_950_00, section="2"),
    Good("Пакет", "Пакет", 50_00, vat=None),
    Good("Доставка", "Жеткізу", 1_000_00, section="3", unit="5114"),
)
"""VAT 16 % holds from 01.01.2026 (kz-ofd §14.2)."""

UNITS: Final[Mapping[str, str]] = {
    "796": "шт",
    "166": "кг",
    "112": "л",
    "006": "м",
    "018": "пог. м",
    "021": "пог. м",
    "168": "т",
    "163": "г",
    "161": "мг",
    "164": "мкг",
    "160": "гг",
    "162": "мкар",
    "003": "мм",
    "004": "см",
    "005": "дм",
    "008": "км",
    "055": "м²",
    "059": "га",
    "061": "км²",
    "110": "мм³",
    "111": "мл",
    "113": "м³",
    "356": "ч",
    "359": "сут",
    "360": "нед",
    "362": "мес",
    "625": "лист",
    "642": "ед",
    "728": "пачка",
    "5111": "одна пачка",
    "736": "рулон",
    "778": "упак",
    "868": "бут",
    "931": "работа",
    "5114": "услуга",
}
"""measure_unit_code to what stands on paper (kz-ofd §14.1)."""


def unit_name(code: str) -> str:
    """Return the unit's name on paper; a code that is not in the list stands for itself."""
    return UNITS.get(code, code)
