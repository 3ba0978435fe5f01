"""What stands on a paycheck (uz-fiscal §13.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.drive.dialects.communicator.paycheck import Slip, pair
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.rpc1.results import Json

_HEAD = ("companyName", "companyAddress", "companyINN", "companyPhoneNumber", "staffName")


def som(tiyin: object) -> str:
    """Tiyin as so'm with two places."""
    number = tiyin if isinstance(tiyin, int) else 0
    return f"{number // 100}.{number % 100:02}"


def receipt_slip(asked: Fields, body: Mapping[str, Any], result: Json, title: str) -> Slip:
    """A receipt with the shop's details as the request has them."""
    lines = [str(found) for name in _HEAD if (found := asked.get(name)) is not None]
    lines.append(title)
    items = body.get("Items")
    for item in items if isinstance(items, list) else []:
        lines += [str(item.get("name", "")), f"  {_amount(item)} = {som(item.get('price'))}"]
    lines += [pair("Naqd", som(body["ReceivedCash"])), pair("Karta", som(body["ReceivedCard"]))]
    note = asked.part("params").get("note")
    lines += [str(note)] if note else []
    lines += [
        pair("Terminal", result["TerminalID"]),
        pair("Chek", result["ReceiptSeq"]),
        pair("Vaqt", result["DateTime"]),
        pair("Fiskal belgi", result["FiscalSign"]),
    ]
    return Slip(tuple(lines), result["QRCodeURL"])


def stored_slip(result: Json) -> Slip:
    """A receipt of which only the answer is known any more."""
    names = ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")
    return Slip(("Nusxa", *(pair(name, result[name]) for name in names)), result["QRCodeURL"])


def zreport_slip(result: Json) -> Slip:
    """A Z-report: every field on a line, sums in so'm."""
    money = ("Cash", "Card", "VAT")
    shown = (
        pair(name, som(value) if name.startswith("Total") and name.endswith(money) else value)
        for name, value in result.items()
    )
    return Slip(("Z-hisobot", *shown))


def _amount(item: Mapping[str, Any]) -> str:
    amount = item.get("amount")
    number = amount if isinstance(amount, int) else 0
    return f"{number / 1000:g}"
