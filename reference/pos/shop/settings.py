"""Settings of the shop, kept in its database (UZ-POS-02)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from reference.pos.company import Company
from reference.pos.prints.escpos import Pages, QrBy
from reference.pos.prints.printer import NONE, why_not
from reference.pos.shop import tables
from reference.pos.shop.premises import Premises
from reference.runtime.forms import PATTERN
from reference.runtime.refusals import Finding, InvalidError
from reference.runtime.words import Words

_ROW = "shop"


class ShopSettings(BaseModel):
    """Who sells, how the day runs, how surcharges stand on receipts. Names and numbers are made up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("«SINOV CHOYXONA» MCHJ", min_length=1, max_length=100, description="company")
    stir: str = Field(
        "123456789", pattern=r"^([0-9]{9}|[0-9]{14})$", description="STIR, or PINFL of a person"
    )
    address: str = Field("Toshkent sh., Sinov ko'chasi, 1-uy", min_length=1, max_length=200)
    phone: str = Field("", pattern=r"^(\+998[0-9]{9})?$")
    paper: Literal[58, 80] = Field(80, description="width of the paper, millimetres")
    surcharge_name: str = Field("Xizmat ko'rsatish", min_length=1, max_length=63)
    surcharge_mxik: str = Field("10202001001000000", pattern=r"^[0-9]{17}$")
    surcharge_package: str = Field("1500002", pattern=r"^[0-9]{0,20}$")
    surcharge_vat: int = Field(12, ge=0, le=99, description="percent")
    close_at: str = Field(
        "23:30", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$", description="end of day; empty: by hand only"
    )
    apps: Literal["confirm", "wait", "fail"] = Field(
        "confirm", description="what the stand-in of payment applications answers"
    )
    printer: str = Field(
        NONE, max_length=260, description="none, file:PATH, tcp:HOST:PORT or device:/dev/NAME"
    )
    printer_qr: QrBy = Field("raster", description="who draws QR codes: we as a picture, or the printer")
    printer_pages: Pages = Field("all", description="code pages of the printer: all of Epson's, 866, ASCII")

    def company(self, cashier: str) -> Company:
        """Who sells, as receipts bear it."""
        return Company(
            name=self.name,
            stir=self.stir,
            address=self.address,
            phone=self.phone,
            cashier=cashier or "Kassir",
            paper=self.paper,
        )


def settings_of(premises: Premises) -> ShopSettings:
    """The settings as they are; remembered until they change."""
    known = premises.memory.of(ShopSettings)
    found = known.get(_ROW)
    if found is None:
        with premises.looking() as connection:
            found = known[_ROW] = settings_in(connection)
    return found


def settings_in(session: Session | Connection) -> ShopSettings:
    """The settings as a session sees them."""
    return _parsed(tables.setting_in(session, _ROW))


@lru_cache(maxsize=4)
def _parsed(text: str) -> ShopSettings:
    return ShopSettings.model_validate_json(text)


class SettingsDesk:
    """Reads and changes the settings. `printer_anywhere`: the printer may be beyond this machine."""

    def __init__(self, premises: Premises, *, printer_anywhere: bool = False) -> None:
        self._premises = premises
        self._anywhere = printer_anywhere

    def read(self) -> ShopSettings:
        """The settings as they are."""
        return settings_of(self._premises)

    def change(self, given: Mapping[str, Any]) -> ShopSettings:
        """Change the settings that are given. InvalidError names every wrong field."""
        try:
            chosen = ShopSettings.model_validate(self.read().model_dump() | dict(given))
        except ValidationError as error:
            raise InvalidError([_finding(each) for each in error.errors(include_url=False)]) from None
        if rule := why_not(chosen.printer, anywhere=self._anywhere):
            raise InvalidError([Finding("printer", "printer", Words(PATTERN.uz, PATTERN.ru, rule))])
        with self._premises.changing() as session:
            session.merge(tables.Setting(name=_ROW, value=chosen.model_dump_json()))
            body = json.loads(chosen.model_dump_json(include={"name", "stir", "address", "phone"}))
            self._premises.tell(session, "settings", _ROW, body)
        return chosen


def _finding(error: Any) -> Finding:
    place = ".".join(str(part) for part in error["loc"]) or "settings"
    return Finding(place, str(error["type"]), Words(PATTERN.uz, PATTERN.ru, str(error["msg"])))
