"""The page behind a receipt's QR code: what was sold, and whether it is genuine (uz-fiscal §10.2,
UZ-OFD-03).
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import segno
from flask import Blueprint, Response, render_template, request

from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.web.lookup import Claim, Found, Matches, find, matches
from ofd_mock.uz.web.texts import (
    LANGUAGE_NAMES,
    choose_language,
    words,
    write_amount,
    write_sum,
    write_time,
)
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.receipt import Item
from reference.protocol.uz.values import parse_compact_time

KINDS: Final = ("purchase", "advance", "credit")
OPERATIONS: Final = ("sale", "refund")


def check_blueprint(ledger: Ledger, agree: Matches = matches) -> Blueprint:
    """`GET /check?t&r&c&s`, open to everybody; `lang=uz|ru|en` or Accept-Language choose the language."""
    blueprint = Blueprint("check", __name__)

    @blueprint.get("/check")
    def check() -> Response:
        claim = Claim(*(request.args.get(name, "").strip() for name in ("t", "r", "c", "s")))
        language = choose_language(request.args.get("lang"), request.accept_languages)
        with ledger.reading() as connection:
            found = find(connection, claim, agree)
        page = render_template(
            "check.html",
            claim=claim,
            language=language,
            languages=_language_links(claim),
            w=words(language),
            verdict="ask" if claim.empty else "unknown" if found is None else "genuine",
            receipt=None if found is None else describe(found, language),
            qr=None if found is None else _qr(claim),
        )
        return Response(page, headers={"Content-Language": language, "Vary": "Accept-Language"})

    return blueprint


def describe(found: Found, language: str) -> dict[str, Any]:
    """All that the page shows of a receipt, written in one language."""
    row = found.row
    shown: dict[str, Any] = {
        "terminal": row["terminal"],
        "number": row["number"],
        "time": write_time(row["time"]),
        "sign": row["sign"],
        "kind": KINDS[row["type"]],
        "operation": OPERATIONS[row["operation"]],
        "module": found.module,
        "total": write_sum(row["cash"] + row["card"], language),
        "cash": write_sum(row["cash"], language),
        "card": write_sum(row["card"], language),
        "vat": write_sum(row["vat"], language),
        "items_count": row["items_count"],
        "items": None,
        "refund": None,
    }
    if found.receipt is not None:
        shown["items"] = [describe_item(item, language) for item in found.receipt.items]
        shown["refund"] = found.receipt.refund
    return shown


def describe_item(item: Item, language: str) -> dict[str, Any]:
    """One line; what is blank or zero is left out by the page."""
    principal = item.commission
    return {
        "name": item.name,
        "spic": item.spic,
        "package": item.package_code,
        "units": item.units,
        "barcode": item.barcode,
        "label": item.label,
        "amount": write_amount(item.amount, language),
        "price": write_sum(item.price, language),
        "discount": write_sum(item.discount, language) if item.discount else "",
        "other": write_sum(item.other, language) if item.other else "",
        "vat_percent": item.vat_percent,
        "vat": write_sum(item.vat, language),
        "commission": "" if principal is None else principal.tin or principal.pinfl,
    }


def _language_links(claim: Claim) -> list[tuple[str, str, str]]:
    query = {"t": claim.terminal, "r": claim.number, "c": claim.time, "s": claim.sign}
    fixed = {} if claim.empty else query
    return [(code, name, _query(fixed | {"lang": code})) for code, name in LANGUAGE_NAMES.items()]


def _query(values: dict[str, str]) -> str:
    return "?" + urlencode(values)


def _qr(claim: Claim) -> str:
    """The receipt's QR code as a data address, made anew from the values that were found to be right."""
    text = qr_url(
        request.base_url, claim.terminal, int(claim.number), parse_compact_time(claim.time), claim.sign
    )
    return str(segno.make(text, error="m").svg_data_uri(scale=4, border=2))
