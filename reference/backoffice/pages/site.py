"""All pages of the owner portal as one: sections, secret of forms, headers, refusals by address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, Response, request, send_from_directory
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException, InternalServerError

from reference.backoffice.desks import Desks
from reference.backoffice.pages.branches import branch_pages
from reference.backoffice.pages.checkout import checkout_pages
from reference.backoffice.pages.dashboard import dashboard_pages
from reference.backoffice.pages.enrolment import enrolment_pages
from reference.backoffice.pages.entrance import entrance_pages
from reference.backoffice.pages.frame import HERE, Frame, failed, furnish, http_refused
from reference.backoffice.pages.orders import order_pages
from reference.backoffice.pages.payments import payment_pages
from reference.backoffice.pages.products import product_pages
from reference.backoffice.pages.profile import profile_pages
from reference.backoffice.pages.session import FORM_COOKIE
from reference.backoffice.pages.staff import staff_pages
from reference.backoffice.pages.subscription import subscription_pages
from reference.backoffice.pages.transactions import transaction_pages

SECRET_FILE: Final = "pages.secret"  # noqa: S105 - a name
LIMITED: Final = (
    "/login",
    "/register",
    "/register/code",
    "/register/resend",
    "/register/details",
    "/password",
)
"""What makes rows or messages for strangers, or takes their guesses."""
_MACHINES: Final = ("/api/", "/control/")
_PROVIDERS: Final = ("/payme", "/click")
"""Addresses that programs ask: what goes wrong there is told as JSON."""

SECTIONS: Final[tuple[Callable[[Frame], Blueprint], ...]] = (
    entrance_pages,
    enrolment_pages,
    dashboard_pages,
    order_pages,
    product_pages,
    staff_pages,
    transaction_pages,
    branch_pages,
    subscription_pages,
    checkout_pages,
    payment_pages,
    profile_pages,
)
"""Every section of the pages."""


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the pages need to know: the secret that forms are signed with."""

    secret: str


def add_pages(
    app: Flask,
    desks: Desks,
    settings: SiteSettings,
    free: tuple[Blueprint, ...],
    machine: Callable[[HTTPException], Any],
) -> None:
    """Put the pages into an application; `free` blueprints have a protection of their own.

    `machine` tells what Flask refuses at addresses that programs ask.
    """
    app.secret_key = settings.secret
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None, SESSION_COOKIE_NAME=FORM_COOKIE, SESSION_COOKIE_SAMESITE="Lax"
    )
    frame = Frame(desks)
    guard = CSRFProtect(app)
    for blueprint in free:
        guard.exempt(blueprint)
    furnish(app, frame)
    for section in SECTIONS:
        app.register_blueprint(section(frame))
    app.add_url_rule("/static/<path:filename>", "page-static", _static)
    app.register_error_handler(HTTPException, lambda error: _http(frame, machine, error))
    app.register_error_handler(Exception, lambda error: _failed(frame, machine, error))
    app.after_request(_same_origin)


def _http(frame: Frame, machine: Callable[[HTTPException], Any], error: HTTPException) -> Any:
    return machine(error) if _for_machines() else http_refused(frame, error)


def _failed(frame: Frame, machine: Callable[[HTTPException], Any], error: Exception) -> Any:
    told = failed(frame, error)
    return machine(InternalServerError()) if _for_machines() else told


def _for_machines() -> bool:
    return request.path.startswith(_MACHINES) or request.path in _PROVIDERS


def _static(filename: str) -> Response:
    return send_from_directory(HERE / "static", filename)


def _same_origin(response: Response) -> Response:
    """Behind HTTPS a form has to say which page it came from, so that this portal, and no other, is told."""
    if response.mimetype == "text/html" and not request.path.startswith("/control"):
        response.headers["Referrer-Policy"] = "same-origin"
    return response
