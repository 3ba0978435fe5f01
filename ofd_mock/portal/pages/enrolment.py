"""Registration of an organisation in five steps (KZ-REG-02…06, kz-ofd §15.2).

The secret of a registration stands in a cookie that no script can read, and in a link that can be kept. It
changes when a certificate is presented for the first time: whoever sent somebody a link cannot go on with
what that person signed.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ofd_mock.portal.applications import CONTRACT
from ofd_mock.portal.enrolments import KEPT, STEPS, EnrolmentView
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.details_form import Mailing, add_mailing, details_of, form_values, turned
from ofd_mock.portal.pages.frame import Frame, say, wants_json
from ofd_mock.portal.pages.session import remember, visitor_or_none

COOKIE: Final = "kassalab_portal_enrolment"
PATH: Final = "/enrol"
AFTER: Final = "/cabinet"
"""«Картотека ККМ» (PG-04)."""
_DETAILS: Final = 3
_TEMPLATES: Final = {
    1: "enrolment/certificate.html",
    2: "enrolment/password.html",
    _DETAILS: "enrolment/details.html",
    4: "enrolment/contract.html",
    5: "enrolment/application.html",
}


def enrolment_pages(frame: Frame) -> Blueprint:
    """The five steps, the way back to them, and the windows of the third."""
    section = frame.section("enrolment")
    pages = _Enrolment(frame)
    section.add_url_rule(PATH, "begin", pages.begin)
    section.add_url_rule(f"{PATH}/again", "again", pages.again, methods=["POST"])
    section.add_url_rule(f"{PATH}/resume/<key>", "resume", pages.resume)
    section.add_url_rule(f"{PATH}/<int:step>", "step", pages.show)
    section.add_url_rule(f"{PATH}/<int:step>", "take", pages.take, methods=["POST"])
    add_mailing(section, PATH, pages.mailing)
    section.register_error_handler(UnknownError, lambda _: pages.gone())
    return section


class _Enrolment:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._desk = frame.desks.enrolments

    def begin(self) -> Any:
        """«Зарегистрироваться»: go on where it was left, or begin."""
        try:
            return redirect(_page(self._desk.view(_key())), 303)
        except UnknownError:
            pass
        if visitor_or_none(self._frame.desks.entrance) is not None:
            say(words.gettext("Вы уже вошли. Чтобы зарегистрировать другую организацию, выйдите."))
            return redirect(AFTER, 303)
        return _kept(redirect(f"{PATH}/1", 303), self._desk.begin())

    def again(self) -> Response:
        """«Начать заново»: what was given so far is left behind."""
        return _kept(redirect(f"{PATH}/1", 303), self._desk.begin())

    def resume(self, key: str) -> Response:
        """The kept link."""
        return _kept(redirect(_page(self._desk.view(key)), 303), key)

    def show(self, step: int) -> Any:
        """A step; a later one than there is leads to the one that is next."""
        view = self._desk.view(_key())
        if step not in _TEMPLATES:
            raise NotFound
        if step > view.step:
            return redirect(_page(view), 303)
        return self._frame.render(_TEMPLATES[step], form=self._known(view), **self._values(step, view))

    def take(self, step: int) -> Any:
        """What a step's form brings."""
        view = self._desk.view(_key())
        if step not in _TEMPLATES:
            raise NotFound
        if step > view.step:
            say(words.gettext("Сначала завершите предыдущий шаг"))
            return redirect(_page(view), 303)
        values = self._values(step, view)
        if step == _DETAILS:
            page = turned(self._frame, _TEMPLATES[step], self.mailing(), **values)
            if page is not None:
                return page
        acts = (self._present, self._choose_password, self._describe, self._agree, self._sign)
        return self._frame.answer(_TEMPLATES[step], acts[step - 1], **values)

    def mailing(self) -> Mailing:
        """Codes for the address of this registration."""
        key = _key()
        return Mailing(
            lambda email: self._desk.send_code(key, email),
            lambda email, code: _nothing(self._desk.confirm_code(key, email, code)),
        )

    def gone(self) -> Any:
        """There is no such registration: finished in another tab, given up, too old, or never begun."""
        text = words.gettext("Регистрация не найдена: она завершена или начата слишком давно")
        if wants_json():
            return {"error": text}, 404
        if visitor_or_none(self._frame.desks.entrance) is not None:
            return redirect(AFTER, 303)
        return self._frame.render("enrolment/gone.html", 404, text=text)

    def _values(self, step: int, view: EnrolmentView) -> dict[str, Any]:
        known: dict[str, Any] = {"view": view, "step": step}
        if step > 1:
            known["link"] = f"{request.url_root}{PATH[1:]}/resume/{_key()}"
        if step == _DETAILS:
            known |= form_values()
        elif step == 4:
            known["contract"] = CONTRACT
        elif step == STEPS:
            known["text"] = self._desk.application(_key())
        return known

    def _known(self, view: EnrolmentView) -> dict[str, Any]:
        """What the form of the third step begins with."""
        return {"email": view.email_confirmed} if view.details is None else view.details.as_json()

    def _present(self) -> Response:
        key = _key()
        before = self._desk.view(key).number
        after = self._desk.present(key, self._frame.form().get("cms", ""))
        if after.number != before:
            key = self._desk.renew(key)
        return _kept(redirect(f"{PATH}/2", 303), key)

    def _choose_password(self) -> str:
        # As typed: spaces are part of a password.
        given = (request.form.get(name, "") for name in ("password", "password_repeated"))
        self._desk.choose_password(_key(), *given)
        return f"{PATH}/3"

    def _describe(self) -> str:
        self._desk.describe(_key(), details_of(self._frame.form()))
        return f"{PATH}/4"

    def _agree(self) -> str:
        self._desk.agree(_key(), self._frame.form().get("agreed") == "1")
        return f"{PATH}/5"

    def _sign(self) -> Response:
        address = request.remote_addr or ""
        organisation = self._desk.sign(_key(), self._frame.form().get("cms", ""), address)
        answer = redirect(AFTER, 303)
        answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax", secure=request.is_secure)
        say(words.gettext("Организация зарегистрирована"))
        return remember(answer, self._frame.desks.entrance.open_for(organisation, address))


def _key() -> str:
    return request.cookies.get(COOKIE, "")


def _page(view: EnrolmentView) -> str:
    return f"{PATH}/{view.step}"


def _kept(response: Response, key: str) -> Response:
    response.set_cookie(
        COOKIE, key, path=PATH, max_age=KEPT, httponly=True, samesite="Lax", secure=request.is_secure
    )
    return response


def _nothing(_: object) -> None:
    """An act whose result nobody needs."""
