"""A dialect as a Flask app of its own port, behind the guards that every part has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from reference.drive.rest import PLAIN, Answer, Asked
from reference.runtime.control_guard import names_this_machine
from reference.runtime.serving import harden

ALL_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def dialect_app(name: str, path: str, answer: Callable[[Asked], Answer], host: str, max_body: int) -> Flask:
    """The app that answers `path` alone. A Host header that names another machine gets 403, a body above
    `max_body` bytes 413."""
    app = Flask(f"reference.drive.{name}", static_folder=None)
    harden(app, max_body)

    def guard() -> Response | None:
        if names_this_machine(request.host, host):
            return None
        return Response("the Host header must name this machine's own address", 403, content_type=PLAIN)

    def serve() -> Response:
        asked = Asked(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            content_type=request.content_type or "",
            body=request.get_data(cache=False),
        )
        reply = answer(asked)
        return Response(reply.body, status=reply.status, content_type=reply.content_type)

    app.before_request(guard)
    app.add_url_rule(path, name, serve, methods=ALL_METHODS, provide_automatic_options=False)
    app.add_url_rule(f"{path}/", f"{name}-slash", serve, methods=ALL_METHODS, provide_automatic_options=False)
    app.register_error_handler(HTTPException, _refused)
    return app


def _refused(error: HTTPException) -> Response:
    return Response(error.name.lower(), status=error.code or 500, content_type=PLAIN)
