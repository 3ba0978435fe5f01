"""The Communicator's receipt as generation 1's: other names, a time of our own (uz-fiscal §13.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reference.drive.dialects.communicator.words import ITEM_NAMES
from reference.drive.dialects.fields import Fields
from reference.protocol.uz.values import format_json_time

_EXTRA = ("tin", "pinfl", "phonenumber", "carnumber", "cashedoutfromcard", "cardtype", "pptid")


def receipt_body(asked: Fields, time: datetime, *, card: int = 0) -> dict[str, Any]:
    """The receipt of a `sale` and its sisters as generation 1 reads it; `card` is paid on top of
    `receivedCard` (receivedEps of the EPS methods)."""
    params = asked.part("params")
    body: dict[str, Any] = {
        "Time": format_json_time(time),
        "ReceivedCash": params.number("receivedCash"),
        "ReceivedCard": params.number("receivedCard") + card,
        "Items": items_of(params.get("items")),
    }
    extra = extra_of(asked, params)
    if extra:
        body["ExtraInfo"] = extra
    refund = asked.first("refundInfo")
    refund = params.first("refundInfo") if refund is None else refund
    return body if refund is None else body | {"RefundInfo": refund}


def items_of(items: object) -> object:
    """The lines; what is no list goes on as it is, for generation 1 to refuse."""
    if not isinstance(items, list):
        return items
    return [_item(item) for item in items]


def _item(item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    named = {str(name).lower(): value for name, value in item.items()}
    for name, known in ITEM_NAMES.items():
        if name in named:
            named[known.lower()] = named.pop(name)
    seller = named.pop("commissiontin", None)
    if seller:
        named["commissioninfo"] = {"TIN": seller}
    return named


def extra_of(asked: Fields, params: Fields) -> dict[str, Any]:
    """The buyer's details: `extraInfo` beside or inside params, `extraInfos` inside."""
    for value in (asked.get("extraInfo"), params.get("extraInfo"), params.get("extraInfos")):
        if value:
            found = Fields(value, "extraInfo")
            return {name: found.members[name] for name in _EXTRA if name in found.members}
    return {}
