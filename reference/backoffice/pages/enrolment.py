"""Registration in three steps: phone, SMS code, names and password (BX-REG-01…03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, redirect, request, session
from werkzeug.wrappers import Response

from reference.backoffice.pages.devices import device_of
from reference.backoffice.pages.frame import HOME, Frame, say
from reference.backoffice.pages.session import remember
from reference.backoffice.pages.words import gettext
from reference.runtime.refusals import UnknownError

KEY: Final = "enrolment"
"""Where the form cookie keeps the secret of a registration on its way."""
BEGIN: Final = "/register"
CODE: Final = "/register/code"
DETAILS: Final = "/register/details"
_STEPS: Final = {2: CODE, 3: DETAILS}
_NAMES: Final = ("first_name", "last_name", "business")


def enrolment_pages(frame: Frame) -> Blueprint:
    """The three steps."""
    section = frame.section("enrolment")
    door = frame.desks.entrance

    @section.get(BEGIN)
    def begin() -> Any:
        """Step 1, also by «Orqaga» from step 2: the phone stands there as it was."""
        phone = _known(frame)[0] or "+998"
        return frame.render("enrolment/phone.html", form={"phone": phone}, findings={})

    @section.post(BEGIN)
    def send() -> Any:
        def act() -> str:
            session[KEY] = door.begin(frame.form().get("phone", ""))
            return CODE

        return frame.answer("enrolment/phone.html", act)

    @section.get(CODE)
    def code() -> Any:
        return _at(frame, 2, lambda phone: frame.render("enrolment/code.html", phone=phone, findings={}))

    @section.post(CODE)
    def confirm() -> Any:
        def act() -> str:
            door.confirm(_key(), "".join(frame.form().get("code", "").split()))
            return DETAILS

        return _at(frame, 2, lambda phone: frame.answer("enrolment/code.html", act, phone=phone))

    @section.post("/register/resend")
    def resend() -> Any:
        def act() -> str:
            door.resend(_key())
            say(gettext("Kod qayta yuborildi"))
            return CODE

        return _at(frame, 2, lambda phone: frame.answer("enrolment/code.html", act, phone=phone))

    @section.get(DETAILS)
    def details() -> Any:
        shown: dict[str, Any] = {"form": {}, "findings": {}}
        return _at(frame, 3, lambda phone: frame.render("enrolment/details.html", phone=phone, **shown))

    @section.post(DETAILS)
    def finish() -> Any:
        return _at(
            frame, 3, lambda phone: frame.answer("enrolment/details.html", _finish(frame), phone=phone)
        )

    return section


def _finish(frame: Frame) -> Callable[[], Response]:
    def act() -> Response:
        form = frame.form()
        given = {name: form.get(name, "") for name in _NAMES}
        # As typed: spaces are part of a password.
        passwords = {name: request.form.get(name, "") for name in ("password", "password_repeated")}
        device = device_of(request.user_agent.string)
        key = frame.desks.entrance.finish(_key(), given | passwords, device)
        return remember(redirect(HOME, 303), key)

    return act


def _key() -> str:
    return str(session.get(KEY, ""))


def _known(frame: Frame) -> tuple[str, int]:
    """Phone and step of this browser's registration; nothing and 1 without one."""
    try:
        return frame.desks.entrance.enrolling(_key())
    except UnknownError:
        return "", 1


def _at(frame: Frame, step: int, show: Callable[[str], Any]) -> Any:
    """What a step shows; whoever is at another is led to his own."""
    phone, here = _known(frame)
    if here != step:
        if here == 1:
            say(gettext("Avval telefon raqamingizni kiriting"))
        return redirect(_STEPS.get(here, BEGIN), 303)
    return show(phone)
