"""The full receipt of the Uzbek chain as values, and its TLV form, codec version 20 (uz-fiscal §8.1).

Values go down to bytes by `encode_full_receipt` and come back by `decode_full_receipt`; which tag holds
which attribute, and when it is written, stands in receipt_fields.py. Whether a receipt may be registered is
the matter of receipt_rules.py: the codec takes every receipt whose values have a place in the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.receipt_fields import (
    COMMISSION_FIELDS,
    COMMISSION_TAG,
    EXTRA_FIELDS,
    EXTRA_TAG,
    ITEM_FIELDS,
    ITEM_TAG,
    LOCATION_FIELDS,
    LOCATION_TAG,
    RECEIPT_FIELDS,
    RECEIPT_TAG,
    REFUND_FIELDS,
    REFUND_TAG,
    Field,
)
from reference.protocol.uz.tlv import element, fields

CODEC_VERSION: Final = 20
MAX_ITEMS: Final = 32767


class ReceiptType(IntEnum):
    """What a receipt stands for; only a purchase gets a fiscal sign (uz-fiscal §4.4, FM-R-11)."""

    PURCHASE = 0
    ADVANCE = 1
    CREDIT = 2


class Operation(IntEnum):
    """Which way the money goes (uz-fiscal §4.4)."""

    SALE = 0
    REFUND = 1


@dataclass(frozen=True, slots=True)
class CommissionInfo:
    """The seller for whom a commission agent sells: TIN of 9 digits, PINFL of 14, either may be blank."""

    tin: str = ""
    pinfl: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a receipt.

    Money in tiyin, `amount` in thousandths of the unit; `price` is the line total before `discount` (off
    the line) and `other` (paid by neither cash nor card). `vat` is what the POS computed; nobody recomputes
    it (RC-13).
    """

    name: str
    barcode: str = ""
    label: str = ""
    spic: str = ""
    units: int = 0
    package_code: str = ""
    owner_type: int | None = None
    amount: int = 0
    price: int = 0
    discount: int = 0
    other: int = 0
    vat: int = 0
    vat_percent: int = 0
    commission: CommissionInfo | None = None


@dataclass(frozen=True, slots=True)
class RefundInfo:
    """The receipt a refund pays back: whose module, which number, when (Tashkent time), with which sign."""

    terminal_id: str
    receipt_seq: int
    time: datetime
    fiscal_sign: str


@dataclass(frozen=True, slots=True)
class Location:
    """Where it was sold, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class ExtraInfo:
    """Buyer and payment details; blank texts and zero numbers stay out of the bytes, the card type never."""

    tin: str = ""
    pinfl: str = ""
    car_number: str = ""
    phone_number: str = ""
    qr_payment_id: str = ""
    qr_payment_provider: int = 0
    cashed_out_from_card: int = 0
    pptid: str = ""
    card_type: int = 0
    card_number: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as a POS hands it in: time in Tashkent, money in tiyin.

    `type` and `operation` are plain integers, so that a decoder can show what no clause knows.
    """

    time: datetime
    received_cash: int
    received_card: int
    type: int
    operation: int
    items: tuple[Item, ...]
    location: Location | None = None
    extra: ExtraInfo | None = None
    refund: RefundInfo | None = None


def total_vat(receipt: Receipt) -> int:
    """Return the sum of the items' VAT in tiyin, the VAT of the TotalBlock (uz-fiscal §8.5)."""
    return sum(item.vat for item in receipt.items)


# --- to bytes --------------------------------------------------------------------------------------


