"""The JSON API of the portal: the table of routes as a Flask blueprint (KZ-REG … KZ-USR).

Who is logged in says a bearer token, never a cookie: no other site's page can use it. Errors are JSON with
rule, text in three languages, and every field that is wrong; nothing of the inside is told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Blueprint, Request, Response, jsonify, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from ofd_mock.portal.errors import (
    DeniedError,
    InvalidError,
    LockedError,
    PasswordDueError,
    PortalError,
    RefusedError,
    StrangerError,
    UnknownError,
)
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.forms import UNKNOWN_FIELD
from ofd_mock.portal.web.desks import Desks
from ofd_mock.portal.web.openapi import openapi_document
from ofd_mock.portal.web.route import Call, Parameter, Route
from ofd_mock.portal.web.routes import ROUTES
from ofd_mock.portal.web.values import as_json, error_json
from reference.protocol.kz.results import Texts

PREFIX: Final = "/api"
MAX_BODY: Final = 2 << 20
LARGEST: Final = 2**53 - 1
"""Path arguments above it are nobody's."""
STATUSES: Final[dict[type[PortalError], int]] = {
    InvalidError: 422,
    RefusedError: 409,
    UnknownError: 404,
    StrangerError: 401,
    DeniedError: 403,
    LockedError: 429,
}
WITHOUT_OWN_PASSWORD: Final = frozenset({"/me", "/me/password", "/logout"})
"""What somebody may ask for whose password was given to him, before he has chosen another."""
_SCHEME: Final = "Bearer "
_log = structlog.get_logger("portal")

_SYNTAX: Final = Texts("Неверный запрос", "Сұрау қате", "The request cannot be read")
_FIELD: Final = Texts("Неверное значение поля", "Өріс мәні қате", "The value of this field is wrong")
_TRIES: Final = Texts(
    "Слишком много попыток, повторите позже",
    "Әрекет тым көп, кейінірек қайталаңыз",
    "Too many tries, come again later",
)
_INSIDE: Final = Texts(
    "Внутренняя ошибка, повторите позже", "Ішкі қате, кейінірек қайталаңыз", "Something went wrong; try again"
)


def status_of(error: PortalError) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 409)


def api_blueprint(desks: Desks) -> Blueprint:
    """The API over these desks, its OpenAPI document at /api/openapi.json."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for route in ROUTES:
        path = route.path.replace("{", "<").replace("}", ">")
        name = f"{route.method}-{route.path}".replace("/", "-").replace(".", "-")
        blueprint.add_url_rule(path, name, _view(desks, route), methods=[route.method])
    document = openapi_document(ROUTES)
    blueprint.add_url_rule("/openapi.json", "openapi", lambda: jsonify(document))
    blueprint.register_error_handler(PortalError, _refused)
    blueprint.register_error_handler(HTTPException, http_error)
    blueprint.register_error_handler(Exception, _failed)
    return blueprint


def place_of(asked: Request) -> str:
    """What a log may know of an address: its rule, without the secrets that stand in some paths."""
    return asked.path if asked.url_rule is None else asked.url_rule.rule


def session_key() -> str:
    """The bearer token of the request, empty without one."""
    given = request.headers.get("Authorization", "")
    return given[len(_SCHEME) :].strip() if given.startswith(_SCHEME) else ""


def _view(desks: Desks, route: Route) -> Callable[..., Any]:
    def view(**path: str) -> Any:
        key = session_key()
        # Who may not ask learns nothing of what his question lacks.
        visitor = None if route.public else desks.entrance.visitor(key)
        if visitor is not None and visitor.must_change and route.path not in WITHOUT_OWN_PASSWORD:
            raise PasswordDueError
        known = {name: _path_argument(name, text) for name, text in path.items()}
        call = Call(
            desks,
            visitor,
            _body(route.body),
            known,
            _queries(route),
            request.remote_addr or "",
            key,
        )
        answer = route.run(call)
        return answer if isinstance(answer, Response) else (jsonify(as_json(answer)), route.status)

    return view


def _path_argument(name: str, text: str) -> Any:
    if name not in ("id", "number"):
        return text
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or not 0 < int(text) <= LARGEST:
        raise UnknownError
    return int(text)


def _queries(route: Route) -> dict[str, Any]:
    """The arguments of the query; a misspelt one is an error, as a misspelt field of a body is."""
    known = {each.name for each in route.query}
    unknown = [name for name in request.args if name not in known]
    if unknown:
        raise InvalidError([FieldFinding(name[:255], "known", UNKNOWN_FIELD) for name in unknown])
    return {each.name: value for each in route.query if (value := _query(each)) is not None}


def _query(parameter: Parameter) -> Any:
    text = request.args.get(parameter.name)
    if text is None:
        return None
    if parameter.schema.get("format") == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise InvalidError([FieldFinding(parameter.name, "date", _FIELD)]) from None
    if parameter.schema.get("type") == "integer":
        if not (text.isascii() and text.isdigit()) or len(text) > 16:
            raise InvalidError([FieldFinding(parameter.name, "number", _FIELD)])
        return int(text)
    if text not in parameter.schema.get("enum", (text,)):
        raise InvalidError([FieldFinding(parameter.name, "enum", _FIELD)])
    if len(text) > parameter.schema.get("maxLength", LARGEST):
        raise InvalidError([FieldFinding(parameter.name, "length", _FIELD)])
    return text


def _body(model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
        return None
    try:
        # Bytes, not Flask's JSON: it would take NaN and doubled names.
        return model.model_validate_json(request.get_data(cache=False) or b"null")
    except ValidationError as error:
        raise InvalidError([_finding(each) for each in error.errors(include_url=False)]) from None


def _finding(error: Any) -> FieldFinding:
    place = ".".join(str(each) for each in error["loc"]) or "body"
    english = str(error["msg"])
    return FieldFinding(place, str(error["type"]), Texts(_FIELD.ru, _FIELD.kk, english))


def _refused(error: PortalError) -> tuple[Response, int]:
    return jsonify(error_json(error)), status_of(error)


def http_error(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
    """What Flask itself refuses, as the API says it."""
    rule, text = "http", Texts(_SYNTAX.ru, _SYNTAX.kk, error.name)
    if error.code == HTTPStatus.TOO_MANY_REQUESTS:
        rule, text = "tries", _TRIES
    told = {"rule": rule, "text": as_json(text), "fields": []}
    allowed = {}
    valid = getattr(error, "valid_methods", None)
    if valid:
        allowed["Allow"] = ", ".join(sorted(valid))
    return jsonify({"error": told}), error.code or 500, allowed


def _failed(error: Exception) -> tuple[Response, int]:
    _log.error("a request failed", path=place_of(request), exc_info=error)
    return jsonify({"error": {"rule": "inside", "text": as_json(_INSIDE), "fields": []}}), 500
