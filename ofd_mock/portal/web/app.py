"""The portal's Flask application: API and, beside it, whatever blueprints the process brings along."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request

from ofd_mock.portal.pages.frame import HERE
from ofd_mock.portal.pages.site import SiteSettings, add_pages
from ofd_mock.portal.web.api import MAX_BODY, api_blueprint
from ofd_mock.portal.web.desks import Desks
from reference.runtime.serving import harden


def make_portal(
    desks: Desks,
    *others: Blueprint,
    changed: Callable[[], None] | None = None,
    site: SiteSettings | None = None,
) -> Flask:
    """The application over these desks; `others` are mounted as they are.

    `changed` is called after every request that may have changed something. Without `site` there are no
    pages.
    """
    app = Flask(__name__, template_folder=str(HERE / "templates"), static_folder=str(HERE / "static"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    free = (api_blueprint(desks), *others)
    for blueprint in free:
        app.register_blueprint(blueprint)
    if site is not None:
        add_pages(app, desks, site, free)
    if changed is not None:
        app.after_request(lambda response: _told(changed, response))
    return harden(app, MAX_BODY)


def _told(changed: Callable[[], None], response: Response) -> Response:
    # What was refused has changed nothing that the portal does something about by itself.
    refused = 400 <= response.status_code < 500
    if request.method not in ("GET", "HEAD", "OPTIONS") and not refused:
        changed()
    return response