def encode_full_receipt(receipt: Receipt) -> bytes:
    """Return the `8d` element of a receipt without padding, children in the order of uz-fiscal §8.1.

    Texts longer than their field are cut (RC-01). Raises ReceiptError for a name of which nothing is left
    (NM-04) and CodecError, with the field's JSON path, for a value that has no place in its field.
    """
    parts = _encode(RECEIPT_FIELDS, receipt, "")
    if receipt.refund is not None:
        parts.append(element(REFUND_TAG, b"".join(_encode(REFUND_FIELDS, receipt.refund, "RefundInfo."))))
    if receipt.location is not None:
        parts.append(element(LOCATION_TAG, b"".join(_encode(LOCATION_FIELDS, receipt.location, "Location."))))
    for index, item in enumerate(receipt.items):
        parts.append(element(ITEM_TAG, _encode_item(item, f"Items[{index}].")))
    if receipt.extra is not None:
        parts.append(element(EXTRA_TAG, b"".join(_encode(EXTRA_FIELDS, receipt.extra, "ExtraInfo."))))
    return element(RECEIPT_TAG, b"".join(parts))


def _encode_item(item: Item, path: str) -> bytes:
    parts = _encode(ITEM_FIELDS, item, path)
    if item.commission is not None:
        commission = _encode(COMMISSION_FIELDS, item.commission, f"{path}CommissionInfo.")
        parts.append(element(COMMISSION_TAG, b"".join(commission)))
    return b"".join(parts)


def _encode(table: tuple[Field, ...], source: object, path: str) -> list[bytes]:
    parts = []
    for field in table:
        value = getattr(source, field.attribute)
        if field.optional and field.is_empty(value):
            continue
        parts.append(element(field.tag, field.kind.encode(value, path + field.json)))
    return parts


# --- from bytes ------------------------------------------------------------------------------------


def decode_full_receipt(data: bytes) -> Receipt:
    """Return the receipt in an `8d` element.

    Padding behind it, children in any order and unknown tags are fine. Raises CodecError (TlvError for
    broken structure) with the JSON path of the field (uz-fiscal RC-03, §8.1).
    """
    body = fields(data).get(RECEIPT_TAG)
    if body is None:
        raise CodecError("no receipt element 8d", clause="uz-fiscal §8.1")
    found = fields(body, (ITEM_TAG,))
    raw_items = found.pop(ITEM_TAG, [])
    assert isinstance(raw_items, list)
    single = {tag: value for tag, value in found.items() if isinstance(value, bytes)}
    if not 0 < len(raw_items) <= MAX_ITEMS:
        raise CodecError(f"{len(raw_items)} items, not 1…{MAX_ITEMS}", field="Items", clause="uz-fiscal §8.1")
    return Receipt(
        **_decode(RECEIPT_FIELDS, single, ""),
        items=tuple(_decode_item(raw, f"Items[{index}].") for index, raw in enumerate(raw_items)),
        refund=RefundInfo(**_decode_part(single, REFUND_TAG, REFUND_FIELDS, "RefundInfo"))
        if REFUND_TAG in single
        else None,
        location=Location(**_decode_part(single, LOCATION_TAG, LOCATION_FIELDS, "Location"))
        if LOCATION_TAG in single
        else None,
        extra=ExtraInfo(**_decode_part(single, EXTRA_TAG, EXTRA_FIELDS, "ExtraInfo"))
        if EXTRA_TAG in single
        else None,
    )


def _decode_item(data: bytes, path: str) -> Item:
    found = _level(data, path)
    commission = None
    if COMMISSION_TAG in found:
        values = _decode_part(found, COMMISSION_TAG, COMMISSION_FIELDS, f"{path}CommissionInfo")
        commission = CommissionInfo(**values)
    return Item(**_decode(ITEM_FIELDS, found, path), commission=commission)


def _decode_part(found: dict[int, bytes], tag: int, table: tuple[Field, ...], path: str) -> dict[str, Any]:
    return _decode(table, _level(found[tag], f"{path}."), f"{path}.")


def _level(data: bytes, path: str) -> dict[int, bytes]:
    try:
        return fields(data)
    except CodecError as error:
        raise error.within(path.removesuffix(".")) from None


def _decode(table: tuple[Field, ...], found: dict[int, bytes], path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in table:
        raw = found.get(field.tag)
        if raw is not None:
            values[field.attribute] = field.kind.decode(raw, path + field.json)
        elif not field.optional:
            raise CodecError(
                f"tag {field.tag:02x} is missing", field=f"{path}{field.json}", clause="uz-fiscal §8.1"
            )
    return values
