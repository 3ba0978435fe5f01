"""The OpenAPI document of the REST dialect, made from the table of endpoints (uz-fiscal G2-T-01)."""

from __future__ import annotations

from typing import Any, Final

from reference.drive.endpoints import POS_AUTH, Endpoint, Parameter
from reference.drive.parameters import FORM

VERSION: Final = "10.0.10"
"""The service generation whose dialect this is."""

_ERROR: Final = {
    "description": "Refused; Reason is the documented text (uz-fiscal §4.6)",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_ERROR_SCHEMA: Final = {
    "type": "object",
    "properties": {"Reason": {"type": "string"}, "Type": {"type": "string", "const": "errors.errorString"}},
    "required": ["Reason", "Type"],
}


def openapi_document(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """OpenAPI 3.1; every path with POST, as documented, and GET, which is taken too (uz-fiscal G2-T-02)."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FiscalDriveService (Kassalab TEST)",
            "version": VERSION,
            "description": "Test service: nothing registered here is a legal receipt. Names match without "
            "regard to case; parameters come in the query, a form body or a JSON body.",
        },
        "paths": {endpoint.path: _path(endpoint) for endpoint in endpoints},
        "components": {"schemas": {"Error": _ERROR_SCHEMA}},
    }


def _path(endpoint: Endpoint) -> dict[str, Any]:
    return {"post": _operation(endpoint, "post"), "get": _operation(endpoint, "get")}


def _operation(endpoint: Endpoint, method: str) -> dict[str, Any]:
    places = [part[1:-1] for part in endpoint.segments if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in places
    ]
    parameters += [_parameter(one) for one in endpoint.parameters]
    if endpoint.pos_auth:
        text = "hex SHA-256(secret ‖ challenge), only when the module is POS-locked"
        header = {"name": POS_AUTH, "in": "header", "required": False, "description": text}
        parameters.append(header | {"schema": {"type": "string"}})
    operation: dict[str, Any] = {
        "operationId": f"{method}{'_'.join(part.strip('{}') for part in endpoint.segments)}",
        "summary": endpoint.summary,
        "description": endpoint.clause,
        "tags": [endpoint.segments[0]],
        "parameters": parameters,
        "responses": {"200": _answer(endpoint), "400": _ERROR, "404": _ERROR, "500": _ERROR},
    }
    if method == "post" and (endpoint.receipt_body or endpoint.parameters):
        operation["requestBody"] = _body(endpoint)
    return operation


def _parameter(one: Parameter) -> dict[str, Any]:
    # In the query or in the body: so none of them is required in the query alone.
    return {"name": one.name, "in": "query", "description": one.text, "schema": {"type": one.type}}


def _body(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.receipt_body:
        content = {
            "application/json": {"schema": {"type": "object", "description": "JSON receipt (uz-fiscal §4.4)"}}
        }
        return {"required": True, "content": content}
    fields = {one.name: {"type": one.type, "description": one.text} for one in endpoint.parameters}
    schema = {"schema": {"type": "object", "properties": fields}}
    return {"content": {FORM: schema, "application/json": schema}}


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    kind = "text/plain" if endpoint.plain else "application/json"
    return {
        "description": endpoint.answer,
        "content": {kind: {"schema": {"type": "string"} if endpoint.plain else {}}},
    }
