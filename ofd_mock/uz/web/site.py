"""Port 13448: one Flask app with the state page, the ledger, the check page, the payment API and the
control API.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.orders import Orders
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.web.check_page import check_blueprint
from ofd_mock.uz.web.ledger_page import ledger_blueprint
from ofd_mock.uz.web.lookup import Matches
from ofd_mock.uz.web.origin import PageGuard
from ofd_mock.uz.web.payment import payment_blueprint
from ofd_mock.uz.web.state_page import state_blueprint
from reference.runtime.control_guard import ControlError
from reference.runtime.serving import harden

MAX_BODY: Final = 256 * 1024
_FOLDER: Final = Path(__file__).parent


def make_site(
    ledger: Ledger,
    orders: Orders,
    settings: Callable[[], OperatorSettings],
    unix_time: Callable[[], float],
    guard: PageGuard,
    control: Blueprint,
    agree: Matches,
) -> Flask:
    """The whole site. `unix_time` is the operator's clock in seconds since 1970."""
    app = Flask(__name__, static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(
        Blueprint("site", __name__, static_folder=str(_FOLDER / "static"), static_url_path="/static")
    )
    app.register_blueprint(state_blueprint(orders, guard))
    app.register_blueprint(ledger_blueprint(ledger, settings, guard))
    app.register_blueprint(check_blueprint(ledger, agree))
    app.register_blueprint(payment_blueprint(ledger, settings, unix_time, agree))
    app.register_blueprint(control)
    app.add_url_rule("/", "home", lambda: redirect("/state"))
    app.register_error_handler(ControlError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    harden(app, MAX_BODY)
    # The pages' own forms must come with their Origin, which "no-referrer" would turn into "null". Registered
    # last, it runs first.
    app.after_request(_same_origin_referrer)
    return app


def _same_origin_referrer(response: Response) -> Response:
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def _refused(error: ControlError) -> Response:
    response = _problem(error.status, error.text)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Kassalab operator"'
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    return _problem(error.code or 500, error.description or error.name)


def _problem(status: int, text: str) -> Response:
    if request.path.startswith("/api/"):
        response = jsonify(success=False, message=text)
        response.status_code = status
        return response
    return Response(render_template("problem.html", status=status, text=text), status)
