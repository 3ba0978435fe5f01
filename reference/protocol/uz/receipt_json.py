"""The receipt as the POS writes it in JSON (uz-fiscal §4.4), read as tolerantly as the real service reads it.

Names match without regard to case, the last of several wins, unknown ones are ignored, a missing or null
one is zero or blank: Go's rules, by which the real service reads. What is there must have the right type: a
fraction, a negative number, a truth value or a text for a number is refused with the field's path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from reference.protocol.uz.errors import CodecError, ReceiptError
from reference.protocol.uz.receipt import (
    CommissionInfo,
    ExtraInfo,
    Item,
    Location,
    Receipt,
    RefundInfo,
)
from reference.protocol.uz.receipt_fields import (
    COMMISSION_FIELDS,
    EXTRA_FIELDS,
    ITEM_FIELDS,
    LOCATION_FIELDS,
    RECEIPT_FIELDS,
    REFUND_FIELDS,
    Field,
)
from reference.protocol.uz.receipt_rules import bad_refund_info, bad_value
from reference.protocol.uz.values import (
    decode_sign,
    decode_terminal_id,
    encode_sign,
    encode_terminal_id,
    format_compact_time,
    format_json_time,
    parse_compact_time,
    parse_json_time,
)

Parsed = TypeVar("Parsed")

_SEQ_TEXT: Final = re.compile(r"[0-9]{1,16}")
_SHOWN: Final = 80
_MAX_ANGLE: Final = 1e15

_Row = tuple[str, str, str, type, bool]
"""A field to read: attribute, name in lower case, name, type in JSON, and whether None is not enough."""


def _rows(table: tuple[Field, ...]) -> tuple[_Row, ...]:
    return tuple(
        (field.attribute, field.json.lower(), field.json, field.kind.json, not field.keep_zero)
        for field in table
    )


_RECEIPT: Final = _rows(RECEIPT_FIELDS)
_ITEM: Final = _rows(ITEM_FIELDS)
_COMMISSION: Final = _rows(COMMISSION_FIELDS)
_LOCATION: Final = _rows(LOCATION_FIELDS)
_EXTRA: Final = _rows(EXTRA_FIELDS)


def receipt_from_json(obj: object) -> Receipt:
    """Return the receipt in a parsed JSON object; whether it may be registered, `check_receipt` says.

    Raises ReceiptError, whose `field` is the JSON path: clause RC-12 for types and ranges, TM-02 for the
    time, RC-10 for a RefundInfo that is not well-formed.
    """
    found = _Found(obj, "")
    head = found.values(_RECEIPT)
    refund, location, extra = (found.part(name) for name in ("RefundInfo", "Location", "ExtraInfo"))
    return Receipt(
        **head,
        items=tuple(_item(item) for item in found.parts("Items")),
        location=Location(**location.values(_LOCATION)) if location else None,
        extra=ExtraInfo(**extra.values(_EXTRA)) if extra else None,
        refund=_refund(refund) if refund else None,
    )


class _Found:
    """The members of one JSON object by lower-case name, and the path of that object for errors."""

    def __init__(self, obj: object, path: str) -> None:
        if not isinstance(obj, Mapping):
            raise bad_value(path.removesuffix(".") or "Receipt", f"must be an object, not {_shown(obj)}")
        self.path = path
        self._members = {str(name).lower(): value for name, value in obj.items() if value is not None}

    def get(self, name: str) -> object:
        """The member's value, None if it is missing or null."""
        return self._members.get(name.lower())

    def part(self, name: str) -> _Found | None:
        value = self.get(name)
        return None if value is None else _Found(value, f"{self.path}{name}.")

    def parts(self, name: str) -> Iterator[_Found]:
        value = self.get(name)
        if value is not None and not isinstance(value, list | tuple):
            raise bad_value(self.path + name, f"must be an array, not {_shown(value)}")
        for index, member in enumerate(value or ()):
            yield _Found(member, f"{self.path}{name}[{index}].")

    def values(self, table: tuple[_Row, ...]) -> dict[str, Any]:
        """The attributes of a table's fields; a missing one that may be None stays at its default."""
        made: dict[str, Any] = {}
        member = self._members.get
        # A large order has these by the hundred thousand: what is plainly right costs no call of a reader.
        for attribute, low, name, kind, needed in table:
            value = member(low)
            if value is None and not needed:
                continue
            if (kind is int and type(value) is int and value >= 0) or (
                kind is str and type(value) is str and value.isascii()
            ):
                made[attribute] = value
            else:
                made[attribute] = _READERS[kind](value, self.path + name)
        return made


