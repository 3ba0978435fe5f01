"""Texts of the applications that people sign, and signing them (kz-ofd §15.6).

Every text says in its first line that it is a test (ID-06). What is shown is what is signed, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ofd_mock.portal.details import Details

_HEAD: Final = "TEST · НЕ ЯВЛЯЕТСЯ ДОКУМЕНТОМ · учебный стенд Kassalab"

TITLES: Final = {
    "accession": "ЗАЯВКА № 1 на присоединение к Договору",
    "registration": "ЗАЯВЛЕНИЕ о постановке контрольно-кассовой машины на учет",
    "tariff": "ЗАЯВКА на подключение и тарификацию Услуги",
    "suspension": "ЗАЯВКА на приостановление услуги",
    "tariff-off": "ЗАЯВКА на прекращение оказания Услуги",
    "reregistration": "ЗАЯВЛЕНИЕ о перерегистрации контрольно-кассовой машины",
    "deregistration": "ЗАЯВЛЕНИЕ о снятии контрольно-кассовой машины с учета",
}
"""Titles by kind, as «Документы» lists them."""

CONTRACT: Final = (
    f"{_HEAD}\n\n"
    "ДОГОВОР ПРИСОЕДИНЕНИЯ (тестовый текст)\n\n"
    "1. Стенд принимает фискальные данные, придуманные для проверки программ и устройств.\n"
    "2. Ни один документ стенда не имеет юридической силы.\n"
    "3. Тарифы, счета и платежи вымышлены; деньги не списываются.\n"
    "4. Данные хранятся, пока стенд не будет очищен.\n"
)
"""The contract of step 4: ours, and marked as a test."""


def _text(kind: str, sections: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> str:
    lines = [_HEAD, "", TITLES[kind], ""]
    for heading, fields in sections:
        lines += [heading, *(f"{name}: {value or '—'}" for name, value in fields), ""]
    return "\n".join(lines)


def accession_text(number: str, name: str, details: Details) -> str:
    """The application of step 5 (KZ-REG-06)."""
    return _text(
        "accession",
        [
            ("ДАННЫЕ ОРГАНИЗАЦИИ", [("ИИН/БИН", number), ("Название организации (полное)", name)]),
            ("РЕКВИЗИТЫ РАСЧЕТНОГО СЧЕТА", [("БИК", details.bic or ""), ("ИИК", details.iik or "")]),
            (
                "КОНТАКТЫ",
                [
                    ("Юридический адрес", details.legal_address),
                    ("Фактический адрес", details.actual_address),
                    ("Электронная почта (E-mail)", details.email),
                    ("Телефоны", details.phones),
                ],
            ),
            ("РУКОВОДИТЕЛЬ", [("Должность", details.head_position), ("ФИО", details.head_name)]),
        ],
    )


def card_text(
    kind: str,
    organisation: Sequence[tuple[str, str]],
    register: Sequence[tuple[str, str]],
    wish: Sequence[tuple[str, str]] = (),
) -> str:
    """An application about a register: who asks, about which, and what for."""
    sections: list[tuple[str, Sequence[tuple[str, str]]]] = [
        ("ДАННЫЕ ОРГАНИЗАЦИИ", organisation),
        ("СВЕДЕНИЯ О ККМ", register),
    ]
    if wish:
        sections.append(("ЗАЯВЛЕНО", wish))
    return _text(kind, sections)
