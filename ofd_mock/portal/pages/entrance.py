"""The way in and out: home page, password, e-signature, language, the stand's mail (KZ-REG-01, KZ-LOG-01)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response

from ofd_mock.portal.errors import RefusedError
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.pages.key_file import MAX_FILE, sign_with_file
from ofd_mock.portal.pages.session import forget, remember, session_key
from reference.runtime.pages import own_path

AFTER_LOGIN = "/account"
"""After a login by password (PG-03)."""
_YEAR = 365 * 24 * 3600


def entrance_pages(frame: Frame) -> Blueprint:
    """Pages that nobody need be logged in for."""
    section = frame.section("entrance")
    door = frame.desks.entrance

    @section.get("/")
    def home() -> Any:
        return frame.render("home.html")

    @section.get("/help")
    def help_page() -> Any:
        return frame.render("help.html")

    @section.get("/outbox")
    def outbox() -> Any:
        return frame.render("outbox.html", mails=frame.desks.papers.outbox())

    @section.get("/language/<code>")
    def language(code: str) -> Response:
        answer = redirect(own_path(request.args.get("next", "/"), "/"))
        if code in words.LANGUAGES:
            answer.set_cookie(words.COOKIE, code, max_age=_YEAR, samesite="Lax")
        return answer

    @section.get("/login")
    def login() -> Any:
        return frame.render("login.html", next=request.args.get("next", ""), form={}, findings={})

    @section.post("/login")
    def log_in() -> Any:
        form = frame.form()
        wanted = form.get("next", "")

        def act() -> Response:
            # As typed: spaces are part of a password.
            key = door.log_in(form.get("login", ""), request.form.get("password", ""), _address())
            return remember(redirect(own_path(wanted, AFTER_LOGIN), 303), key)

        return frame.answer("login.html", act, next=wanted)

    @section.get("/login/signed")
    def login_signed() -> Any:
        return frame.render(
            "login_signed.html", challenge=door.challenge(), next=request.args.get("next", "")
        )

    @section.post("/login/signed")
    def log_in_signed() -> Any:
        form = frame.form()
        wanted = form.get("next", "")

        def act() -> Response:
            key = door.log_in_signed(form.get("challenge", ""), form.get("cms", ""), _address())
            return remember(redirect(own_path(wanted, AFTER_LOGIN), 303), key)

        # The challenge counted once: the form comes again with another.
        return frame.answer("login_signed.html", act, challenge=door.challenge(), next=wanted)

    @section.post("/logout")
    def log_out() -> Response:
        door.log_out(session_key())
        return forget(redirect("/", 303))

    @section.post("/sign-file")
    def sign_file() -> Any:
        file = request.files.get("key")
        data = b"" if file is None else file.stream.read(MAX_FILE)
        password = request.form.get("password", "")
        try:
            cms = sign_with_file(data, password, request.form.get("data", ""), frame.desks.office.now)
        except RefusedError as error:
            return make_response(jsonify({"error": words.text_of(error.text)}), 422)
        return jsonify({"cms": cms})

    return section


def _address() -> str:
    return request.remote_addr or ""
