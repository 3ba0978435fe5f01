"""The portal's Flask application: API and, beside it, whatever blueprints the process brings along."""

from __future__ import annotations

from flask import Blueprint, Flask

from ofd_mock.portal.web.api import MAX_BODY, api_blueprint
from ofd_mock.portal.web.desks import Desks
from reference.runtime.serving import harden


def make_portal(desks: Desks, *others: Blueprint) -> Flask:
    """The application over these desks; `others` are mounted as they are."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(api_blueprint(desks))
    for blueprint in others:
        app.register_blueprint(blueprint)
    return harden(app, MAX_BODY)
