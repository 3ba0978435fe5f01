"""JSON APIs from a table: each row one address; the application and its OpenAPI document are made of it.

Who asks says a bearer token, never a cookie, so that no other site's page can use the API. What goes wrong is
told in the part's own words: it hands in how its refusals read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Annotated, Any, Final, Literal

import structlog
from flask import Blueprint, Request, Response, jsonify, request
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from werkzeug.exceptions import HTTPException

LARGEST: Final = 2**53 - 1
"""Path numbers above it are nobody's."""
JSON: Final = "application/json"
_TEXT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SCHEME: Final = "Bearer "
_ARGUMENT: Final = re.compile(r"\{(\w+)\}")
_REFERENCE: Final = "#/components/schemas/{model}"
_log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of the query; `schema` is JSON Schema of a text, or of a whole number."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": 255})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: path and query arguments, the body, who sent it and under which bearer token."""

    body: Any
    path: dict[str, Any]
    query: dict[str, Any]
    address: str
    key: str

    @property
    def given(self) -> dict[str, Any]:
        """The fields of the body that were given."""
        made: dict[str, Any] = self.body.model_dump(exclude_unset=True)
        return made


@dataclass(frozen=True, slots=True)
class JsonRoute:
    """One address. Path arguments `{id}` are numbers from 1, all others texts. `public`: no token needed.

    `answer` is the type of what `run` gives; the document describes it. With `media` that are bytes of this
    media type, sent as they are.
    """

    method: str
    path: str
    summary: str
    run: Callable[[Asked], Any]
    answer: Any = Any
    body: type[BaseModel] | None = None
    public: bool = False
    status: int = 200
    query: tuple[Parameter, ...] = ()
    media: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as JSON with its HTTP status."""

    told: dict[str, Any]
    status: int


@dataclass(frozen=True, slots=True)
class Told:
    """How a part words what goes wrong: its own errors, wrong fields, a request that is none, a failure.

    `error` gives None for an exception that is no refusal; `schema` describes a refusal's JSON.
    """

    error: Callable[[Exception], Refusal | None]
    fields: Callable[[Sequence[tuple[str, str, str]]], Refusal]
    syntax: Callable[[str], dict[str, Any]]
    inside: dict[str, Any]
    schema: dict[str, Any]


