"""The OpenAPI 3.1 document of the keys, made from the bodies they take."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from reference.kkm.orders import KEY_BODIES
from reference.kkm.paper import WIDTHS
from reference.kkm.values import DocumentKind, Local, Outcome
from reference.protocol.kz.client import Mode

VERSION: Final = "1"
_REFERENCE: Final = "#/components/schemas/{model}"
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_MAYBE_NUMBER: Final = {"type": ["integer", "null"]}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_MAYBE_OBJECT: Final = {"type": ["object", "null"]}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties), **more}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}


_FAULT: Final = _object({"field": _TEXT, "rule": _TEXT, "text": _TEXT})
_SCHEMAS: Final[dict[str, Any]] = {
    "Error": _object({"error": _FAULT}),
    "Document": _object(
        {
            "number": {"type": "integer", "description": "own number, printed_document_number"},
            "kind": {"enum": [kind.value for kind in DocumentKind]},
            "operation": {"type": "string", "description": "SELL, DEPOSIT …; empty where there is none"},
            "time": {"type": "string", "description": "local time of Almaty, without zone"},
            "total": {"type": "integer", "description": "tiyn"},
            "shift": _NUMBER,
            "sign": {"type": "string", "description": "fiscal sign on the paper"},
            "autonomous": {"type": "boolean"},
            "offline_number": _MAYBE_NUMBER,
            "qr": {"type": "string", "description": "address of the check page"},
            "report": {"type": ["object", "null"], "description": "figures of an X or Z report"},
        }
    ),
    "Pressed": _object(
        {
            "outcome": {"enum": [one.value for one in Outcome]},
            "mode": {"enum": [mode.name for mode in Mode]},
            "code": {"type": ["integer", "null"], "description": "the operator's result code"},
            "local": {
                "enum": [one.value for one in Local],
                "description": "why the register itself refused, else empty",
            },
            "text": _TEXT,
            "document": {"oneOf": [_reference("Document"), {"type": "null"}]},
            "tape": {"type": "array", "items": _TEXT},
            "findings": {"type": "array", "items": _FAULT},
            "details": {"type": "object", "description": "what keys without a document bring"},
        }
    ),
    "State": _object(
        {
            "mode": {"enum": [mode.name for mode in Mode]},
            "device_id": _NUMBER,
            "version": _NUMBER,
            "reqnum": {"type": "integer", "description": "the last one used"},
            "token_known": {"type": "boolean"},
            "server": _TEXT,
            "test": {"const": True},
            "shift": _object(
                {
                    "open": {"type": "boolean"},
                    "number": _NUMBER,
                    "opened": _MAYBE_TEXT,
                    "hours": {"type": "number"},
                }
            ),
            "cash": {"type": "integer", "description": "tiyn in the drawer"},
            "non_nullable": {"type": "object", "additionalProperties": _NUMBER},
            "queue": _object({"length": _NUMBER, "head": _MAYBE_OBJECT}),
            "in_flight": _MAYBE_OBJECT,
            "offline_since": _MAYBE_TEXT,
            "offline_left_seconds": {"type": ["number", "null"]},
            "last": _MAYBE_OBJECT,
            "ads": {"type": "array", "items": {"type": "object"}},
            "refused": {"type": "string", "description": "why no new document is taken, else empty"},
            "time": _TEXT,
        }
    ),
    "Documents": _object({"documents": {"type": "array", "items": _reference("Document")}}),
}


def openapi_document() -> dict[str, Any]:
    """Return the document; every key is a path of its own."""
    paths: dict[str, Any] = {
        "/keys/state": {"get": _reading("state", "What a person would see", _json("State"))},
        "/keys/documents": {
            "get": _reading(
                "documents",
                "Printed documents, oldest first",
                _json("Documents"),
                _query("after", "numbered above this", default=0),
                _query("limit", "at most so many", default=100, maximum=1000),
            )
        },
        "/keys/documents/{number}": {
            "get": _reading("document", "One document", _json("Document"), _number(), missing=True)
        },
        "/keys/documents/{number}/tape": {
            "get": _reading(
                "tape",
                "A document as it is printed",
                {"text/plain": {"schema": _TEXT}},
                _number(),
                _query("width", "characters in a line", enum=list(WIDTHS), default=WIDTHS[0]),
                _query("qr", "1: with its QR code in characters", enum=[0, 1], default=0),
                missing=True,
            )
        },
        "/keys/documents/{number}/qr.svg": {
            "get": _reading(
                "qr-picture", "Its QR code", {"image/svg+xml": {"schema": _TEXT}}, _number(), missing=True
            )
        },
    }
    bodies = {entry.body for entry in KEY_BODIES.values()}
    references, definitions = models_json_schema(
        [(body, "validation") for body in sorted(bodies, key=lambda one: one.__name__)],
        ref_template=_REFERENCE,
    )
    for key, entry in KEY_BODIES.items():
        schema = dict(references[entry.body, "validation"])
        paths[f"/keys/{key}"] = {"post": _pressing(key, entry.summary, schema)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keys of the Kassalab reference register (TEST)",
            "version": VERSION,
            "description": "Test register: nothing printed here is a legal receipt. Sums are tiyn. A key "
            "that the register refuses is answered with 200 and outcome refused.",
        },
        "paths": paths,
        "components": {"schemas": {**definitions.get("$defs", {}), **_SCHEMAS}},
    }


def _pressing(key: str, summary: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"press-{key}",
        "summary": summary,
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "The key's outcome", "content": _json("Pressed")},
            "4XX": _refusal("The body is no order of this key"),
        },
    }


def _reading(
    name: str, summary: str, content: dict[str, Any], *parameters: dict[str, Any], missing: bool = False
) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "Found", "content": content}}
    if missing:
        responses["404"] = _refusal("There is none")
    responses["4XX"] = _refusal("Refused")
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": responses,
    }


def _refusal(text: str) -> dict[str, Any]:
    return {"description": text, "content": _json("Error")}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(name)}}


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": {"type": "integer", **schema}}


def _number() -> dict[str, Any]:
    return {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
