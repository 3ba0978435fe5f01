"""The form «Уточнение данных» with its windows: banks, addresses, e-mail (kz-ofd RF-03…RF-09).

Scripts open the windows over the page and ask the API's directories. Without them every button of a window is
a button of the form: the page comes again with the window open, and with everything that was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, jsonify, make_response, request
from werkzeug.wrappers import Response

from ofd_mock.portal.directories import Settlement, banks, find_settlements, settlements
from ofd_mock.portal.errors import InvalidError, LockedError
from ofd_mock.portal.forms import REQUIRED
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.frame import Frame, findings_of
from ofd_mock.portal.web.api import status_of

FIELDS: Final = (
    "bic",
    "iik",
    "legal_address",
    "actual_address",
    "email",
    "phones",
    "head_position",
    "head_name",
)
"""What the rules take of the form; the rest belongs to its windows."""
_ADDRESSES: Final = ("legal_address", "actual_address")


@dataclass(frozen=True, slots=True)
class Mailing:
    """How an address of e-mail is confirmed: a code goes to it, and comes back with it."""

    send: Callable[[str], None]
    confirm: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Window:
    """The window that stands open ("" none), what was found for it, and what is wrong in it."""

    name: str = ""
    found: list[Settlement] | None = None
    findings: dict[str, str] = field(default_factory=dict)
    sent: bool = False


def details_of(form: Mapping[str, str | None]) -> dict[str, str]:
    """The fields that the rules know."""
    return {name: form.get(name) or "" for name in FIELDS}


def form_values() -> dict[str, Any]:
    """What the form's template needs beside values and findings."""
    return {"banks": banks(), "settlements": settlements(), "window": Window()}


def turned(frame: Frame, template: str, mailing: Mailing, /, **values: Any) -> tuple[str, int] | None:
    """The page again after a button of a window; None when the form itself is handed in."""
    form = frame.form()
    window = _act(form, mailing)
    if window is None:
        return None
    status = 422 if window.findings else 200
    return frame.render(template, status, **(values | {"form": form, "window": window}))


def add_mailing(section: Blueprint, base: str, mailing: Callable[[], Mailing]) -> None:
    """The window «Подтверждение электронной почты» for scripts: `base`/email and `base`/code, JSON."""

    def send() -> Response:
        return _told(lambda: mailing().send(_field("email")))

    def confirm() -> Response:
        return _told(lambda: mailing().confirm(_field("email"), _field("code")))

    section.add_url_rule(f"{base}/email", "send_code", send, methods=["POST"])
    section.add_url_rule(f"{base}/code", "confirm_code", confirm, methods=["POST"])


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _told(act: Callable[[], None]) -> Response:
    try:
        act()
    except InvalidError as error:
        return make_response(jsonify({"findings": findings_of(error)}), status_of(error))
    return jsonify({"done": True})


def _act(form: dict[str, str], mailing: Mailing) -> Window | None:
    act, _, argument = form.get("act", "").partition(":")
    match act:
        case "banks" | "email":
            return Window(act)
        case "bank":
            form["bic"] = argument
        case "same":
            form["actual_address"] = form.get("legal_address", "")
        case "close":
            pass
        case "place" if argument in _ADDRESSES:
            form |= {"place_for": argument, "place": "", "place_text": "", "place_address": ""}
            return Window("place")
        case "find" | "pick" | "choose":
            return _place(form, act, argument)
        case "send" | "confirm":
            return _mail(form, act, mailing)
        case _:
            return None
    return Window()


def _place(form: dict[str, str], act: str, argument: str) -> Window:
    """A button of the window «Справочник адресов»."""
    if act == "find":
        form["place"] = ""
        return Window("place", found=find_settlements(form.get("place_text", "")))
    if act == "pick":
        form["place"] = argument
    known = form.get("place", "")
    place = settlements().get(int(known)) if known.isascii() and known.isdigit() else None
    address = form.get("place_address", "")
    if act == "pick" and place is not None:
        return Window("place")
    findings = {}
    if place is None:
        findings["place_text"] = words.gettext("Выберите населённый пункт из списка")
    if not address:
        findings["place_address"] = words.text_of(REQUIRED)
    if place is None or findings:
        return Window("place", findings=findings)
    wanted = form.get("place_for", "")
    if wanted in _ADDRESSES:
        form[wanted] = f"{place.display}, {address}"
    return Window()


def _mail(form: dict[str, str], act: str, mailing: Mailing) -> Window:
    """A button of the window «Подтверждение электронной почты»."""
    email = form.get("new_email", "")
    sending = act == "send"
    try:
        if sending:
            mailing.send(email)
            return Window("email", sent=True)
        mailing.confirm(email, form.get("code", ""))
    except InvalidError as error:
        found = findings_of(error)
        if "email" in found:
            found["new_email"] = found.pop("email")
        return Window("email", findings=found)
    except LockedError as error:
        return Window("email", findings={"new_email" if sending else "code": words.text_of(error.text)})
    form["email"] = email
    return Window()
