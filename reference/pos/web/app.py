"""The point of sale as a Flask application: API, the cashier's page, and control beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from reference.pos.errors import BookError, DriveUnreachableError, TillError
from reference.pos.web.counter import Counter
from reference.pos.web.routes import routes_of
from reference.runtime.control_guard import ControlError, Guard, is_loopback
from reference.runtime.json_front import JsonFront
from reference.runtime.json_refusals import SYNTAX, error_json, told_of
from reference.runtime.json_routes import Refusal, http_refusal, json_blueprint
from reference.runtime.refusals import UnknownError
from reference.runtime.serving import harden
from reference.runtime.words import Words

MAX_BODY: Final = 1 << 20
_FOLDER: Final = Path(__file__).parent
_SERVICE: Final = Words(
    "Fiskal xizmat javob bermayapti", "Фискальная служба не отвечает", "The fiscal service does not answer"
)
_DISK: Final = Words(
    "Kassa diskka yoza olmayapti: chek chiqarilmaydi",
    "Касса не может писать на диск: чеки не пробиваются",
    "The till cannot write to its disk: no receipts are made",
)


def create_app(counter: Counter, control: Blueprint, host: str, token: str | None) -> Flask:
    """The application of one shop; `control` joins at its own prefix.

    Beyond loopback every request must carry the `token`, as the control API's must. What the API is asked all
    day does not even pass through Flask (json_front.py).
    """
    app = Flask("reference.pos", static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    told = told_of(_till_refusal)
    routes = routes_of(counter)
    api = json_blueprint("api", routes, told, "Kassalab: reference point of sale")
    site = Blueprint("site", __name__, static_folder=str(_FOLDER / "static"), static_url_path="/static")
    site.add_url_rule("/", "page", _page)
    site.add_url_rule("/orders/<order>/paper.txt", "paper", lambda order: _paper(counter, order))
    guard = Guard(host, None if is_loopback(host) else token)
    for blueprint in (api, site):
        blueprint.before_request(lambda: guard.check(request))
        app.register_blueprint(blueprint)
    app.register_blueprint(control)
    app.register_error_handler(ControlError, _not_ours)
    app.register_error_handler(HTTPException, lambda error: http_refusal(told, error))
    app.wsgi_app = JsonFront(app.wsgi_app, routes, told, guard.check, MAX_BODY)  # type: ignore[method-assign]
    return harden(app, MAX_BODY)


def _page() -> Response:
    return Response(render_template("pos.html"), mimetype="text/html")


def _paper(counter: Counter, order: str) -> Any:
    try:
        return Response(counter.text_of(order), mimetype="text/plain")
    except UnknownError as error:
        return Response(error.words.uz + "\n", 404, mimetype="text/plain")


def _till_refusal(error: Exception) -> Refusal | None:
    if isinstance(error, DriveUnreachableError):
        return Refusal(error_json("service", _SERVICE), 503)
    if isinstance(error, BookError):
        return Refusal(error_json("disk", _DISK), 503)
    if isinstance(error, TillError):
        return Refusal(error_json("till", Words(str(error), str(error), str(error))), 409)
    return None


def _not_ours(error: ControlError) -> tuple[dict[str, Any], int]:
    return error_json(error.rule, Words(SYNTAX.uz, SYNTAX.ru, error.text)), error.status
