"""The point of sale as a Flask application: API, the cashier's page, and control beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from reference.pos.errors import DriveUnreachableError, TillError
from reference.pos.shop.errors import (
    DeniedError,
    InvalidError,
    LockedError,
    RefusedError,
    ShopError,
    UnknownError,
)
from reference.pos.shop.words import Words
from reference.pos.web.routes import Counter, routes_of
from reference.runtime.control_guard import ControlError, Guard, is_loopback
from reference.runtime.json_routes import Refusal, Told, http_refusal, json_blueprint
from reference.runtime.serving import harden

MAX_BODY: Final = 1 << 20
_FOLDER: Final = Path(__file__).parent
_STATUSES: Final[dict[type[ShopError], int]] = {
    InvalidError: 422,
    UnknownError: 404,
    DeniedError: 403,
    LockedError: 429,
    RefusedError: 409,
}
_FIELD: Final = Words(
    "Maydon qiymati noto'g'ri", "Неверное значение поля", "The value of this field is wrong"
)
_SYNTAX: Final = Words("So'rov noto'g'ri", "Неверный запрос", "The request cannot be read")
_INSIDE: Final = Words(
    "Ichki xato, keyinroq urinib ko'ring",
    "Внутренняя ошибка, повторите позже",
    "Something went wrong; try again",
)
_SERVICE: Final = Words(
    "Fiskal xizmat javob bermayapti", "Фискальная служба не отвечает", "The fiscal service does not answer"
)
_WORDS_SCHEMA: Final = {
    "type": "object",
    "required": ["uz", "ru", "en"],
    "properties": {language: {"type": "string"} for language in ("uz", "ru", "en")},
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["rule", "text", "fields"],
            "properties": {
                "rule": {"type": "string"},
                "text": _WORDS_SCHEMA,
                "until": {"type": "string", "format": "date-time"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "rule", "text"],
                        "properties": {
                            "field": {"type": "string"},
                            "rule": {"type": "string"},
                            "text": _WORDS_SCHEMA,
                        },
                    },
                },
            },
        }
    },
}


def create_app(counter: Counter, control: Blueprint, host: str, token: str | None) -> Flask:
    """The application of one shop; `control` joins at its own prefix.

    Beyond loopback every request must carry the `token`, as the control API's must.
    """
    app = Flask("reference.pos", static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    told = Told(
        _told,
        _wrong,
        lambda name: _error("http", Words(_SYNTAX.uz, _SYNTAX.ru, name)),
        _error("inside", _INSIDE),
        _PROBLEM,
    )
    api = json_blueprint("api", routes_of(counter), told, "Kassalab: reference point of sale")
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
    return harden(app, MAX_BODY)


def _page() -> Response:
    return Response(render_template("pos.html"), mimetype="text/html")


def _paper(counter: Counter, order: str) -> Any:
    try:
        return Response(counter.text_of(order), mimetype="text/plain")
    except UnknownError as error:
        return Response(error.words.uz + "\n", 404, mimetype="text/plain")


def _told(error: Exception) -> Refusal | None:
    if isinstance(error, ShopError):
        status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 409)
        made = _error(error.rule, error.words)
        if isinstance(error, InvalidError):
            made["error"]["fields"] = [
                {"field": each.field, "rule": each.rule, "text": each.words._asdict()}
                for each in error.findings
            ]
        if isinstance(error, LockedError):
            made["error"]["until"] = error.until.isoformat()
        if error.rule == "stay":
            status = 401
        return Refusal(made, status)
    if isinstance(error, DriveUnreachableError):
        return Refusal(_error("service", _SERVICE), 503)
    if isinstance(error, TillError):
        return Refusal(_error("till", Words(str(error), str(error), str(error))), 409)
    return None


def _wrong(found: Sequence[tuple[str, str, str]]) -> Refusal:
    made = _error("fields", _FIELD)
    made["error"]["fields"] = [
        {"field": field, "rule": rule, "text": Words(_FIELD.uz, _FIELD.ru, english)._asdict()}
        for field, rule, english in found
    ]
    return Refusal(made, 422)


def _not_ours(error: ControlError) -> tuple[dict[str, Any], int]:
    return _error(error.rule, Words(_SYNTAX.uz, _SYNTAX.ru, error.text)), error.status


def _error(rule: str, words: Words) -> dict[str, Any]:
    return {"error": {"rule": rule, "text": words._asdict(), "fields": []}}
