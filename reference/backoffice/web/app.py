"""The owner portal as a Flask application: API, calls of payment providers, pages, control beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Flask, Response, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException

from reference.backoffice.desks import Desks
from reference.backoffice.intake import GapError
from reference.backoffice.pages.frame import HERE
from reference.backoffice.pages.site import LIMITED, SiteSettings, add_pages
from reference.backoffice.web.counter import Counter
from reference.backoffice.web.routes import routes_of
from reference.runtime.json_refusals import desk_refusal, told_of
from reference.runtime.json_routes import Refusal, Told, http_refusal, json_blueprint
from reference.runtime.serving import harden

MAX_BODY: Final = 4 << 20
LOGINS: Final = "120 per minute"
"""Logins, codes and links that one address may ask for, in the machine's time."""
_CHANGES: Final = "/api/sync/changes"
_LIMITED: Final = ("/api/sessions", "/api/enrolments", "/api/sync/logins", "/api/sync/offers")


def create_app(
    desks: Desks,
    *others: Blueprint,
    changed: Callable[[], None] | None = None,
    logins: str = LOGINS,
    site: SiteSettings | None = None,
) -> Flask:
    """The application over these desks; `others` are mounted as they are.

    `changed` is called after every request that may have changed something. Without `site` there are no
    pages.
    """
    app = Flask("reference.backoffice", static_folder=None, template_folder=str(HERE / "templates"))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    told = told_of()
    api = json_blueprint("api", routes_of(Counter(desks)), _with_gaps(told), "Kassalab: owner portal")
    free = (api, _providers(desks), *others)
    for blueprint in free:
        app.register_blueprint(blueprint)
    if site is None:
        app.register_error_handler(HTTPException, lambda error: http_refusal(told, error))
    else:
        add_pages(app, desks, site, free, lambda error: http_refusal(told, error))
    if changed is not None:
        app.after_request(lambda response: _told_of_change(changed, response))
    _limit(app, logins)
    return harden(app, MAX_BODY)


def _with_gaps(told: Told) -> Told:
    """Refusals as everywhere, but a gap also says which number is wanted."""

    def error(raised: Exception) -> Refusal | None:
        if isinstance(raised, GapError):
            made = desk_refusal(raised)
            made.told["error"]["wanted"] = raised.wanted
            return made
        return told.error(raised)

    return replace(told, error=error)


def _providers(desks: Desks) -> Blueprint:
    """What payment providers call."""
    calls = Blueprint("providers", __name__)
    calls.add_url_rule("/payme", "payme", lambda: _payme(desks), methods=["POST"])
    calls.add_url_rule("/click", "click", lambda: jsonify(desks.click.answer(request.form)), methods=["POST"])
    return calls


def _payme(desks: Desks) -> Response:
    call = request.get_json(force=True, silent=True)
    return jsonify(desks.payme.answer(request.headers.get("Authorization", ""), call))


def _limit(app: Flask, logins: str) -> None:
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    once: Any = limiter.shared_limit(logins, "logins", methods=["POST"])
    for rule in app.url_map.iter_rules():
        if rule.rule in (*_LIMITED, *LIMITED) and "POST" in (rule.methods or ()):
            app.view_functions[rule.endpoint] = once(app.view_functions[rule.endpoint])


def _told_of_change(changed: Callable[[], None], response: Response) -> Response:
    # What points of sale tell is all the time, and no subscription's business; nor is what was refused.
    refused = 400 <= response.status_code < 500
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.path != _CHANGES and not refused:
        changed()
    return response
