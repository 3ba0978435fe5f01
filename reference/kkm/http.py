"""The register over HTTP: its keys as a JSON API, its papers, and the page for a person.

A key that the register refuses is still an answer (200, outcome refused); only a body that is no order is
400. The guard keeps pages of other sites away: they could sell here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from reference.kkm.catalogue import GOODS, UNITS
from reference.kkm.openapi import openapi_document
from reference.kkm.orders import KEY_BODIES, OrderError, read_order
from reference.kkm.paper import WIDTHS
from reference.kkm.qr import qr_lines, qr_svg
from reference.kkm.register import Register
from reference.kkm.tape import Letterhead, print_tape
from reference.kkm.values import Order, Pressed, PrintedDocument, TicketOrder
from reference.runtime.control_guard import ControlError, Guard, is_loopback
from reference.runtime.serving import harden

MAX_BODY: Final = 4 * 1024 * 1024
MOST_DOCUMENTS: Final = 1000
VAT_RATES: Final = (16, 12, 10, 5, 0)
_FOLDER: Final = Path(__file__).parent
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_log = structlog.get_logger("register.http")


def create_app(
    current: Callable[[], Register], control: Blueprint, host: str = "127.0.0.1", token: str | None = None
) -> Flask:
    """Return the site of the register that `current` names; `control` joins at its own prefix.

    Beyond loopback every request must carry the `token`, as the control API's must.
    """
    app = Flask("reference.kkm", static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    harden(app, MAX_BODY)
    site = Blueprint("site", __name__, static_folder=str(_FOLDER / "static"), static_url_path="/static")
    guard = Guard(host, None if is_loopback(host) else token)
    site.before_request(lambda: guard.check(request))
    keys = _Keys(current)
    for path, view, method in (
        ("/", keys.page, "GET"),
        ("/keys/state", keys.state, "GET"),
        ("/keys/openapi.json", keys.openapi, "GET"),
        ("/keys/documents", keys.documents, "GET"),
        ("/keys/documents/<number>", keys.document, "GET"),
        ("/keys/documents/<number>/tape", keys.tape, "GET"),
        ("/keys/documents/<number>/qr.svg", keys.qr, "GET"),
        ("/keys/<key>", keys.press, "POST"),
    ):
        name = re.sub(r"[^a-z]", "-", path) + "-view"
        site.add_url_rule(path, name, view, methods=[method], provide_automatic_options=False)
    app.register_blueprint(site)
    app.register_blueprint(control)
    app.register_error_handler(ControlError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)
    return app


class _Keys:
    """The views."""

    def __init__(self, current: Callable[[], Register]) -> None:
        self._current = current

    def press(self, key: str) -> Response:
        """Press a key; answers when its outcome is known."""
        if key not in KEY_BODIES:
            known = ", ".join(KEY_BODIES)
            raise ControlError("key", "known", f"there is no key {key!r}; there are {known}", 404)
        try:
            order = read_order(key, request.get_data())
        except OrderError as error:
            raise ControlError(error.field, error.rule, str(error), 400) from error
        register = self._current()
        pressed = register.press(key, _completed(order, register))
        answer = pressed_json(pressed, register)
        if key == "pulse":
            answer["state"] = register.state().as_json()
        return _json(answer)

    def state(self) -> Response:
        """What a person would see."""
        return _json(self._current().state().as_json())

    def documents(self) -> Response:
        """Printed documents numbered above `after`, oldest first."""
        limit = min(_number("limit", 100), MOST_DOCUMENTS)
        found = self._current().documents(_number("after", 0), limit)
        return _json({"documents": [document.as_json() for document in found]})

    def document(self, number: str) -> Response:
        """One document."""
        return _json(self._found(number).as_json())

    def tape(self, number: str) -> Response:
        """A document as text; with `qr=1` its QR code is drawn below."""
        width = _number("width", WIDTHS[0])
        if width not in WIDTHS:
            raise ControlError("width", "width", "width must be 32 or 48", 400)
        document = self._found(number)
        lines = print_tape(document, letterhead(self._current()), width)
        if request.args.get("qr") == "1" and document.qr:
            lines += qr_lines(document.qr)
        return Response("\n".join(lines) + "\n", mimetype="text/plain")

    def qr(self, number: str) -> Response:
        """The QR code of a ticket."""
        document = self._found(number)
        if not document.qr:
            raise ControlError("number", "qr", f"document {number} has no QR code", 404)
        return Response(qr_svg(document.qr), mimetype="image/svg+xml")

    def openapi(self) -> Response:
        """The description of this API."""
        return _json(openapi_document())

    def page(self) -> Response:
        """For a person."""
        html = render_template("register.html", goods=GOODS, units=UNITS, rates=VAT_RATES)
        return Response(html, mimetype="text/html")

    def _found(self, number: str) -> PrintedDocument:
        try:
            return self._current().document(int(number) if re.fullmatch(r"[0-9]{1,18}", number) else 0)
        except KeyError:
            raise ControlError("number", "exists", f"there is no document {number}", 404) from None


def letterhead(register: Register) -> Letterhead:
    """Return whose paper the register prints."""
    state = register.state()
    return Letterhead(state.registration, state.device_id, register.settings.model, state.ads)


def pressed_json(pressed: Pressed, register: Register, width: int = WIDTHS[0]) -> dict[str, Any]:
    """Return the answer of a key."""
    document = pressed.document
    return {
        "outcome": pressed.outcome.value,
        "mode": pressed.mode.name,
        "code": pressed.code,
        "local": pressed.local.value,
        "text": pressed.text,
        "document": None if document is None else document.as_json(),
        "tape": [] if document is None else print_tape(document, letterhead(register), width),
        "findings": [{"field": one.field, "rule": one.rule, "text": one.text} for one in pressed.findings],
        "details": dict(pressed.details),
    }


def _completed(order: Order, register: Register) -> Order:
    """A return that does not say whose ticket it gives back means this register's own."""
    if isinstance(order, TicketOrder) and order.parent is not None and not order.parent.rnm:
        return replace(order, parent=replace(order.parent, rnm=register.state().registration.rnm))
    return order


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ControlError(name, "number", f"{name} must be a whole number, 0 or more", 400)
    return int(text)


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")


def _refused(error: ControlError) -> Response:
    response = _json({"error": {"field": error.field, "rule": error.rule, "text": error.text}}, error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Kassalab register"'
    return response


def _http_error(error: HTTPException) -> Response:
    rule = error.name.lower().replace(" ", "-")
    response = _json({"error": {"field": "", "rule": rule, "text": error.description}}, error.code or 500)
    if error.code == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(error.valid_methods or ())  # type: ignore[attr-defined]
    return response


def _failed(error: Exception) -> Response:
    _log.error("request failed", path=request.path, exc_info=error)
    return _json(
        {"error": {"field": "", "rule": "internal", "text": "the register failed; its log says why"}}, 500
    )
