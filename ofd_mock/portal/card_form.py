"""The form «Касса»: what a draft may hold, and what a registration needs (kz-ofd §15.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ofd_mock.portal.directories import models
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.forms import NOT_LISTED, REQUIRED, Form
from reference.protocol.kz.results import Texts

FIRST_YEAR: Final = 2000
_FIELDS: Final = frozenset({"name", "model", "serial", "year", "outlet", "consent"})
_SERIAL: Final = re.compile(r"[0-9A-Za-zА-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІіЁё-]{1,32}")
_SERIAL_TEXT: Final = Texts(
    "Номер: от 1 до 32 букв, цифр и знаков «-»",
    "Нөмір: 1-ден 32-ге дейін әріп, сан және «-» белгісі",
    "A number has 1 to 32 letters, digits and hyphens",
)
_YEAR_TEXT: Final = Texts(
    "Год выпуска: от 2000 до текущего",
    "Шығарылған жылы: 2000-нан ағымдағы жылға дейін",
    "The year is from 2000 to this year",
)
_CONSENT: Final = Texts(
    "Необходимо согласие на обработку персональных данных",
    "Дербес деректерді өңдеуге келісім қажет",
    "The consent to the processing of personal data is needed",
)


@dataclass(frozen=True, slots=True)
class CardForm:
    """A draft as it was filled in; `serial` is empty and the others None where nothing was."""

    name: str
    outlet: int
    model: int | None
    serial: str
    year: int | None
    consent: bool


def read_card_form(given: Mapping[str, Any]) -> CardForm:
    """A draft: name and outlet there, what else is given sound. InvalidError names every wrong field."""
    form = Form(given, _FIELDS)
    name, outlet = form.text("name", 255), form.number("outlet")
    serial = form.text("serial", 255, required=False)
    model = form.number("model") if given.get("model") not in (None, "") else None
    year = form.number("year", _YEAR_TEXT) if given.get("year") not in (None, "") else None
    if model is not None and model not in models():
        form.add("model", "directory", NOT_LISTED)
    if serial and not _SERIAL.fullmatch(serial):
        form.add("serial", "shape", _SERIAL_TEXT)
    if year is not None and not FIRST_YEAR <= year <= 9999:
        form.add("year", "range", _YEAR_TEXT)
    form.done()
    assert outlet is not None
    return CardForm(name, outlet, model, serial, year, form.mark("consent"))


def missing(form: CardForm, this_year: int) -> list[FieldFinding]:
    """What a draft lacks to be registered (KF-01…04)."""
    found = [
        FieldFinding(field, "required", REQUIRED)
        for field, value in (("model", form.model), ("serial", form.serial), ("year", form.year))
        if value in (None, "")
    ]
    if form.year is not None and form.year > this_year:
        found.append(FieldFinding("year", "range", _YEAR_TEXT))
    if not form.consent:
        found.append(FieldFinding("consent", "required", _CONSENT))
    return found


def require_name(name: str) -> str:
    """A register's name as it is kept; InvalidError when it is empty or too long (§15.8)."""
    form = Form({"name": name}, frozenset({"name"}))
    known = form.text("name", 255)
    form.done()
    return known


def require_consent(given: Mapping[str, Any]) -> None:
    """The mark of the forms «Перерегистрация» and «Снятие с учета»; InvalidError without it (§15.9)."""
    form = Form({}, frozenset())
    if not Form(given, frozenset(given)).mark("consent"):
        form.add("consent", "required", _CONSENT)
    form.done()
