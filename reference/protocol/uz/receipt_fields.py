"""The fields of a full receipt, one table per element (uz-fiscal §8.1 for the bytes, §4.4 for JSON).

receipt.py makes bytes of these rows, receipt_json.py reads and writes JSON by them, and receipt_rules.py
takes its limits and the words of its texts from them. The order of the rows is the order of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from math import fmod, isfinite
from typing import Any, Final

from reference.protocol.uz.errors import CodecError, ReceiptError
from reference.protocol.uz.names import decode_name, encode_name
from reference.protocol.uz.values import (
    MAX_BCD,
    decode_bcd,
    decode_byte,
    decode_sign,
    decode_terminal_id,
    decode_time,
    encode_bcd,
    encode_byte,
    encode_sign,
    encode_terminal_id,
    encode_time,
)

MAX_PERCENT: Final = 99
EMPTY_NAME: Final = "field name is not found or empty"


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one form become bytes and come back; `json` is their type in a receipt.

    Both functions get the value and the JSON path of its field, which they put into the CodecError.
    """

    encode: Callable[[Any, str], bytes]
    decode: Callable[[bytes, str], Any]
    json: type


@dataclass(frozen=True, slots=True)
class Field:
    """One row. `limit` is the largest number the field may hold.

    An `optional` field is left out when it is blank, zero or None, unless `keep_zero` says that 0 is
    written too.
    """

    tag: int
    attribute: str
    json: str
    kind: Kind
    limit: int = MAX_BCD
    optional: bool = False
    keep_zero: bool = False

    def is_empty(self, value: str | int | None) -> bool:
        """Whether the value is one that an optional field leaves out (uz-fiscal RC-01)."""
        if isinstance(value, str):
            return not value or value.isspace()
        return value is None or (value == 0 and not self.keep_zero)


# --- the forms -------------------------------------------------------------------------------------


def _encode_name(value: str, path: str) -> bytes:
    codes = encode_name(value)
    if not codes:
        raise ReceiptError(EMPTY_NAME, clause="uz-fiscal NM-04", field=path)
    return codes


def text(limit: int) -> Kind:
    """UTF-8, cut to `limit` characters when written (uz-fiscal RC-01); longer ones are refused when read."""

    def encode(value: str, path: str) -> bytes:
        try:
            return value[:limit].encode()
        except UnicodeEncodeError:
            raise CodecError("lone surrogate", field=path, clause="uz-fiscal RC-01") from None

    def decode(data: bytes, path: str) -> str:
        try:
            value = data.decode()
        except UnicodeDecodeError:
            raise CodecError("not UTF-8", field=path, clause="uz-fiscal RC-01") from None
        if len(value) > limit:
            raise CodecError(f"{len(value)} characters, at most {limit}", field=path, clause="uz-fiscal §8.1")
        return value

    return Kind(encode, decode, str)


def _encode_percent(value: int, path: str) -> bytes:
    if value > MAX_PERCENT:
        raise CodecError(
            f"value {value} shouldn't exceed {MAX_PERCENT}", field=path, clause="uz-fiscal RC-09"
        )
    return encode_bcd(value, path)


def _decode_percent(data: bytes, path: str) -> int:
    if len(data) != 1:
        raise CodecError(f"{len(data)} bytes, not 1", field=path, clause="uz-fiscal §8.1")
    return decode_bcd(data, path)


_ANGLE: Final = re.compile(rb"-?[0-9]+(\.[0-9]+)?")
_ANGLE_WRITTEN: Final = 14
_ANGLE_READ: Final = 18
_MICRODEGREE: Final = Decimal("0.000001")


def _encode_angle(value: float, path: str) -> bytes:
    if not isfinite(value):
        raise CodecError(f"{value} is no angle", field=path, clause="uz-fiscal §8.1")
    exact = Decimal(repr(fmod(value, 360)))
    return f"{exact.quantize(_MICRODEGREE, ROUND_HALF_UP):f}"[:_ANGLE_WRITTEN].encode()


