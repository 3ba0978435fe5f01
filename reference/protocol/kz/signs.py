"""Fiscal signs and the QR address that shows them (kz-ofd §13.1–§13.3)."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, DecimalException
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, urlsplit

from reference.protocol.kz.errors import AddressError
from reference.protocol.kz.money import MAX_TIYN, TIYN, money_text

if TYPE_CHECKING:
    from random import Random

LEAST_SIGN: Final = 100_000_000
MAX_SIGN: Final = 2**32 - 1
"""The default range of online signs, switch `sign_range` (kz-ofd §13.1)."""
_TIME: Final = "%Y%m%dT%H%M%S"
_TIME_FORM: Final = re.compile("[0-9]{8}T[0-9]{6}")
_SIGN_FORM: Final = re.compile(r"[0-9A-Za-z_-]{1,32}")


class TotalFormat(Enum):
    """Switch `s_format`: how the address writes the total (kz-ofd QR-04)."""

    TWO_DECIMALS = "two_decimals"
    JAVA_DOUBLE = "java_double"


@dataclass(frozen=True, slots=True)
class QrFields:
    """What a QR address says: the sign as text, the RNM, the total in tiyn, the ticket's local time."""

    sign: str
    rnm: str
    total: int
    time: datetime


def random_sign(rng: Random, taken: Container[str], least: int = LEAST_SIGN, most: int = MAX_SIGN) -> str:
    """Return a fiscal sign that is not taken, as the operator gives it (kz-ofd §13.1)."""
    while True:
        sign = str(rng.randint(least, most))
        if sign not in taken:
            return sign


def document_sign(device_id: int, running_number: int) -> str:
    """Return the sign of a Z report or closing, such as `3445_1500` (kz-ofd §13.1)."""
    return f"{device_id}_{running_number}"


def autonomous_number(unix_seconds: int, used: Container[int]) -> int:
    """Return the number of an offline ticket: the low 32 bits of unixtime, +1 until unused (kz-ofd §13.2).

    `used` are the numbers of that date; 0 is never used.
    """
    number = unix_seconds & MAX_SIGN
    while number == 0 or number in used:
        number = (number + 1) & MAX_SIGN
    return number


def qr_address(
    base: str,
    sign: str | int,
    rnm: str,
    total_tiyn: int,
    time: datetime,
    form: TotalFormat = TotalFormat.TWO_DECIMALS,
) -> str:
    """Return `<base>?i=<sign>&f=<RNM>&s=<total>&t=<yyyyMMddTHHmmss>`; `qr_code` holds it as ASCII bytes."""
    total = money_text(total_tiyn) if form is TotalFormat.TWO_DECIMALS else _java_double(total_tiyn)
    stamp = time.isoformat(timespec="seconds").replace("-", "").replace(":", "")
    return f"{base}?i={_quoted(str(sign))}&f={_quoted(rnm)}&s={total}&t={stamp}"


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isalnum() else quote(text)


def parse_qr_address(address: str) -> QrFields:
    """Return the fields of a QR address; a stray ampersand and either form of the total are taken.

    Raises AddressError naming the part that is missing or wrong.
    """
    try:
        query = parse_qs(urlsplit(address).query, keep_blank_values=True)
    except ValueError as error:
        raise AddressError(str(error), field="address") from error
    return fields_of_query({name: values[0] for name, values in query.items()})


def fields_of_query(query: dict[str, str]) -> QrFields:
    """Return the fields of the parts i, f, s and t, as the check page gets them. Raises AddressError."""
    for name in ("i", "f", "s", "t"):
        if not query.get(name):
            raise AddressError("is missing", field=name)
    if not _SIGN_FORM.fullmatch(query["i"]):
        raise AddressError(f"{query['i']!r} is no sign", field="i")
    return QrFields(query["i"], query["f"], _total(query["s"]), _time(query["t"]))


def _total(text: str) -> int:
    """Tiyn of `696.90`, `13507.0` or `1.35070E7`, all of which mean money (kz-ofd QR-04)."""
    try:
        tiyn = Decimal(text) * TIYN
        whole = int(tiyn) if tiyn.is_finite() and 0 <= tiyn <= MAX_TIYN else -1
    except DecimalException as error:
        raise AddressError(f"{text!r} is no sum", field="s") from error
    if whole < 0 or whole != tiyn:
        raise AddressError(f"{text!r} is no sum in tiyn", field="s")
    return whole


def _time(text: str) -> datetime:
    if not _TIME_FORM.fullmatch(text):
        raise AddressError(f"{text!r} is not yyyyMMddTHHmmss", field="t")
    try:
        return datetime.strptime(text, _TIME)
    except ValueError as error:
        raise AddressError(f"{text!r} is no time", field="t") from error


def _java_double(tiyn: int) -> str:
    """The total as Java's Double.toString writes it: `13507.0`, from ten million on `1.3507E7`."""
    if tiyn < 10**7 * TIYN:
        tenge, rest = divmod(tiyn, TIYN)
        return f"{tenge}.{f'{rest:02d}'.rstrip('0') or '0'}"
    digits = str(tiyn)
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}E{len(digits) - 1 - 2}"
