"""What all pages stand in: layout, language, forms with their findings, signatures, and how refusals look."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ofd_mock.portal import tables
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, PasswordDueError, PortalError, StrangerError
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.session import visitor_of, visitor_or_none
from ofd_mock.portal.web.api import place_of, status_of
from ofd_mock.portal.web.desks import Desks
from reference.protocol.kz.results import Texts

PASSWORD_PAGE: Final = "/me"  # noqa: S105 - an address
HERE: Final = Path(__file__).parent
_log = structlog.get_logger("portal")


@dataclass(frozen=True, slots=True)
class Account:
    """What the top bar shows of the organisation."""

    name: str
    personal_account: int
    balance: int


class Frame:
    """The frame of one portal; `signing` is the address of the signing service that browsers dial."""

    def __init__(self, desks: Desks, signing: str) -> None:
        self.desks = desks
        self.signing = signing

    def section(self, name: str) -> Blueprint:
        """A blueprint of pages; its templates stand in `templates/portal/<name>`."""
        return Blueprint(name, __name__)

    def visitor(self) -> Visitor:
        """Who is logged in; StrangerError, which leads to the login page, when nobody is.

        Whose password was given to him sees but the page where he chooses another: PasswordDueError.
        """
        visitor = visitor_of(self.desks.entrance)
        if visitor.must_change and request.path != PASSWORD_PAGE:
            raise PasswordDueError
        return visitor

    def render(self, template: str, status: int = 200, **values: Any) -> tuple[str, int]:
        """A page: `template` below `templates/portal`, with whatever the frame needs."""
        visitor = visitor_or_none(self.desks.entrance)
        account = None if visitor is None else self._account(visitor)
        known = {"visitor": visitor, "account": account, "signing_address": self.signing}
        return render_template(f"portal/{template}", **(known | values)), status

    def form(self) -> dict[str, str]:
        """The fields of the form that was sent, without the frame's own; spaces around values are dropped."""
        return {name: value.strip() for name, value in request.form.items() if name != "csrf_token"}

    def answer(
        self, template: str, act: Callable[[], str | Response], /, **values: Any
    ) -> Response | tuple[str, int]:
        """Do what a form asks for, and go on to the address that `act` gives (or answer with its response).

        A refusal shows the form again: `template` with `values`, every finding at its field (`findings`),
        the refusal above (`refused`), and what was typed (`form`). StrangerError, DeniedError and
        UnknownError go their own way.
        """
        try:
            done = act()
        except InvalidError as error:
            found = findings_of(error)
            return self.render(template, status_of(error), form=self.form(), findings=found, **values)
        except PortalError as error:
            if status_of(error) in (401, 403, 404):
                raise
            refused = words.text_of(error.text)
            return self.render(template, status_of(error), form=self.form(), refused=refused, **values)
        # 303: the browser asks anew with GET, and a reload does not act again.
        return redirect(done, 303) if isinstance(done, str) else done

    def _account(self, visitor: Visitor) -> Account:
        with self.desks.office.reading() as session:
            table = tables.Organisation
            query = select(table.name, table.personal_account, table.balance)
            row = session.execute(query.where(table.id == visitor.organisation)).one()
        return Account(*row)


def say(text: Texts | str) -> None:
    """A message that the next page shows."""
    flash(words.text_of(text) if isinstance(text, Texts) else text)


def findings_of(error: InvalidError) -> dict[str, str]:
    """Findings by field, in the language of the request; the first of each field."""
    found: dict[str, str] = {}
    for each in error.findings:
        found.setdefault(each.field, words.text_of(each.text))
    return found


def tenge(tiyn: int) -> str:
    """An amount as the portal writes it: no grouping, no trailing zeros (kz-ofd §15.4)."""
    sign, amount = ("-", -tiyn) if tiyn < 0 else ("", tiyn)
    whole, rest = divmod(amount, 100)
    return f"{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".") + " ₸" if rest else f"{sign}{whole} ₸"


def furnish(app: Flask, frame: Frame) -> None:
    """Give an application templates, words, filters, and the looks of refusals outside the API."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # Jinja's own types know nothing of its extensions.
    install: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(words.gettext, words.ngettext, newstyle=True)
    app.jinja_env.filters["tenge"] = tenge
    app.jinja_env.filters["said"] = words.text_of
    app.jinja_env.filters["b64"] = lambda text: base64.b64encode(text.encode()).decode()
    app.jinja_env.globals["language"] = words.language
    app.jinja_env.globals["languages"] = words.LANGUAGES
    app.register_error_handler(PortalError, lambda error: _refused(frame, error))
    app.register_error_handler(CSRFError, lambda error: _stale(frame, error))


def wants_json() -> bool:
    """Whether a script of ours asks; it says so."""
    return request.accept_mimetypes.best == "application/json"


def _told(frame: Frame, status: int, text: str) -> Any:
    """A refusal as a page, or as scripts read it."""
    if wants_json():
        return {"error": text}, status
    return frame.render("refused.html", status, text=text)


def _refused(frame: Frame, error: PortalError) -> Any:
    if isinstance(error, StrangerError) and not wants_json():
        say(error.text)
        return redirect("/login?next=" + quote(_place(), safe="/"), 303)
    if isinstance(error, PasswordDueError) and not wants_json():
        say(error.text)
        return redirect(PASSWORD_PAGE, 303)
    return _told(frame, status_of(error), words.text_of(error.text))


def _place() -> str:
    """Where somebody was whose session is over: the page, or the page of the form that he sent."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    return request.full_path.rstrip("?") if adapter.test(request.path, "GET") else "/cabinet"


def _stale(frame: Frame, error: CSRFError) -> Any:
    _log.info("a form was not ours", reason=error.description)
    text = words.gettext("Страница устарела. Вернитесь, обновите её и повторите.")
    return _told(frame, 400, text)


def http_refused(frame: Frame, error: HTTPException) -> Any:
    """A page for what Flask itself refuses: no such address, wrong method, too large."""
    texts = {
        404: words.gettext("Страница не найдена"),
        413: words.gettext("Слишком большой запрос"),
        429: words.gettext("Слишком много попыток, повторите позже"),
    }
    status = error.code or 500
    return _told(frame, status, texts.get(status, words.gettext("Неверный запрос")))


def failed(frame: Frame, error: Exception) -> Any:
    """A page that tells nothing of the inside; the log has it."""
    _log.error("a page failed", path=place_of(request), exc_info=error)
    text = words.gettext("Внутренняя ошибка, повторите позже")
    return _told(frame, 500, text)
