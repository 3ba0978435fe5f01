"""The portal's directories: banks, settlements with their tax offices, models of online registers.

Settlements and models are found by the first letters of their name, whatever their case (KZ-OUT-01,
KZ-KKM-01). A city that is split into districts stands by its districts only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

FOUND_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank by its БИК. `account_code` are the three digits its accounts begin with, None if not public.

    A bank that is not `choosable` stands in the window and is refused: its БИК is not certain.
    """

    bic: str
    name: str
    account_code: str | None
    choosable: bool


@dataclass(frozen=True, slots=True)
class TaxOffice:
    """Four digits and a name; made up, and only there to tell districts apart."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """A place where an outlet may stand; latitude and longitude in millionths of a degree."""

    id: int
    name: str
    display: str
    tax_office: TaxOffice
    latitude_e6: int
    longitude_e6: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the directory of online registers."""

    id: int
    name: str


@cache
def banks() -> dict[str, Bank]:
    """All banks by БИК, in the order of the window «Справочник банков РК» (RF-03)."""
    return {
        row["bic"]: Bank(row["bic"], row["name"], row["iban_bank_code"], row["status"] != "unresolved")
        for row in _read("banks")["banks"]
    }


@cache
def settlements() -> dict[int, Settlement]:
    """All settlements by id."""
    return {
        row["id"]: Settlement(
            row["id"],
            row["name"],
            row["display"],
            TaxOffice(row["tax_office"]["code"], row["tax_office"]["name"]),
            row["lat_e6"],
            row["lon_e6"],
        )
        for row in _read("settlements")["settlements"]
    }


@cache
def models() -> dict[int, Model]:
    """All models by id."""
    return {row["id"]: Model(row["id"], row["name"]) for row in _read("models")["models"]}


def find_settlements(typed: str, limit: int = FOUND_AT_MOST) -> list[Settlement]:
    """Settlements whose name begins so, by id; none for empty text."""
    return [place for place in settlements().values() if _begins(place.name, typed)][:limit]


def find_models(typed: str, limit: int = FOUND_AT_MOST) -> list[Model]:
    """Models whose name begins so, by id; none for empty text."""
    return [model for model in models().values() if _begins(model.name, typed)][:limit]


def same_tax_office(one: Settlement, other: Settlement) -> bool:
    """Whether a register may move between the two and stay registered (KZ-RRG-01)."""
    return one.tax_office.code == other.tax_office.code


def _begins(name: str, typed: str) -> bool:
    start = " ".join(typed.split()).casefold()
    return bool(start) and name.casefold().startswith(start)


def _read(name: str) -> dict[str, Any]:
    text = files("ofd_mock.portal").joinpath("directory", f"{name}.json").read_text(encoding="utf-8")
    value: dict[str, Any] = json.loads(text)
    return value