class _WrongError(Exception):
    """Fields are wrong: place, rule and English text of each."""

    def __init__(self, found: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(str(found))
        self.found = found


class _NobodysError(Exception):
    """There is no such number."""


def json_blueprint(
    name: str, routes: Sequence[JsonRoute], told: Told, title: str, prefix: str = "/api"
) -> Blueprint:
    """The API of a table at `prefix`, its document at `<prefix>/openapi.json`."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    for number, route in enumerate(routes):
        path = _ARGUMENT.sub(r"<\1>", route.path)
        blueprint.add_url_rule(path, f"row-{number}", _view(Row(route, told)), methods=[route.method])

    @cache
    def document() -> dict[str, Any]:
        return openapi_of(routes, title, told.schema, prefix)

    blueprint.add_url_rule("/openapi.json", "openapi", lambda: jsonify(document()))
    blueprint.register_error_handler(HTTPException, lambda error: http_refusal(told, error))
    return blueprint


def http_refusal(told: Told, error: HTTPException) -> tuple[Response, int, dict[str, str]]:
    """What Flask itself refuses, as the API says it."""
    methods = getattr(error, "valid_methods", None)
    allowed = {"Allow": ", ".join(sorted(methods))} if methods else {}
    return jsonify(told.syntax(error.name)), error.code or 500, allowed


def bearer(given: str) -> str:
    """The token of a header Authorization, empty without one."""
    return given[len(_SCHEME) :].strip() if given.startswith(_SCHEME) else ""


@dataclass(frozen=True, slots=True)
class Made:
    """An answer as it goes out."""

    body: bytes
    status: int
    media: str = JSON


class Row:
    """A row of the table as it is answered, whoever has taken the request apart."""

    def __init__(self, route: JsonRoute, told: Told) -> None:
        self.route = route
        self._told = told

    # Made when first asked for: a part has dozens of rows, and starts often.

    @cached_property
    def _answer(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.route.answer)

    @cached_property
    def _asks(self) -> list[tuple[Parameter, TypeAdapter[Any]]]:
        return [(each, TypeAdapter(_query_type(each.schema))) for each in self.route.query]

    def answer(self, asking: Request, path: Mapping[str, str]) -> Made:
        """What comes of a request with these path arguments; HTTPException is the framework's to tell."""
        told = self._told
        try:
            return self._done(asking, path)
        except _WrongError as error:
            refusal: Refusal | None = told.fields(error.found)
        except _NobodysError:
            return refused(told.syntax("Not Found"), 404)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - nothing of the inside may reach a client
            refusal = told.error(error)
            if refusal is None:
                _log.error("a request failed", path=asking.path, exc_info=error)
                return refused(told.inside, 500)
        assert refusal is not None
        return refused(refusal.told, refusal.status)

    def _done(self, asking: Request, path: Mapping[str, str]) -> Made:
        route = self.route
        known = {name: _path_argument(name, text) for name, text in path.items()}
        query = {
            each.name: value for each, kind in self._asks if (value := _query(asking, each, kind)) is not None
        }
        asked = Asked(
            _body(asking, route.body),
            known,
            query,
            asking.remote_addr or "",
            bearer(asking.headers.get("Authorization", "")),
        )
        if route.media:
            return Made(route.run(asked), route.status, route.media)
        return Made(self._answer.dump_json(route.run(asked)) + b"\n", route.status)


def refused(told: dict[str, Any], status: int) -> Made:
    """A refusal as it goes out."""
    return Made(_TEXT(told).encode() + b"\n", status)


def _view(row: Row) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        made = row.answer(request, path)
        return Response(made.body, made.status, content_type=made.media)

    return view


def _path_argument(name: str, text: str) -> Any:
    if name != "id":
        return text
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or not 0 < int(text) <= LARGEST:
        raise _NobodysError
    return int(text)


def _query(asking: Request, parameter: Parameter, kind: TypeAdapter[Any]) -> Any:
    text = asking.args.get(parameter.name)
    if text is None:
        return None
    schema = parameter.schema
    try:
        value: Any = int(text) if schema.get("type") == "integer" else text
        kind.validate_python(value)
    except (ValueError, ValidationError):
        raise _WrongError([(parameter.name, "value", f"must be {schema}")]) from None
    return value


def _query_type(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    if schema.get("type") == "integer":
        return Annotated[int, Field(ge=schema.get("minimum", 0), le=schema.get("maximum", LARGEST))]
    return Annotated[str, Field(max_length=schema.get("maxLength", 255), pattern=schema.get("pattern"))]


def _body(asking: Request, model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
        return None
    try:
        # Bytes, not Flask's JSON: it would take NaN and doubled names.
        return model.model_validate_json(asking.get_data(cache=False) or b"null")
    except ValidationError as error:
        found = [
            (".".join(str(part) for part in each["loc"]) or "body", str(each["type"]), str(each["msg"]))
            for each in error.errors(include_url=False)
        ]
        raise _WrongError(found) from None


# --- the document --------------------------------------------------------------------------------------

_REFUSALS: Final = {
    400: "Cannot be read",
    401: "Come in first",
    403: "The role does not allow it",
    404: "There is no such thing",
    409: "A rule stands against it",
    413: "The body is too large",
    422: "Fields are wrong; each is named with its rule",
    429: "Too many tries",
}


def openapi_of(
    routes: Sequence[JsonRoute], title: str, problem: dict[str, Any], prefix: str = "/api"
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a table; `problem` is the schema of every refusal."""
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for number, route in enumerate(routes):
        inputs.append((number, "serialization", TypeAdapter(route.answer)))
        if route.body is not None:
            inputs.append((-1 - number, "validation", TypeAdapter(route.body)))
    found, definitions = TypeAdapter.json_schemas(
        inputs, ref_template=_REFERENCE, schema_generator=GenerateJsonSchema
    )
    paths: dict[str, dict[str, Any]] = {}
    for number, route in enumerate(routes):
        body = found.get((-1 - number, "validation"))
        answer = found[number, "serialization"]
        paths.setdefault(f"{prefix}{route.path}", {})[route.method.lower()] = _operation(route, body, answer)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": "A test stand. Sums are in hundredths."},
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}) | {"Problem": problem},
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: JsonRoute, body: Any, answer: Any) -> dict[str, Any]:
    words = _ARGUMENT.sub(r"\1", route.path).strip("/").replace("/", "-") or "root"
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {str(status): {"description": text, "content": problem} for status, text in _REFUSALS.items()}
    responses[str(route.status)] = {
        "description": "Done",
        "content": {route.media or "application/json": {"schema": answer}},
    }
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}-{words}",
        "summary": route.summary,
        "responses": responses,
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in _ARGUMENT.findall(route.path)
    ]
    parameters += [
        {"name": each.name, "in": "query", "description": each.description, "schema": each.schema}
        for each in route.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if not route.public:
        operation["security"] = [{"session": []}]
    return operation


def _path_schema(name: str) -> dict[str, Any]:
    if name == "id":
        return {"type": "integer", "minimum": 1, "maximum": LARGEST}
    return {"type": "string", "minLength": 1, "maxLength": 128}