def _decode_angle(data: bytes, path: str) -> float:
    if len(data) > _ANGLE_READ or not _ANGLE.fullmatch(data):
        raise CodecError(f"{data!r} is no angle", field=path, clause="uz-fiscal §8.1")
    return float(data)


NAME: Final = Kind(_encode_name, decode_name, str)
NUMBER: Final = Kind(encode_bcd, decode_bcd, int)
PERCENT: Final = Kind(_encode_percent, _decode_percent, int)
BYTE: Final = Kind(encode_byte, decode_byte, int)
TIME: Final = Kind(encode_time, decode_time, datetime)
TERMINAL: Final = Kind(encode_terminal_id, decode_terminal_id, str)
SIGN: Final = Kind(encode_sign, decode_sign, str)
ANGLE: Final = Kind(_encode_angle, _decode_angle, float)

# --- the tables ------------------------------------------------------------------------------------

RECEIPT_TAG: Final = 0x8D
REFUND_TAG: Final = 0x8D
LOCATION_TAG: Final = 0x8E
ITEM_TAG: Final = 0x8C
EXTRA_TAG: Final = 0x8F
COMMISSION_TAG: Final = 0x81

RECEIPT_FIELDS: Final = (
    Field(0x01, "received_cash", "ReceivedCash", NUMBER),
    Field(0x02, "received_card", "ReceivedCard", NUMBER),
    Field(0x03, "time", "Time", TIME),
    Field(0x04, "type", "Type", BYTE, 2),
    Field(0x05, "operation", "Operation", BYTE, 1),
)

REFUND_FIELDS: Final = (
    Field(0x01, "terminal_id", "TerminalID", TERMINAL),
    Field(0x02, "receipt_seq", "ReceiptSeq", NUMBER),
    Field(0x03, "time", "DateTime", TIME),
    Field(0x04, "fiscal_sign", "FiscalSign", SIGN),
)

LOCATION_FIELDS: Final = (
    Field(0x01, "longitude", "Longitude", ANGLE),
    Field(0x02, "latitude", "Latitude", ANGLE),
)

ITEM_FIELDS: Final = (
    Field(0x01, "name", "Name", NAME),
    Field(0x02, "barcode", "Barcode", text(63), optional=True),
    Field(0x03, "label", "Label", text(63), optional=True),
    Field(0x04, "spic", "SPIC", text(18), optional=True),
    Field(0x05, "units", "Units", NUMBER),
    Field(0x06, "price", "Price", NUMBER),
    Field(0x07, "vat_percent", "VATPercent", PERCENT, MAX_PERCENT),
    Field(0x08, "vat", "VAT", NUMBER),
    Field(0x09, "amount", "Amount", NUMBER),
    Field(0x0A, "discount", "Discount", NUMBER, optional=True),
    Field(0x0B, "other", "Other", NUMBER, optional=True),
    Field(0x11, "package_code", "PackageCode", text(20), optional=True),
    Field(0x12, "owner_type", "OwnerType", BYTE, 255, optional=True, keep_zero=True),
)

COMMISSION_FIELDS: Final = (
    Field(0x01, "tin", "TIN", text(9), optional=True),
    Field(0x02, "pinfl", "PINFL", text(14), optional=True),
)

EXTRA_FIELDS: Final = (
    Field(0x01, "tin", "TIN", text(9), optional=True),
    Field(0x02, "pinfl", "PINFL", text(14), optional=True),
    Field(0x03, "car_number", "CarNumber", text(8), optional=True),
    Field(0x04, "phone_number", "PhoneNumber", text(13), optional=True),
    Field(0x05, "qr_payment_id", "QRPaymentID", text(36), optional=True),
    Field(0x06, "qr_payment_provider", "QRPaymentProvider", NUMBER, 65535, optional=True),
    Field(0x07, "cashed_out_from_card", "CashedOutFromCard", NUMBER, optional=True),
    Field(0x08, "pptid", "PPTID", text(16), optional=True),
    Field(0x09, "card_type", "CardType", BYTE, 255),
    Field(0x0B, "card_number", "CardNumber", text(16), optional=True),
    Field(0x0A, "other", "Other", text(32), optional=True),
)
