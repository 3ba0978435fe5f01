"""Step 3 of registration, «Уточнение данных»: its fields and their rules (kz-ofd RF-03…RF-09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ofd_mock.portal.directories import banks
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.forms import Form
from ofd_mock.portal.identities import check_account, normal_account
from reference.protocol.kz.results import Texts

_FIELDS: Final = {
    "bic": 8,
    "iik": 40,
    "legal_address": 500,
    "actual_address": 500,
    "email": 254,
    "phones": 255,
    "head_position": 255,
    "head_name": 255,
}
"""Fields and their greatest lengths."""
_OPTIONAL: Final = frozenset({"bic", "iik"})
_LEAST_DIGITS: Final = 5
_PHONES: Final = re.compile(r"[0-9+() ,;./-]*")
_NO_BANK: Final = Texts(
    "Выберите банк из справочника", "Банкті анықтамалықтан таңдаңыз", "Choose a listed bank"
)
_UNCERTAIN: Final = Texts(
    "БИК этого банка не подтвержден, выберите другой",
    "Бұл банктің БСК расталмаған, басқасын таңдаңыз",
    "The code of this bank is not certain; choose another",
)
_BANK_FIRST: Final = Texts(
    "Для ИИК выберите банк", "ЖСК үшін банкті таңдаңыз", "Choose the bank of this account, too"
)
_PHONE: Final = Texts(
    "Телефон: цифры, например +7 7172 123-456",
    "Телефон: сандар, мысалы +7 7172 123-456",
    "A phone number, for example +7 7172 123-456",
)
_UNCONFIRMED: Final = Texts(
    "Подтвердите электронную почту кодом",
    "Электрондық поштаны кодпен растаңыз",
    "Confirm this address with the mailed code",
)


@dataclass(frozen=True, slots=True)
class Details:
    """What an organisation says of itself beside its certificate; `bic` and `iik` are optional."""

    bic: str | None
    iik: str | None
    legal_address: str
    actual_address: str
    email: str
    phones: str
    head_position: str
    head_name: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    def columns(self) -> dict[str, Any]:
        """The fields as columns of an organisation."""
        return asdict(self)


def check_details(given: Mapping[str, Any], *, confirmed: str) -> Details:
    """The details; InvalidError names every wrong field at once. `confirmed` is the confirmed address."""
    form = Form(given, frozenset(_FIELDS))
    texts = {name: form.text(name, most, required=name not in _OPTIONAL) for name, most in _FIELDS.items()}
    form.findings += _bank(texts)
    phones = texts["phones"]
    if phones and (not _PHONES.fullmatch(phones) or sum(map(str.isdigit, phones)) < _LEAST_DIGITS):
        form.add("phones", "shape", _PHONE)
    if texts["email"] and texts["email"] != confirmed:
        form.add("email", "confirmed", _UNCONFIRMED)
    form.done()
    return Details(
        bic=texts["bic"] or None,
        iik=normal_account(texts["iik"]) or None,
        **{name: texts[name] for name in _FIELDS if name not in _OPTIONAL},
    )


def _bank(texts: Mapping[str, str]) -> list[FieldFinding]:
    bank = banks().get(texts["bic"])
    if texts["bic"] and bank is None:
        return [FieldFinding("bic", "directory", _NO_BANK)]
    if bank is not None and not bank.choosable:
        return [FieldFinding("bic", "certain", _UNCERTAIN)]
    if not texts["iik"]:
        return []
    if bank is None:
        return [FieldFinding("bic", "with-account", _BANK_FIRST)]
    finding = check_account(texts["iik"], bank.account_code)
    return [] if finding is None else [finding]
