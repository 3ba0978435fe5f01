"""An order as the JSON receipt that GetTXID takes (uz-fiscal §4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reference.pos.order import REFUND, Line, Order
from reference.protocol.uz.values import format_json_time


def receipt_body(order: Order, time: datetime) -> dict[str, Any]:
    """The JSON receipt of an order at a Tashkent local time."""
    body: dict[str, Any] = {
        "Time": format_json_time(time),
        "ReceivedCash": order.payment.cash,
        "ReceivedCard": order.payment.card,
        "Type": order.type,
        "Operation": int(order.operation == REFUND),
        "Items": [_item(line) for line in order.lines],
    }
    if order.refund_of is not None:
        body["RefundInfo"] = {
            "TerminalID": order.refund_of.terminal_id,
            "ReceiptSeq": order.refund_of.receipt_seq,
            "DateTime": order.refund_of.date_time,
            "FiscalSign": order.refund_of.fiscal_sign,
        }
    return body


def _item(line: Line) -> dict[str, Any]:
    item: dict[str, Any] = {
        "Name": line.name,
        "Barcode": line.barcode,
        "Label": line.label,
        "SPIC": line.mxik,
        "Units": line.units,
        "PackageCode": line.package_code,
        "Amount": line.amount,
        "Price": line.total,
        "Discount": line.discount,
        "Other": line.other,
        "VAT": line.vat,
        "VATPercent": line.vat_percent,
    }
    if line.owner_type is not None:
        item["OwnerType"] = line.owner_type
    return item
