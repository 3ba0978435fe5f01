"""Receipts and shifts as the judge's own module holds them, and what a service refuses in a receipt
(uz-fiscal §4, §8): values and rules without a state, written from the clauses alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

Json = dict[str, Any]

TOLERANCE: Final = 10_000
MOST: Final = 9_999_999_999_999_999
TERMINAL: Final = "ZZ999900001234"
CHECK: Final = "http://127.0.0.1:13448/check"
KINDS: Final = ("Purchase", "Advance", "Credit")
OPERATIONS: Final = ("Sale", "Refund")
ITEM_NUMBERS: Final = ("Units", "Amount", "Price", "Discount", "Other", "VAT")
_REFUND_FORMS: Final = (
    ("TerminalID", re.compile(r"[A-Z]{2}[0-9]{12}")),
    ("ReceiptSeq", re.compile(r"[1-9][0-9]{0,15}")),
    ("DateTime", re.compile(r"[0-9]{14}")),
    ("FiscalSign", re.compile(r"[0-9]{12}")),
)


def text_of(time: datetime) -> str:
    """A time as JSON writes it (TM-02)."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def time_of(text: object) -> datetime | None:
    """A time as JSON writes it, None for what is none."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None


@dataclass(slots=True)
class Held:
    """A registered receipt: what was sent, its number and sign, and whether the operator has it."""

    seq: int
    time: datetime
    sign: str
    body: Json
    txid: int
    acknowledged: bool = False

    @property
    def cash(self) -> int:
        """Received in cash."""
        return int(self.body.get("ReceivedCash", 0))

    @property
    def card(self) -> int:
        """Received by card."""
        return int(self.body.get("ReceivedCard", 0))

    @property
    def vat(self) -> int:
        """VAT of all items."""
        return sum(int(item.get("VAT", 0)) for item in self.body.get("Items", ()))

    @property
    def answer(self) -> Json:
        """What RegisterTXID answers; advance and credit without sign and QR (QR-03)."""
        address = f"{CHECK}?t={TERMINAL}&r={self.seq}&c={self.time:%Y%m%d%H%M%S}&s={self.sign}"
        return {
            "TerminalID": TERMINAL,
            "ReceiptSeq": self.seq,
            "DateTime": text_of(self.time),
            "FiscalSign": self.sign,
            "QRCodeURL": address if self.sign else "",
        }


@dataclass(slots=True)
class Shift:
    """A Z-report: when it was opened and closed, and the receipts in it."""

    opened: datetime
    closed: datetime | None = None
    receipts: list[Held] = field(default_factory=list)

    @property
    def json(self) -> Json:
        """As ZReport/Info shows it (S-9.2)."""
        sides: dict[str, list[Held]] = {"Sale": [], "Refund": []}
        for each in self.receipts:
            sides[OPERATIONS[int(each.body.get("Operation", 0))]].append(each)
        told: Json = {"TerminalID": TERMINAL, "OpenTime": text_of(self.opened)}
        if self.closed is not None:
            told["CloseTime"] = text_of(self.closed)
        told |= {f"Total{name}Count": len(side) for name, side in sides.items()}
        for kind in ("cash", "card", "vat"):
            name = "VAT" if kind == "vat" else kind.title()
            told[f"Total{name}"] = {
                side: sum(getattr(each, kind) for each in held) for side, held in sides.items()
            }
        if self.receipts:
            told["FirstReceiptSeq"] = self.receipts[0].seq
            told["LastReceiptSeq"] = self.receipts[-1].seq
        return told


def receipt_rules(body: Mapping[str, Any]) -> str:
    """RC-04…RC-12 as far as a point of sale can break them; empty when all hold."""
    items = body.get("Items")
    if not isinstance(items, list) or not items:
        return "receipt has no iteems"
    if body.get("Type", 0) not in (0, 1, 2) or body.get("Operation", 0) not in (0, 1):
        return "Type or Operation is unknown"
    owed = 0
    for item in items:
        if not str(item.get("Name", "")).strip():
            return "field name is not found or empty"
        for name in ITEM_NUMBERS:
            value = item.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
                return f"item {name.lower()} value {value} shouldn't exceed {MOST}"
        price, off = item.get("Price", 0), item.get("Discount", 0) + item.get("Other", 0)
        if off > price:
            return f"item total discount {off} shouldn't exceed item price {price}"
        owed += price - off
    received = body.get("ReceivedCash", 0) + body.get("ReceivedCard", 0)
    if abs(owed - received) > TOLERANCE:
        return f"difference {abs(owed - received)} between {owed} and {received} is larger than {TOLERANCE}"
    return ""


def refund_rules(body: Mapping[str, Any], receipts: Iterable[Held]) -> str:
    """RC-10, RC-11: the receipt that is given back is one of these; empty when it is."""
    if int(body.get("Operation", 0)) == 0:
        return ""
    given = body.get("RefundInfo")
    if not isinstance(given, Mapping):
        return "RefundInfo is undefined"
    for name, form in _REFUND_FORMS:
        if not form.fullmatch(str(given.get(name, ""))):
            return f"Bad RefundInfo {name} value"
    if int(body.get("Type", 0)):
        return ""
    known = {(each.seq, f"{each.time:%Y%m%d%H%M%S}", each.sign) for each in receipts}
    named = (int(given["ReceiptSeq"]), str(given["DateTime"]), str(given["FiscalSign"]))
    return "" if given["TerminalID"] == TERMINAL and named in known else "RefundInfo is not valid"
