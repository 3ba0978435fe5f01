"""Numbers with a check inside: IIN and BIN of a taxpayer, ИИК of a bank account (kz-ofd RF-02, RF-04)."""

from __future__ import annotations

import re
from typing import Final

from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

_IIN: Final = re.compile(r"[0-9]{12}")
_IIK: Final = re.compile(r"KZ[0-9]{2}[0-9]{3}[A-Z0-9]{13}")
_WEIGHTS: Final = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
"""Of the first eleven digits; the second row counts where the first one leaves ten."""

_TWELVE: Final = Texts(
    "ИИН/БИН состоит из 12 цифр", "ЖСН/БСН 12 цифрдан тұрады", "An IIN or BIN has 12 digits"
)
_CHECK_DIGIT: Final = Texts(
    "Контрольная цифра ИИН/БИН неверна",
    "ЖСН/БСН бақылау саны қате",
    "The check digit of the IIN or BIN is wrong",
)
_IIK_SHAPE: Final = Texts(
    "ИИК: 20 знаков, KZ, 2 контрольные цифры, 3 цифры банка и 13 латинских букв или цифр",
    "ЖСК: 20 таңба, KZ, 2 бақылау саны, банктің 3 саны және 13 латын әрпі немесе сан",
    "An account has 20 characters: KZ, 2 check digits, 3 digits of the bank, 13 Latin letters or digits",
)
_IIK_CHECK: Final = Texts(
    "Контрольные цифры ИИК неверны", "ЖСК бақылау сандары қате", "The check digits of the account are wrong"
)
_IIK_BANK: Final = Texts(
    "ИИК принадлежит другому банку", "ЖСК басқа банкке тиесілі", "The account belongs to another bank"
)


def check_digit(first_eleven: str) -> int | None:
    """The twelfth digit that belongs to eleven, None if there is none: such a number is not given out."""
    digits = [int(digit) for digit in first_eleven]
    for weights in _WEIGHTS:
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def check_taxpayer(number: str, *, with_check_digit: bool, field: str = "inn") -> FieldFinding | None:
    """What is wrong with an IIN or BIN; the check digit only where `iin_check_digit` is on (kz-ofd §19.2)."""
    if not _IIN.fullmatch(number):
        return FieldFinding(field, "digits", _TWELVE)
    if with_check_digit and check_digit(number[:11]) != int(number[11]):
        return FieldFinding(field, "check-digit", _CHECK_DIGIT)
    return None


def account_check_digits(bank: str, account: str) -> str:
    """The two digits behind KZ for three digits of a bank and 13 characters of an account (ISO 13616)."""
    return f"{98 - _remainder(bank + account + 'KZ00'):02d}"


def check_account(iik: str, bank_code: str | None = None, *, field: str = "iik") -> FieldFinding | None:
    """What is wrong with an ИИК, spaces and case aside; `bank_code` is that of the chosen bank (RF-04)."""
    text = normal_account(iik)
    if not _IIK.fullmatch(text):
        return FieldFinding(field, "shape", _IIK_SHAPE)
    if _remainder(text[4:] + text[:4]) != 1:
        return FieldFinding(field, "check-digits", _IIK_CHECK)
    if bank_code is not None and text[4:7] != bank_code:
        return FieldFinding(field, "bank", _IIK_BANK)
    return None


def normal_account(iik: str) -> str:
    """An ИИК as it is kept: without spaces, in capitals."""
    return "".join(iik.split()).upper()


def _remainder(text: str) -> int:
    """ISO 7064: letters count as 10 to 35, the number they make modulo 97."""
    return int("".join(str(int(sign, 36)) for sign in text)) % 97
