"""`POST /api/payment`: the data behind the check page, as clients of the real page ask for them (uz-fiscal
§10.2).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.web.lookup import Claim, Found, Matches, find, matches
from ofd_mock.uz.web.texts import write_time
from reference.protocol.uz.receipt import Item

PAYMENT_TYPES: Final = {"CHECK": 0, "AVANS": 1, "CREDIT": 2}
"""Receipt type by paymentType; CHECK_EPI are virtual cash desks, which this lab has none of."""
NO_SIGN: Final = "000000000000"


def payment_blueprint(
    ledger: Ledger,
    settings: Callable[[], OperatorSettings],
    unix_time: Callable[[], float],
    agree: Matches = matches,
) -> Blueprint:
    """The endpoint, open to everybody; with `check_signature` it wants X-Timestamp and X-Signature
    (CK-02).
    """
    blueprint = Blueprint("payment", __name__)

    @blueprint.post("/api/payment")
    def payment() -> tuple[Response, int]:
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict):
            return jsonify(success=False, message="bad request"), 400
        claim = Claim(
            *(str(asked.get(name, "")) for name in ("terminalId", "paymentNo", "paymentDate", "fiscalSign"))
        )
        if settings().check_signature and not signed_right(claim, settings(), unix_time()):
            return jsonify(success=False, message="bad signature"), 401
        kind = PAYMENT_TYPES.get(str(asked.get("paymentType", "CHECK")))
        with ledger.reading() as connection:
            found = None if kind is None else find(connection, claim, _agreement(kind, agree))
        if found is None:
            return jsonify(success=False, message="not found"), 200
        return jsonify(success=True, data=describe(found)), 200

    return blueprint


def signature(key: str, terminal: str, number: str, timestamp: str) -> str:
    """Hex HMAC-SHA256 of `t:r:timestamp` (uz-fiscal §10.2)."""
    return hmac.new(key.encode(), f"{terminal}:{number}:{timestamp}".encode(), hashlib.sha256).hexdigest()


def signed_right(claim: Claim, settings: OperatorSettings, now: float) -> bool:
    """Whether the request bears the signature of our key, made within the allowed time (CK-02)."""
    timestamp = request.headers.get("X-Timestamp", "")
    if not timestamp.isdecimal() or len(timestamp) > 15:
        return False
    expected = signature(settings.check_key, claim.terminal, claim.number, timestamp)
    given = request.headers.get("X-Signature", "").lower()
    in_time = abs(int(timestamp) - now) <= settings.check_clock_seconds
    return hmac.compare_digest(given.encode(), expected.encode()) and in_time


def _agreement(kind: int, agree: Matches) -> Matches:
    def fits(row: Any, claim: Claim) -> bool:
        if row["type"] != kind:
            return False
        if row["sign"] is None:
            return claim.sign == NO_SIGN and claim.time == row["time"]
        return agree(row, claim)

    return fits


def describe(found: Found) -> dict[str, Any]:
    """`data` of the answer; sums in so'm with decimals."""
    row, module = found.row, found.module
    known = {} if module is None else dict(module)
    return {
        "terminalId": row["terminal"],
        "paymentNo": row["number"],
        "paymentDate": write_time(row["time"]),
        "fiscalSign": row["sign"] or "",
        "cashTotal": som(row["cash"]),
        "cardTotal": som(row["card"]),
        "vatTotal": som(row["vat"]),
        "isRefund": row["operation"],
        "tin": known.get("tin", ""),
        "kkmName": known.get("name", ""),
        "kkmSerialNumber": row["terminal"],
        "itemsCount": row["items_count"],
        "itemsArrived": found.receipt is not None,
        "extraInfo": {
            "companyName": known.get("company", ""),
            "address": known.get("address", ""),
            "merchantTin": known.get("tin", ""),
        },
        "paymentDetails": [] if found.receipt is None else [describe_item(i) for i in found.receipt.items],
    }


def describe_item(item: Item) -> dict[str, Any]:
    """One of `paymentDetails`: name and price are known from real answers, the other names are ours."""
    return {
        "name": item.name,
        "price": som(item.price),
        "amount": item.amount / 1000,
        "discount": som(item.discount),
        "other": som(item.other),
        "vat": som(item.vat),
        "vatPercent": item.vat_percent,
        "spic": item.spic,
        "packageCode": item.package_code,
        "units": item.units,
        "barcode": item.barcode,
        "label": item.label,
    }


def som(tiyin: int) -> float:
    """Tiyin as so'm with decimals."""
    return tiyin / 100
