"""The portal's Flask application: API and, beside it, whatever blueprints the process brings along."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request

from ofd_mock.portal.web.api import MAX_BODY, api_blueprint
from ofd_mock.portal.web.desks import Desks
from reference.runtime.serving import harden


def make_portal(desks: Desks, *others: Blueprint, changed: Callable[[], None] | None = None) -> Flask:
    """The application over these desks; `others` are mounted as they are.

    `changed` is called after every request that may have changed something.
    """
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(api_blueprint(desks))
    for blueprint in others:
        app.register_blueprint(blueprint)
    if changed is not None:
        app.after_request(lambda response: _told(changed, response))
    return harden(app, MAX_BODY)


def _told(changed: Callable[[], None], response: Response) -> Response:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        changed()
    return response
