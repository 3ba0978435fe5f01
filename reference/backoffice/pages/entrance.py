"""The way in and out: login, a new password after a reset, language, branch, the stand's SMS (BX-LOG-01)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, redirect, request, session
from sqlalchemy import select
from werkzeug.wrappers import Response

from reference.backoffice import tables
from reference.backoffice.pages import words
from reference.backoffice.pages.devices import device_of
from reference.backoffice.pages.frame import BRANCH, HOME, PASSWORD_PAGE, Frame, say
from reference.backoffice.pages.session import forget, remember, session_key, visitor_or_none
from reference.runtime.pages import own_path

_YEAR: Final = 365 * 24 * 3600
_MESSAGES: Final = 50
_PLACES: Final = ("before", "page")
"""Arguments that name a row of one branch's list."""


def entrance_pages(frame: Frame) -> Blueprint:
    """Pages that nobody need be logged in for, and the way out."""
    section = frame.section("entrance")
    door = frame.desks.entrance

    @section.get("/")
    def home() -> Response:
        return redirect("/login" if visitor_or_none(door) is None else HOME)

    @section.get("/login")
    def login() -> Any:
        form = {"phone": request.args.get("phone", "+998")}
        return frame.render("login.html", next=request.args.get("next", ""), form=form, findings={})

    @section.post("/login")
    def log_in() -> Any:
        form = frame.form()
        wanted = form.get("next", "")

        def act() -> Response:
            # As typed: spaces are part of a password.
            password = request.form.get("password", "")
            key = door.log_in(form.get("phone", ""), password, device_of(request.user_agent.string))
            return remember(redirect(own_path(wanted, HOME), 303), key)

        return frame.answer("login.html", act, next=wanted)

    @section.post("/logout")
    def log_out() -> Response:
        door.log_out(session_key())
        return forget(redirect("/login", 303))

    @section.get("/language/<code>")
    def language(code: str) -> Response:
        answer = redirect(own_path(request.args.get("next", "/"), "/"))
        if code in words.LANGUAGES:
            secure = request.is_secure
            answer.set_cookie(words.COOKIE, code, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
        return answer

    @section.get("/outbox")
    def outbox() -> Any:
        table = tables.Sms
        with frame.desks.office.reading() as rows:
            messages = list(rows.scalars(select(table).order_by(table.id.desc()).limit(_MESSAGES)))
        return frame.render("outbox.html", messages=messages)

    _add_password(frame, section)
    _add_branch(frame, section)
    return section


def _add_password(frame: Frame, section: Blueprint) -> None:
    """«Yangi parol o'rnatish»: only for who logged in with a password that was reset."""
    door = frame.desks.entrance

    @section.get(PASSWORD_PAGE)
    def password() -> Any:
        if not frame.visitor().renew:
            return redirect(HOME)
        return frame.render("password.html", form={}, findings={})

    @section.post(PASSWORD_PAGE)
    def change() -> Any:
        if not frame.visitor().renew:
            return redirect(HOME, 303)

        def act() -> str:
            given = request.form
            door.change_password(session_key(), given.get("password", ""), given.get("password_repeated", ""))
            say(words.gettext("Yangi parol saqlandi"))
            return HOME

        return frame.answer("password.html", act)


def _add_branch(frame: Frame, section: Blueprint) -> None:
    """The branch that every page is filtered by (BX-NAV-01)."""

    @section.post("/branch")
    def branch() -> Response:
        chosen = request.form.get("branch", "")
        known = {str(number): number for number, _ in frame.branches()}
        session.pop(BRANCH, None)
        if chosen in known:
            session[BRANCH] = known[chosen]
        return redirect(_first_page(own_path(request.form.get("next", HOME), HOME)), 303)


def _first_page(address: str) -> str:
    """The same address at the first page of its list: another branch's list has other rows."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in _PLACES]
    return parts.path + ("?" + urlencode(kept) if kept else "")
