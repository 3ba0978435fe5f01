"""The dialog as a page: store type, path, password, key; for a person or a test that plays one (NL-09)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pydantic
from flask import Blueprint, Flask, Response, jsonify, render_template, request

from ofd_mock.pki.key_files import OpenedKey
from ofd_mock.pki.oids import Role
from ofd_mock.pki.verification import signer_of
from ofd_mock.signing.desk import Desk, NoDialogError
from ofd_mock.signing.key_stores import PKCS12
from ofd_mock.signing.outcomes import RefusedError
from ofd_mock.signing.page_texts import ROLES, WORDS
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.results import Texts
from reference.runtime.control_guard import ControlError, Guard, is_loopback
from reference.runtime.control_models import Body
from reference.runtime.serving import harden

MAX_BODY: Final = 64 * 1024
_FOLDER: Final = Path(__file__).parent


class Given(Body):
    """What a person typed."""

    path: str = pydantic.Field("", max_length=4096)
    password: pydantic.SecretStr = pydantic.Field(pydantic.SecretStr(""), max_length=256)


def make_site(desk: Desk, now: Callable[[], Any], host: str, token: str | None, *others: Blueprint) -> Flask:
    """The page and its calls, and `others` (control, the authority) beside it.

    Beyond loopback every request of the page must carry the `token`, as the control API's must.
    """
    app = Flask("ofd_mock.signing", static_folder=None, template_folder=str(_FOLDER / "templates"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    harden(app, 4 << 20)
    site = Blueprint("dialog", __name__, static_folder=str(_FOLDER / "static"), static_url_path="/static")
    guard = Guard(host, None if is_loopback(host) else token)
    site.before_request(lambda: guard.check(request))
    views = _Views(desk, now)
    site.add_url_rule("/", "page", views.page)
    site.add_url_rule("/dialog", "open", views.open)
    site.add_url_rule("/dialog/<int:number>/keys", "keys", views.keys, methods=["POST"])
    site.add_url_rule("/dialog/<int:number>/answer", "answer", views.answer, methods=["POST"])
    site.add_url_rule("/dialog/<int:number>/cancel", "cancel", views.cancel, methods=["POST"])
    for blueprint in (site, *others):
        app.register_blueprint(blueprint)
    app.register_error_handler(ControlError, lambda error: (_problem(error.text, error.rule), error.status))
    return app


class _Views:
    def __init__(self, desk: Desk, now: Callable[[], Any]) -> None:
        self._desk = desk
        self._now = now

    def page(self) -> str:
        chosen = request.args.get("language", "ru")
        language = chosen if chosen in WORDS else "ru"
        return render_template("dialog.html", words=WORDS[language], language=language)

    def open(self) -> Response:
        """The open dialog, or null."""
        dialog = self._desk.dialog
        if dialog is None:
            return jsonify({"dialog": None})
        question, notes = dialog.question, self._desk.stores.notes()
        return jsonify(
            {
                "dialog": {
                    "number": dialog.number,
                    "kind": question.kind,
                    "origin": question.origin,
                    "method": question.method,
                    "shown": question.shown,
                    "language": question.language,
                    "storages": [PKCS12],
                    "files": [
                        {"path": str(path), "note": notes.get(path.name, "")}
                        for path in self._desk.stores.files()
                    ],
                }
            }
        )

    def keys(self, number: int) -> tuple[Response, int]:
        """The keys of a store, each with the reason why it does not suit."""
        dialog = self._desk.dialog
        if dialog is None or dialog.number != number:
            return _gone(), 409
        given, language = _given(), dialog.question.language
        try:
            key = self._desk.stores.open(given.path, given.password.get_secret_value())
        except RefusedError as error:
            return _problem(_in(error.texts, language), error.word), 422
        reason = self._desk.stores.unsuitable(key, dialog.question.wanted, self._now())
        return jsonify({"keys": [_shown(key, language, reason)]}), 200

    def answer(self, number: int) -> tuple[Response, int]:
        """Choose the key (or, for a file, the path): the page gets its signature."""
        dialog = self._desk.dialog
        language = dialog.question.language if dialog is not None else "ru"
        given = _given()
        try:
            self._desk.choose(number, given.path, given.password.get_secret_value())
        except NoDialogError:
            return _gone(), 409
        except RefusedError as error:
            return _problem(_in(error.texts, language), error.word), 422
        return jsonify({}), 200

    def cancel(self, number: int) -> tuple[Response, int]:
        """Close without a choice."""
        try:
            self._desk.cancel(number)
        except NoDialogError:
            return _gone(), 409
        return jsonify({}), 200


def _given() -> Given:
    if (request.content_length or 0) > MAX_BODY:
        raise ControlError("body", "length", f"at most {MAX_BODY} bytes", 413)
    try:
        return Given.model_validate_json(request.get_data() or b"{}")
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ControlError(where, first["type"], f"{where or 'body'}: {first['msg']}") from None


def _shown(key: OpenedKey, language: str, reason: Texts | None) -> dict[str, Any]:
    signer = signer_of(key.pair.certificate)
    roles = [ROLES[role] for role in Role if role in signer.roles]
    return {
        "alias": key.alias,
        "name": signer.holder.common_name,
        "organisation": signer.holder.organisation,
        "taxpayer": signer.holder.taxpayer,
        "role": ", ".join(_in(role, language) for role in roles),
        "issuer": signer.issuer,
        "from": f"{to_almaty(signer.not_before):%d.%m.%Y}",
        "until": f"{to_almaty(signer.not_after):%d.%m.%Y}",
        "unsuitable": None if reason is None else _in(reason, language),
    }


def _in(texts: Texts, language: str) -> str:
    return str(getattr(texts, language))


def _gone() -> Response:
    return _problem("this dialog is not open any more", "gone")


def _problem(text: str, rule: str) -> Response:
    return jsonify({"error": {"rule": rule, "text": text}})
