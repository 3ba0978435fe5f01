"""The drive's web server as a Flask app: the REST dialect at every path, the Swagger page, the control API.

Thin on purpose: a request's parts go to the dialect, its answer goes out. What tills ask all day does not
even pass through Flask (front.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from reference.drive.drive import Drive
from reference.drive.endpoints import ENDPOINTS, POS_AUTH
from reference.drive.front import RestFront
from reference.drive.openapi import openapi_document
from reference.drive.rest import JSON, Asked, dumped
from reference.runtime.serving import harden

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes: the largest receipt (32767 lines) fits."""
ALL_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PAGE: Final = Path(__file__).parent / "swagger"
_PAGE_FILES: Final = {"index.html": "text/html", "swagger.css": "text/css", "swagger.js": "text/javascript"}


def create_app(drive: Drive, control: Blueprint | None = None) -> Flask:
    """The app around a drive; `control` joins at its own prefix."""
    app = Flask("reference.drive", static_folder=None)
    harden(app, MAX_BODY)
    _add_swagger(app)
    if control is not None:
        app.register_blueprint(control)

    def answer(path: str = "") -> Response:
        asked = Asked(
            method=request.method,
            path=path,
            query=request.query_string.decode("latin-1"),
            content_type=request.content_type or "",
            body=request.get_data(cache=False),
            pos_auth=request.headers.get(POS_AUTH),
        )
        reply = drive.answer(asked)
        return Response(reply.body, status=reply.status, content_type=reply.content_type)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, "rest", answer, methods=ALL_METHODS, provide_automatic_options=False)
    app.register_error_handler(HTTPException, _refused)
    app.wsgi_app = RestFront(app.wsgi_app, drive.answer, MAX_BODY)  # type: ignore[method-assign]
    return app


def _refused(error: HTTPException) -> Response:
    """What the server itself refuses (a body too large, …), in the words of the dialect."""
    reason = {404: "not found", 405: "method not allowed"}.get(error.code or 500, error.name.lower())
    body = dumped({"Reason": reason, "Type": "errors.errorString"})
    return Response(body, status=error.code or 500, content_type=JSON)


def _add_swagger(app: Flask) -> None:
    document = openapi_document(ENDPOINTS)
    files = {name: (PAGE / name).read_bytes() for name in _PAGE_FILES}

    def page(name: str) -> AnyResponse:
        if name == "doc.json":
            return jsonify(document)
        if name not in files:
            return redirect("/swagger/index.html")
        return Response(files[name], mimetype=_PAGE_FILES[name])

    app.add_url_rule("/swagger/<name>", "swagger", page, methods=["GET"], provide_automatic_options=False)

    def home() -> AnyResponse:
        return redirect("/swagger/index.html")

    for rule in ("/swagger", "/swagger/"):
        app.add_url_rule(rule, "swagger-home", home, methods=["GET"], provide_automatic_options=False)
