"""What a receipt must obey before it may be registered, with the texts clients see (uz-fiscal §8.7).

The online check of a refund (uz-fiscal §11.7) and the comparison with the module's time are not here: they
need more than the receipt.
"""

from __future__ import annotations

import re
from typing import Final

from reference.protocol.uz.errors import ReceiptError
from reference.protocol.uz.names import map_name
from reference.protocol.uz.receipt import (
    MAX_ITEMS,
    ExtraInfo,
    Item,
    Operation,
    Receipt,
    ReceiptType,
    RefundInfo,
    total_vat,
)
from reference.protocol.uz.receipt_fields import BYTE, EXTRA_FIELDS, ITEM_FIELDS, Field
from reference.protocol.uz.values import EARLIEST_YEAR, MAX_BCD

LIMIT_DIFFERENCE: Final = 10000
"""How many tiyin the lines and the money may differ by, either way (uz-fiscal RC-08)."""

NO_SIGN: Final = "000000000000"
"""The sign a refund of an advance or a credit names, since those receipts have none (uz-fiscal RC-11)."""

_TERMINAL_ID: Final = re.compile(r"[A-Z]{2}[0-9]{12}")
_SIGN: Final = re.compile(r"[0-9]{12}")
_ITEM_NUMBERS: Final = tuple(field for field in ITEM_FIELDS if field.kind.json is int)
_EXTRA_NUMBERS: Final = tuple(field for field in EXTRA_FIELDS if field.kind.json is int)


def bad_value(field: str, why: str) -> ReceiptError:
    """Return the error for a value that no receipt may hold; it names field and fault (uz-fiscal RC-12)."""
    return ReceiptError(f"field {field} {why}", clause="uz-fiscal RC-12", field=field)


def bad_refund_info(name: str) -> ReceiptError:
    """Return the error for a RefundInfo field, named as in JSON, that is malformed (uz-fiscal RC-10)."""
    return ReceiptError(f"Bad RefundInfo {name} value", clause="uz-fiscal RC-10", field=f"RefundInfo.{name}")


def check_receipt(receipt: Receipt) -> None:
    """Raise the ReceiptError of the first rule broken, RC-04…RC-12 and RC-14, or return.

    The order: time, type and operation, number of lines, money received, each line, VAT total, difference,
    buyer details, RefundInfo.
    """
    _check_head(receipt)
    received = receipt.received_cash + receipt.received_card
    owed = 0
    for index, item in enumerate(receipt.items):
        _check_item(item, index)
        owed += item.price - item.discount - item.other
    _check_total("total vat", total_vat(receipt), "Items")
    difference = abs(owed - received)
    if difference > LIMIT_DIFFERENCE:
        raise ReceiptError(
            f"difference {difference} between {owed} and {received} is larger than {LIMIT_DIFFERENCE}",
            clause="uz-fiscal RC-08",
            field="Items",
        )
    if receipt.extra is not None:
        _check_extra(receipt.extra)
    if receipt.refund is not None:
        check_refund_info(receipt.refund)
    elif receipt.operation == Operation.REFUND:
        raise ReceiptError("RefundInfo is undefined", clause="uz-fiscal RC-10", field="RefundInfo")


def check_refund_info(refund: RefundInfo) -> None:
    """Raise ReceiptError for the first of the four fields that is malformed (uz-fiscal RC-10, RC-14)."""
    if not _TERMINAL_ID.fullmatch(refund.terminal_id):
        raise bad_refund_info("TerminalID")
    if not 1 <= refund.receipt_seq <= MAX_BCD:
        raise bad_refund_info("ReceiptSeq")
    if refund.time.year < EARLIEST_YEAR:
        raise bad_refund_info("DateTime")
    if not _SIGN.fullmatch(refund.fiscal_sign):
        raise bad_refund_info("FiscalSign")


def needs_online_check(receipt: Receipt) -> bool:
    """Whether the OFD must be asked about RefundInfo: refunds of purchases only (uz-fiscal RC-11, RC-14)."""
    return receipt.operation == Operation.REFUND and receipt.type == ReceiptType.PURCHASE


def _check_head(receipt: Receipt) -> None:
    if receipt.time.year < EARLIEST_YEAR:
        raise bad_value("Time", f"{receipt.time} is before the year {EARLIEST_YEAR}")
    for name, value, known in (
        ("Type", receipt.type, ReceiptType),
        ("Operation", receipt.operation, Operation),
    ):
        if not 0 <= value < len(known):
            raise bad_value(name, f"is {value}, not one of {', '.join(map(str, range(len(known))))}")
    if not receipt.items:
        raise ReceiptError("receipt has no iteems", clause="uz-fiscal RC-04", field="Items")
    if len(receipt.items) > MAX_ITEMS:
        raise ReceiptError("receipt has too many iteems", clause="uz-fiscal RC-05", field="Items")
    _check_total("received cash", receipt.received_cash, "ReceivedCash")
    _check_total("received card", receipt.received_card, "ReceivedCard")


def _check_total(name: str, value: int, field: str) -> None:
    if value < 0:
        raise bad_value(field, f"must be in range [0, {MAX_BCD}], is {value}")
    if value > MAX_BCD:
        raise ReceiptError(
            f"receipt {name} value size {value} shouldn't exceed {MAX_BCD}",
            clause="uz-fiscal RC-09",
            field=field,
        )


def _check_item(item: Item, index: int) -> None:
    if not map_name(item.name) or item.name.isspace():
        raise ReceiptError(
            "field name is not found or empty", clause="uz-fiscal RC-06", field=f"Items[{index}].Name"
        )
    for field in _ITEM_NUMBERS:
        value = getattr(item, field.attribute)
        if value is not None and not 0 <= value <= field.limit:
            raise _number_error(field, value, index)
    discounts = item.discount + item.other
    if discounts > item.price:
        raise ReceiptError(
            f"item total discount {discounts} shouldn't exceed item price {item.price}",
            clause="uz-fiscal RC-07",
            field=f"Items[{index}].Price",
        )


def _number_error(field: Field, value: int, index: int) -> ReceiptError:
    path = f"Items[{index}].{field.json}"
    if value < 0 or field.kind is BYTE:
        return bad_value(path, f"must be in range [0, {field.limit}], is {value}")
    words = field.attribute.replace("_", " ")
    return ReceiptError(
        f"item {words} value {value} shouldn't exceed {field.limit}", clause="uz-fiscal RC-09", field=path
    )


def _check_extra(extra: ExtraInfo) -> None:
    for field in _EXTRA_NUMBERS:
        value = getattr(extra, field.attribute)
        if not 0 <= value <= field.limit:
            raise bad_value(f"ExtraInfo.{field.json}", f"must be in range [0, {field.limit}], is {value}")
