"""The control API of every part: state, clock, faults, journal, snapshot, restore, reset and operations.

Requests come in as JSON, are checked by the guard and the models, and end in one method of the Bench. The
CLI, the judge and the pages use this API and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import structlog
from flask import Blueprint, Response, render_template, request
from pydantic_core import to_json, to_jsonable_python
from werkzeug.exceptions import HTTPException

from reference.runtime import control_models as models
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.control_bench import Bench
from reference.runtime.control_form import form_fields
from reference.runtime.control_guard import ControlError, Guard
from reference.runtime.control_openapi import openapi_document
from reference.runtime.control_part import Operation, Part
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.serving import add_security_headers

__all__ = ["ControlError", "Operation", "Part", "control_blueprint"]

PAGE_EVENTS = 20
PAGE_FOLDER = Path(__file__).parent / "control_page"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_Model = TypeVar("_Model", bound=pydantic.BaseModel)
_View = Callable[..., object]
_log = structlog.get_logger("control")


def control_blueprint(
    part: Part,
    clock: LabClock,
    part_clock: PartClock,
    faults: FaultPoints,
    events: EventLog,
    folder: Path,
    token: str | None,
    bound_host: str = "127.0.0.1",
) -> Blueprint:
    """The control API of `part`, to be registered on its Flask app; it mounts itself at /control.

    `bound_host` is where the app listens: beyond loopback a `token` is required (ValueError without). With a
    token, every request must carry it in X-Kassalab-Token, or as the password of HTTP Basic, which is what a
    browser does.
    """
    bench = Bench(part, clock, part_clock, faults, events, folder)
    guard = Guard(bound_host, token)
    blueprint = Blueprint("control", __name__, url_prefix="/control", template_folder=str(PAGE_FOLDER))
    blueprint.before_request(lambda: guard.check(request))
    blueprint.after_request(add_security_headers)
    _add_error_handlers(blueprint)
    _add_endpoints(blueprint, bench, token is not None)
    _add_page(blueprint, bench)
    # Routing errors never reach a blueprint, so unknown paths need a route of their own to be answered in
    # JSON.
    blueprint.add_url_rule("/<path:rest>", "unknown", _unknown, methods=METHODS)
    return blueprint


def _add_endpoints(blueprint: Blueprint, bench: Bench, with_token: bool) -> None:
    part = bench.part
    _route(blueprint, "/openapi.json", GET=lambda: openapi_document(part.name, part.operations(), with_token))
    _route(blueprint, "/state", GET=part.state)
    _route(
        blueprint, "/clock", GET=bench.clock_state, POST=lambda: bench.change_clock(_body(models.ClockChange))
    )
    _route(
        blueprint,
        "/faults",
        GET=bench.fault_list,
        POST=lambda: (bench.add_fault(_body(models.FaultBody)), 201),
        DELETE=bench.clear_faults,
    )
    _route(blueprint, "/faults/<rule_id>", DELETE=bench.remove_fault)
    _route(blueprint, "/journal", GET=lambda: _journal(bench))
    _route(
        blueprint,
        "/snapshot",
        GET=bench.snapshots,
        POST=lambda: (bench.snapshot(_body(models.SnapshotBody)), 201),
    )
    _route(blueprint, "/restore", POST=lambda: bench.restore(_body(models.RestoreBody)))
    _route(blueprint, "/reset", POST=lambda: bench.reset(_body(models.ResetBody)))
    _route(blueprint, "/do/<name>", POST=lambda name: bench.run(name, _body(bench.operation(name).model)))


def _add_page(blueprint: Blueprint, bench: Bench) -> None:
    def page() -> str:
        clock = bench.clock_state()
        return render_template(
            "control_page.html",
            name=bench.part.name,
            state=to_jsonable_python(bench.part.state(), bytes_mode="hex"),
            clock=clock,
            part_names=sorted({bench.part.name, *clock["parts"]}),
            faults=bench.fault_list(),
            events=bench.events.last(PAGE_EVENTS),
            snapshots=bench.snapshots()["snapshots"],
            operations=[
                (name, op, form_fields(op.model)) for name, op in sorted(bench.part.operations().items())
            ],
        )

    _route(blueprint, "/", GET=lambda: Response(page(), mimetype="text/html"))
    for name, mimetype in (("control_page.css", "text/css"), ("control_page.js", "text/javascript")):
        content = (PAGE_FOLDER / name).read_bytes()
        _route(blueprint, f"/{name}", GET=partial(Response, content, mimetype=mimetype))


def _route(blueprint: Blueprint, path: str, **views: _View) -> None:
    """Serve `path` with one view per method, and answer 405 in JSON for the others."""

    def dispatch(**arguments: str) -> Response:
        view = views.get("GET" if request.method == "HEAD" else request.method)
        if view is None:
            allowed = ", ".join(sorted(views))
            text = f"{request.method} is not possible here; allowed: {allowed}"
            raise ControlError("method", "method", text, 405, headers={"Allow": allowed})
        result = view(**arguments)
        return result if isinstance(result, Response) else _answer(result)

    # Endpoint names may not hold dots or slashes.
    endpoint = re.sub(r"[^a-z_]", "-", path) + "-view"
    blueprint.add_url_rule(path, endpoint, dispatch, methods=METHODS, provide_automatic_options=False)


def _answer(result: object) -> Response:
    body, status = result if isinstance(result, tuple) else (result, 200)
    return Response(to_json(body, bytes_mode="hex", inf_nan_mode="null"), status, mimetype="application/json")


def _journal(bench: Bench) -> dict[str, Any]:
    if "last" in request.args:
        return bench.journal_tail(_number("last", 0))
    return bench.journal(_number("after", 0), _number("limit", 100))


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ControlError(name, "number", f"{name} must be a whole number, 0 or more", 400)
    return int(text)


def _body(model: type[_Model]) -> _Model:
    """The request's JSON as `model`; no body at all means an empty object."""
    raw = request.get_data() or b"{}"
    try:
        return model.model_validate_json(raw)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        status = 400 if first["type"] == "json_invalid" else 422
        where = ".".join(str(step) for step in first["loc"])
        raise ControlError(where, first["type"], f"{where or 'body'}: {first['msg']}", status) from None


def _unknown(rest: str) -> Response:
    raise ControlError("path", "exists", f"there is nothing at /control/{rest}", 404)


def _add_error_handlers(blueprint: Blueprint) -> None:
    def refused(error: ControlError) -> Response:
        response = _problem(error.field, error.rule, error.text, error.status)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="Kassalab control"'
        response.headers.extend(error.headers)
        return response

    def value(error: ValueError) -> Response:
        _log.info("control request refused", path=request.path, text=str(error))
        rule = getattr(error, "rule", "refused")
        return _problem(str(getattr(error, "field", "")), str(rule), str(error), 422)

    def http(error: HTTPException) -> Response:
        return _problem("", error.name.lower().replace(" ", "-"), str(error.description), error.code or 500)

    def unexpected(error: Exception) -> Response:
        _log.error("control request failed", path=request.path, exc_info=error)
        return _problem("", "internal", "the part failed to do this; its log says why", 500)

    blueprint.register_error_handler(ControlError, refused)
    blueprint.register_error_handler(ValueError, value)
    blueprint.register_error_handler(HTTPException, http)
    blueprint.register_error_handler(Exception, unexpected)


def _problem(field: str, rule: str, text: str, status: int) -> Response:
    problem: Mapping[str, Any] = {"error": {"field": field, "rule": rule, "text": text}}
    return _answer((problem, status))
