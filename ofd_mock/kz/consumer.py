"""The consumer's check page: a QR address leads to the ticket, as page and as JSON (kz-ofd §13.4).

Everything here is read from the ledger; every page bears TEST, first to be read (kz-ofd ID-03).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from ofd_mock.kz import tables
from ofd_mock.kz.ledger import KzLedger
from ofd_mock.kz.registry import profile_from_text
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.surroundings import either_sign, ticket_of
from ofd_mock.kz.values import Profile
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.errors import AddressError
from reference.protocol.kz.kinds import ItemType, PaymentType
from reference.protocol.kz.money import TIYN
from reference.protocol.kz.signs import QrFields, fields_of_query, parse_qr_address
from reference.protocol.kz.tickets import Line, TaxEntry, Ticket
from reference.runtime.serving import harden

LANGUAGES: Final = ("ru", "kk")
MAX_BODY: Final = 4 << 20
"""Control bodies hold whole nomenclatures."""
_FOLDER: Final = Path(__file__).parent
_PAYMENTS: Final = {
    PaymentType.CASH: "cash",
    PaymentType.CARD: "card",
    PaymentType.CREDIT: "credit",
    PaymentType.TARE: "tare",
    PaymentType.MOBILE: "mobile",
}

WORDS: Final[dict[str, dict[str, Any]]] = {
    "ru": {
        "title": "Фискальный чек",
        "missing": "Чек не найден",
        "note": "Испытательный стенд. Ничто здесь не является настоящим фискальным чеком.",
        "bin": "ИИН/БИН",
        "operations": ("Покупка", "Возврат покупки", "Продажа", "Возврат продажи"),
        "total": "ИТОГО",
        "payments": {
            "cash": "Наличные",
            "card": "Банковская карта",
            "credit": "Кредит",
            "tare": "Тара",
            "mobile": "Мобильный платёж",
        },
        "vat": "в т.ч. НДС",
        "sign": "Фискальный признак",
        "time": "Время",
        "rnm": "Код ККМ КГД (РНМ)",
        "serial": "ЗНМ",
    },
    "kk": {
        "title": "Фискалды чек",
        "missing": "Чек табылмады",
        "note": "Сынақ стенді. Мұндағы ештеңе нағыз фискалды чек емес.",
        "bin": "ЖСН/БСН",
        "operations": ("Сатып алу", "Сатып алуды қайтару", "Сату", "Сатуды қайтару"),
        "total": "БАРЛЫҒЫ",
        "payments": {
            "cash": "Қолма-қол ақша",
            "card": "Банк картасы",
            "credit": "Несие",
            "tare": "Ыдыс",
            "mobile": "Мобильді төлем",
        },
        "vat": "оның ішінде ҚҚС",
        "sign": "Фискалдық белгі",
        "time": "Уақыты",
        "rnm": "МКК БКМ коды (КТН)",
        "serial": "КЗН",
    },
}


class Found(NamedTuple):
    """A ticket of the ledger: its page, its signs, what it says, whose it is."""

    page: str
    sign: str
    ticket: Ticket
    profile: Profile


def find(connection: Connection, fields: QrFields, *, strict: bool) -> Found | None:
    """The ticket a QR address names by either sign and RNM, and if `strict` by sum and time too (CP-5)."""
    table = tables.documents
    rows = connection.execute(
        _tickets()
        .where(tables.devices.c.rnm == fields.rnm, either_sign(fields.sign))
        .order_by(table.c.number)
    )
    for row in rows:
        found = _found(row)
        if found is None:
            continue
        agrees = found.ticket.total == fields.total and found.ticket.time == fields.time
        if agrees or not strict:
            return found
    return None


def find_page(connection: Connection, page: str) -> Found | None:
    """The ticket of a page."""
    row = connection.execute(_tickets().where(tables.documents.c.page == page)).first()
    return None if row is None else _found(row)


def ticket_json(found: Found) -> dict[str, Any]:
    """A ticket with the keys of kz-ofd §13.4; sums are tenge, rates percent."""
    ticket, registration = found.ticket, found.profile.registration
    sums: dict[int, int] = {}
    for entry in _taxes(ticket):
        sums[entry.percent or 0] = sums.get(entry.percent or 0, 0) + (entry.sum or 0)
    time = ticket.time or datetime.min
    return {
        "orgTitle": registration.org_title,
        "orgId": registration.org_inn,
        "retailPlaceAddress": registration.pos_address,
        "kkmSerialNumber": registration.serial,
        "kkmFnsId": registration.rnm,
        "taxes": [{"rate": percent / 1000, "sum": total / TIYN} for percent, total in sorted(sums.items())],
        "ticket": {
            "fiscalId": found.sign,
            "operationType": ticket.operation,
            "transactionDate": time.isoformat(),
            "totalSum": (ticket.total or 0) / TIYN,
            "takenSum": (ticket.taken or 0) / TIYN,
            "changeSum": (ticket.change or 0) / TIYN,
            "payments": [
                {"paymentType": _PAYMENTS[PaymentType(one.type)], "sum": (one.sum or 0) / TIYN}
                for one in ticket.payments
                if one.type is not None
            ],
            "items": [
                {"commodity": _commodity(line)}
                for line in ticket.items
                if isinstance(line, Line) and line.type == ItemType.COMMODITY
            ],
        },
    }


def make_site(ledger: KzLedger, settings: Callable[[], KzSettings], control: Blueprint) -> Flask:
    """The whole site of the HTTP port: check page, its API, control."""
    app = Flask(__name__, static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(
        Blueprint("site", __name__, static_folder=str(_FOLDER / "static"), static_url_path="/static")
    )
    pages = _Pages(ledger, settings)
    for path, view in (
        ("/", pages.by_fields),
        ("/ticket/<page>", pages.page),
        ("/api/tickets/ticket/<page>", pages.json_of_page),
        ("/api/tickets/get-by-url", pages.json_by_url),
        ("/api/consumer-proxy/api/tickets/get-by-url", pages.json_by_url),
    ):
        app.add_url_rule(path, path, view)
    app.register_blueprint(control)
    harden(app, MAX_BODY)
    return app


class _Pages:
    """The views."""

    def __init__(self, ledger: KzLedger, settings: Callable[[], KzSettings]) -> None:
        self._ledger = ledger
        self._settings = settings

    def by_fields(self) -> BaseResponse:
        """The address of the QR code (CP-1)."""
        found = self._lookup()
        return _page(None) if found is None else redirect(f"/ticket/{found.page}", 302)

    def page(self, page: str) -> Response:
        """For people (CP-2)."""
        return _page(self._of_page(page))

    def json_of_page(self, page: str) -> Response:
        """For programs (CP-3)."""
        return _json(self._of_page(page))

    def json_by_url(self) -> Response:
        """The same at once, by the parts of the address or by the whole (CP-3)."""
        return _json(self._lookup())

    def _of_page(self, page: str) -> Found | None:
        with self._ledger.reading() as connection:
            return find_page(connection, page)

    def _lookup(self) -> Found | None:
        try:
            address = request.args.get("url")
            fields = parse_qr_address(address) if address else fields_of_query(request.args.to_dict())
        except AddressError:
            return None
        with self._ledger.reading() as connection:
            return find(connection, fields, strict=self._settings().consumer_strict)


def _tickets() -> sa.Select[Any]:
    table = tables.documents
    return (
        sa.select(table.c.page, table.c.sign, table.c.version, table.c.request, tables.devices.c.profile)
        .join(tables.devices, tables.devices.c.id == table.c.device)
        .where(table.c.command == Command.TICKET, table.c.cancelled.is_(False))
    )


def _found(row: Any) -> Found | None:
    ticket = ticket_of(row.version, row.request)
    if ticket is None:
        return None
    return Found(row.page, row.sign, ticket, profile_from_text(row.profile))


def _taxes(ticket: Ticket) -> list[TaxEntry]:
    lines = [tax for item in ticket.items if isinstance(item, Line) for tax in item.taxes]
    return [*lines, *ticket.taxes]


def _commodity(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "quantity": (line.quantity or 0) / 1000,
        "price": (line.price or 0) / TIYN,
        "sum": (line.sum or 0) / TIYN,
        "barcode": line.barcode or None,
        "exciseStamp": line.excise_stamp or next(iter(line.excise_stamps), None),
        "measureUnitCode": line.measure_unit or None,
        "taxes": [
            {"layout": {"rate": (tax.percent or 0) / 1000}, "sum": (tax.sum or 0) / TIYN}
            for tax in line.taxes
        ],
    }


def _page(found: Found | None) -> Response:
    asked = request.args.get("lang")
    language = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "ru"
    facts = None if found is None else ticket_json(found)
    html = render_template(
        "ticket.html",
        language=language,
        words=WORDS[language],
        facts=facts,
        ticket=None if facts is None else facts["ticket"],
    )
    response = Response(html, 200 if found else 404, mimetype="text/html")
    response.headers["Vary"] = "Accept-Language"
    return response


def _json(found: Found | None) -> Response:
    if found is None:
        response = jsonify(message="ticket.not.found.error")
        response.status_code = 404
        return response
    return jsonify(ticket_json(found))
