"""The OpenAPI 3.1 document of the portal, made from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from ofd_mock.portal.web.answers import answer_schemas
from ofd_mock.portal.web.route import Route

_ARGUMENT: Final = re.compile(r"\{(\w+)\}")
_TEXTS: Final = {
    "type": "object",
    "required": ["ru", "kk", "en"],
    "properties": {language: {"type": "string"} for language in ("ru", "kk", "en")},
}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["rule", "text", "fields"],
            "properties": {
                "rule": {"type": "string"},
                "text": {"$ref": "#/components/schemas/Texts"},
                "until": {"type": "string", "format": "date-time"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "rule", "text"],
                        "properties": {
                            "field": {"type": "string"},
                            "rule": {"type": "string"},
                            "text": {"$ref": "#/components/schemas/Texts"},
                        },
                    },
                },
            },
        }
    },
}
_REFUSALS: Final = {
    "400": "Cannot be read",
    "401": "Log in first",
    "403": "The role does not allow it",
    "404": "Nothing of that number is the caller's",
    "409": "A rule stands against it",
    "413": "The body is too large",
    "422": "Fields are wrong; each is named with its rule",
    "429": "Too many tries",
}


def openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The document; valid OpenAPI 3.1."""
    models = list(dict.fromkeys(route.body for route in routes if route.body is not None))
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    told = [(route.method, route.path) for route in routes if not route.media]
    answers, components = answer_schemas(told)
    schemas = definitions.get("$defs", {}) | components | {"Texts": _TEXTS, "Problem": _ERROR}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        body = None if route.body is None else references[route.body, "validation"]
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = _operation(
            route, body, answers.get((route.method, route.path))
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kassalab: portal of the test operator",
            "version": "1",
            "description": "A test stand. Sums are tiyn, moments `dd.MM.yyyy HH:mm` of Almaty where shown.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, body: Any, told: Any) -> dict[str, Any]:
    words = _ARGUMENT.sub(r"\1", route.path).strip("/").replace("/", "-")
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answer: dict[str, Any] = {"application/json": {"schema": told}}
    if route.media:
        answer = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in route.media}
    responses: dict[str, Any] = {str(route.status): {"description": "Done", "content": answer}}
    for status, text in _REFUSALS.items():
        responses[status] = {"description": text, "content": problem}
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
    if name in ("id", "number"):
        return {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
    return {"type": "string", "minLength": 1, "maxLength": 128}
