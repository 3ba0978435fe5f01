"""Who sells: the data every receipt bears (UZ-POS-02). Names and numbers of the default are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reference.pos.errors import OrderError


class Company(BaseModel):
    """Seller, its STIR (9 digits) or PINFL (14), address, and how receipts are printed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="«SINOV CHOYXONA» MCHJ", min_length=1)
    stir: str = Field(default="123456789", pattern=r"^([0-9]{9}|[0-9]{14})$")
    address: str = Field(default="Toshkent sh., Sinov ko'chasi, 1-uy", min_length=1)
    phone: str = ""
    cashier: str = "Kassir"
    paper: Literal[58, 80] = 80


def read_company(path: Path | None) -> Company:
    """Company data from a JSON file, the default without one; OrderError names what is wrong."""
    if path is None:
        return Company()
    try:
        return Company.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise OrderError("settings", f"{path}: {error}") from error