def _item(found: _Found) -> Item:
    values = found.values(_ITEM)
    if found.get("Label") is None:
        values["label"] = _only_label(found)
    commission = found.part("CommissionInfo")
    if commission:
        values["commission"] = CommissionInfo(**commission.values(_COMMISSION))
    return Item(**values)


def _only_label(found: _Found) -> str:
    """Take `Labels` where `Label` is absent, if it has no more than one entry (uz-fiscal §4.4)."""
    path = f"{found.path}Labels"
    labels = found.get("Labels")
    if labels is None:
        return ""
    if not isinstance(labels, list | tuple):
        raise bad_value(path, f"must be an array, not {_shown(labels)}")
    if len(labels) > 1:
        raise bad_value(path, f"must have one entry, not {len(labels)}: an item carries one label")
    return _read_text(labels[0], f"{path}[0]") if labels else ""


def _refund(found: _Found) -> RefundInfo:
    """Read the four fields in the order in which they are reported; ReceiptSeq may be text."""
    terminal_id = _parsed(encode_terminal_id, found.get("TerminalID"), "TerminalID")
    seq = found.get("ReceiptSeq")
    if isinstance(seq, str) and _SEQ_TEXT.fullmatch(seq):
        seq = int(seq)
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
        raise bad_refund_info("ReceiptSeq")
    time = _parsed(parse_compact_time, found.get("DateTime"), "DateTime")
    sign = _parsed(encode_sign, found.get("FiscalSign"), "FiscalSign")
    return RefundInfo(decode_terminal_id(terminal_id), seq, time, decode_sign(sign))


def _parsed(parse: Callable[[str], Parsed], text: object, name: str) -> Parsed:
    try:
        if isinstance(text, str):
            return parse(text)
    except CodecError:
        pass
    raise bad_refund_info(name)


# --- single values ---------------------------------------------------------------------------------


def _shown(value: object) -> str:
    """The value as a person would quote it, not longer than a line."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _read_text(value: object, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_value(path, f"must be a text, not {_shown(value)}")
    if value.isascii():
        return value
    # JSON can spell half of a surrogate pair; UTF-8 cannot, and Go puts the replacement character there.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_number(value: object, path: str) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_value(path, f"must be an integer, not {_shown(value)}")
    if value < 0:
        raise bad_value(path, f"must not be negative, is {_shown(value)}")
    return value


def _read_angle(value: object, path: str) -> float:
    if value is None:
        return 0.0
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise bad_value(path, f"must be a number, not {_shown(value)}")
    if not -_MAX_ANGLE <= value <= _MAX_ANGLE:
        raise bad_value(path, f"must be a finite angle, not {_shown(value)}")
    return float(value)


def _read_time(value: object, path: str) -> datetime:
    text = _read_text(value, path)
    try:
        return parse_json_time(text, path)
    except CodecError as error:
        raise ReceiptError(f"field {path}: {error.text}", clause=error.clause, field=path) from None


_READERS: Final[Mapping[type, Callable[[object, str], Any]]] = {
    str: _read_text,
    int: _read_number,
    float: _read_angle,
    datetime: _read_time,
}

# --- the other way ---------------------------------------------------------------------------------


def receipt_to_json(receipt: Receipt) -> dict[str, Any]:
    """Return the receipt in the documented spelling; blank texts and what is not given are left out."""
    obj = _members(RECEIPT_FIELDS, receipt)
    obj["Items"] = [_item_members(item) for item in receipt.items]
    if receipt.location is not None:
        obj["Location"] = _members(LOCATION_FIELDS, receipt.location)
    if receipt.extra is not None:
        obj["ExtraInfo"] = _members(EXTRA_FIELDS, receipt.extra)
    if receipt.refund is not None:
        time = format_compact_time(receipt.refund.time)
        obj["RefundInfo"] = _members(REFUND_FIELDS, receipt.refund) | {"DateTime": time}
    return obj


def _item_members(item: Item) -> dict[str, Any]:
    members = _members(ITEM_FIELDS, item)
    if item.commission is not None:
        members["CommissionInfo"] = _members(COMMISSION_FIELDS, item.commission)
    return members


def _members(table: tuple[Field, ...], source: object) -> dict[str, Any]:
    members = {}
    for field in table:
        value = getattr(source, field.attribute)
        if value not in (None, ""):
            members[field.json] = format_json_time(value) if isinstance(value, datetime) else value
    return members
