"""The OpenAPI 3.1 document of a part's control API, made from the models and the part's operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pydantic
from pydantic.json_schema import models_json_schema

from reference.runtime import control_models as models
from reference.runtime.control_guard import INTENT_HEADER, TOKEN_HEADER
from reference.runtime.control_part import Operation

_REFERENCE = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class _Endpoint:
    method: str
    path: str
    summary: str
    body: type[pydantic.BaseModel] | None = None
    answer: type[pydantic.BaseModel] | None = None
    status: int = 200


ENDPOINTS = (
    _Endpoint("get", "/control/state", "The part's whole visible state"),
    _Endpoint("get", "/control/clock", "Lab time, and this part's clock", answer=models.ClockState),
    _Endpoint(
        "post", "/control/clock", "Set skew, drift, rate; jump forward", models.ClockChange, models.ClockState
    ),
    _Endpoint("get", "/control/faults", "Known fault points and laid rules", answer=models.FaultList),
    _Endpoint("post", "/control/faults", "Lay a fault rule", models.FaultBody, models.FaultState, 201),
    _Endpoint("delete", "/control/faults", "Take every fault rule away", answer=models.Removed),
    _Endpoint("delete", "/control/faults/{id}", "Take one fault rule away", answer=models.Removed),
    _Endpoint("get", "/control/journal", "Events after a number, oldest first", answer=models.JournalTail),
    _Endpoint("get", "/control/snapshot", "Snapshots kept", answer=models.SnapshotList),
    _Endpoint(
        "post",
        "/control/snapshot",
        "Keep the state under a name",
        models.SnapshotBody,
        models.SnapshotDone,
        201,
    ),
    _Endpoint("post", "/control/restore", "Bring a snapshot back", models.RestoreBody, models.SnapshotDone),
    _Endpoint("post", "/control/reset", "Start afresh with settings; gives the state", models.ResetBody),
)


def _count(name: str, text: str, **bounds: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, **bounds}
    return {"name": name, "in": "query", "description": text, "schema": schema}


_PARAMETERS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("delete", "/control/faults/{id}"): [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    ],
    ("get", "/control/journal"): [
        _count("after", "events numbered above this", default=0),
        _count("limit", "at most so many", default=100, maximum=1000),
        _count("last", "in place of after and limit: the newest so many", maximum=1000),
    ],
}


def openapi_document(name: str, operations: Mapping[str, Operation], with_token: bool) -> dict[str, Any]:
    """The document for the part `name`; valid OpenAPI 3.1 for any set of operations."""
    endpoints = [*ENDPOINTS]
    for key, operation in sorted(operations.items()):
        endpoints.append(_Endpoint("post", f"/control/do/{key}", operation.description, operation.model))
    references, schemas = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint, references)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Kassalab control API: {name}",
            "version": _version(),
            "description": f"POST and DELETE take JSON, or no body and {INTENT_HEADER}: control.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if with_token:
        scheme = {"type": "apiKey", "in": "header", "name": TOKEN_HEADER}
        document["components"]["securitySchemes"] = {"token": scheme}
        document["security"] = [{"token": []}]
    return document


_References = dict[type[Any], dict[str, Any]]


def _schemas(endpoints: list[_Endpoint]) -> tuple[_References, dict[str, Any]]:
    used: dict[type[pydantic.BaseModel], None] = {models.ProblemReport: None}
    for endpoint in endpoints:
        used |= dict.fromkeys(model for model in (endpoint.body, endpoint.answer) if model is not None)
    references, definitions = models_json_schema(
        [(model, "validation") for model in used], ref_template=_REFERENCE
    )
    return {model: dict(schema) for (model, _), schema in references.items()}, definitions.get("$defs", {})


def _operation(endpoint: _Endpoint, references: _References) -> dict[str, Any]:
    answer = references[endpoint.answer] if endpoint.answer else {"type": "object"}
    words = endpoint.path.removeprefix("/control/").replace("{", "").replace("}", "").replace("/", "-")
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method}-{words}",
        "summary": endpoint.summary,
        "responses": {
            str(endpoint.status): {
                "description": "Done",
                "content": {"application/json": {"schema": answer}},
            },
            "4XX": {
                "description": "Refused",
                "content": {"application/json": {"schema": references[models.ProblemReport]}},
            },
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": references[endpoint.body]}}}
    if (endpoint.method, endpoint.path) in _PARAMETERS:
        operation["parameters"] = _PARAMETERS[endpoint.method, endpoint.path]
    return operation


def _version() -> str:
    try:
        return version("kassalab")
    except PackageNotFoundError:
        return "0"
