"""Finding the receipt that a QR code names: all four values must be those of the ledger (uz-fiscal CK-01).
Reads only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from ofd_mock.uz import inquiries
from ofd_mock.uz.inquiries import Row
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.receipt import Receipt, decode_full_receipt

_FORM = {
    "terminal": re.compile(r"[A-Z]{2}[0-9]{12}"),
    "number": re.compile(r"[0-9]{1,16}"),
    "time": re.compile(r"[0-9]{14}"),
    "sign": re.compile(r"[0-9]{12}"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says a receipt is: module, number, time in 14 digits, fiscal sign."""

    terminal: str
    number: str
    time: str
    sign: str

    @property
    def empty(self) -> bool:
        """Nothing was asked at all."""
        return not (self.terminal or self.number or self.time or self.sign)

    @property
    def well_formed(self) -> bool:
        """Whether there could be such a receipt."""
        return all(form.fullmatch(getattr(self, name)) for name, form in _FORM.items())


Matches = Callable[[Row, Claim], bool]


def matches(row: Row, claim: Claim) -> bool:
    """Time and sign are those stored; a receipt without a sign has no check page (uz-fiscal QR-03)."""
    return row["sign"] is not None and row["sign"] == claim.sign and row["time"] == claim.time


@dataclass(frozen=True, slots=True)
class Found:
    """A receipt of the ledger, whose module it is, and its items if they have arrived (uz-fiscal CK-04)."""

    row: Row
    module: Row | None
    receipt: Receipt | None


def find(connection: Connection, claim: Claim, agree: Matches = matches) -> Found | None:
    """The receipt that the claim names in all its values, else None."""
    if not claim.well_formed:
        return None
    row = inquiries.receipt(connection, claim.terminal, int(claim.number))
    if row is None or not agree(row, claim):
        return None
    return Found(row, inquiries.module(connection, claim.terminal), decode_body(row["body"]))


def decode_body(body: bytes | None) -> Receipt | None:
    """The receipt in a stored body; None for a short record, and for bytes only a faulty operator stores."""
    if body is None:
        return None
    try:
        return decode_full_receipt(body)
    except CodecError:
        return None
