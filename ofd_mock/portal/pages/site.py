"""All pages of the portal as one: sections, secret, rate limits, security headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, request, send_from_directory
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ofd_mock.portal.pages.account import account_pages
from ofd_mock.portal.pages.archives import archive_pages
from ofd_mock.portal.pages.bank import bank_pages
from ofd_mock.portal.pages.cabinet import cabinet_pages
from ofd_mock.portal.pages.card_acts import card_act_pages
from ofd_mock.portal.pages.cards import card_pages
from ofd_mock.portal.pages.enrolment import PATH as BEGINNING
from ofd_mock.portal.pages.enrolment import enrolment_pages
from ofd_mock.portal.pages.entrance import entrance_pages
from ofd_mock.portal.pages.frame import HERE, Frame, failed, furnish, http_refused
from ofd_mock.portal.pages.members import member_pages
from ofd_mock.portal.pages.notes import note_pages
from ofd_mock.portal.pages.organisation import organisation_pages
from ofd_mock.portal.pages.outlets import outlet_pages
from ofd_mock.portal.pages.papers import paper_pages
from ofd_mock.portal.pages.tariffs import tariff_pages
from ofd_mock.portal.web.api import http_error
from ofd_mock.portal.web.desks import Desks

SIGNING: Final = "wss://127.0.0.1:13579/"
"""Where browsers find the signing service (kz-ofd §16.3)."""
LOGINS: Final = "120 per minute"
"""Logins and mailed codes that one address may ask for, in the machine's time."""
SECRET_FILE: Final = "pages.secret"  # noqa: S105 - a name
_SIGNING_STATIC: Final = HERE.parents[1] / "signing" / "static"
_LIMITED: Final = (
    "/login",
    "/login/signed",
    "/sign-file",
    "/api/login",
    "/api/login/signed",
    "/enrol",
    "/enrol/again",
    "/enrol/email",
    "/enrol/code",
    "/organisation/email",
    "/organisation/code",
    "/api/enrolments",
    "/api/enrolments/<key>/email",
    "/api/enrolments/<key>/code",
    "/api/organisation/email",
    "/api/organisation/code",
)
"""What makes rows or mails for strangers, or takes their guesses."""

SECTIONS: Final[tuple[Callable[[Frame], Blueprint], ...]] = (
    entrance_pages,
    enrolment_pages,
    organisation_pages,
    cabinet_pages,
    outlet_pages,
    card_pages,
    card_act_pages,
    account_pages,
    bank_pages,
    tariff_pages,
    paper_pages,
    member_pages,
    note_pages,
    archive_pages,
)
"""Every section of the pages."""


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the pages need to know: the signing service's address, the secret of forms, the rate of logins."""

    secret: str
    signing: str = SIGNING
    logins: str = LOGINS


def add_pages(app: Flask, desks: Desks, settings: SiteSettings, free: tuple[Blueprint, ...]) -> None:
    """Put the pages into an application; `free` blueprints have a protection of their own."""
    app.secret_key = settings.secret
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None, SESSION_COOKIE_NAME="kassalab_portal_form", SESSION_COOKIE_SAMESITE="Lax"
    )
    frame = Frame(desks, settings.signing)
    guard = CSRFProtect(app)
    for blueprint in free:
        guard.exempt(blueprint)
    furnish(app, frame)
    for section in SECTIONS:
        app.register_blueprint(section(frame))
    app.add_url_rule("/static/signature_window.js", "signature_window", _signature_window)
    app.register_error_handler(HTTPException, lambda error: _http(frame, error))
    app.register_error_handler(Exception, lambda error: failed(frame, error))
    app.after_request(lambda response: _dialling(settings.signing, response))
    _limit(app, settings.logins)


def _limit(app: Flask, logins: str) -> None:
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    guarded = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule in _LIMITED and ("POST" in (rule.methods or ()) or rule.rule == BEGINNING)
    }
    # Typed for views of every kind; ours answer at once.
    once: Any = limiter.shared_limit(logins, "logins", exempt_when=_harmless)
    for endpoint in guarded:
        app.view_functions[endpoint] = once(app.view_functions[endpoint])


def _harmless() -> bool:
    """Whether a request only looks. Beginning a registration makes a row, though it is a link."""
    return request.method != "POST" and request.path != BEGINNING


def _signature_window() -> Response:
    return send_from_directory(_SIGNING_STATIC, "signature_window.js")


def _http(frame: Frame, error: HTTPException) -> Any:
    if request.path.startswith(("/api/", "/control/")):
        return http_error(error)
    return http_refused(frame, error)


def _dialling(signing: str, response: Response) -> Response:
    """Let pages dial the signing service; everything else of the policy stays.

    Behind HTTPS a form has to say which page it came from, so that this portal, and no other site, is told.
    """
    if response.mimetype == "text/html" and not request.path.startswith("/control"):
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self' {signing}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    return response
