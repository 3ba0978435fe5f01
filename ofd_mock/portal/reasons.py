"""Reasons to take a register off the books, DR-1 … DR-7, in three languages (kz-ofd §15.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ofd_mock.portal.moves import DEREGISTRATION_REASONS
from reference.protocol.kz.results import Texts

_TOLD: Final[Mapping[int, tuple[str, str]]] = {
    1: (
        "Сауда операциялары, жұмыстарды орындау, қызметтер көрсету кезінде қолма-қол ақша және (немесе) "
        "төлем карточкалары арқылы жүзеге асырылатын ақшалай есеп айырысуларға байланысты қызметті тоқтату",
        "The business with payments in cash or by card for goods, work or services has ended",
    ),
    2: (
        "Бақылау-касса машинасын пайдалану орнын немесе сауда автоматында бақылау-касса машинасын "
        "пайдаланатын салық төлеушінің орналасқан жерін өзгерту",
        "The place of use has changed, or that of a taxpayer with a register in a vending machine",
    ),
    3: (
        "Бақылау-касса машинасының техникалық ақаулығына байланысты одан әрі қолданудың мүмкін еместігі",
        "The register is broken and cannot be used any longer",
    ),
    4: (
        "Бақылау-касса машинасын мемлекеттік тізілімнен алып тастау",
        "The register was taken out of the state register of models",
    ),
    5: (
        "Бақылау-касса машинасының техникалық жарамды моделін жаңа модельге ауыстыру",
        "A sound register is replaced by one of a new model",
    ),
    6: ("Бақылау-касса машинасының ұрлануы, жоғалуы", "The register was stolen or lost"),
    7: (
        "Қазақстан Республикасының салық заңнамасына қайшы келмейтін өзге де жағдайлар",
        "Other cases that tax law allows",
    ),
}

REASONS: Final[Mapping[int, Texts]] = {
    number: Texts(ru, *_TOLD[number]) for number, ru in DEREGISTRATION_REASONS.items()
}
"""By number, as the list shows them; the application names the reason in Russian."""
