"""What all pages stand in: layout, language, chosen branch, forms with their findings, how refusals look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, session
from flask_wtf.csrf import CSRFError
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from reference.backoffice import tables
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Visitor
from reference.backoffice.pages import labels, words
from reference.backoffice.pages.formats import FILTERS
from reference.backoffice.pages.session import visitor_of, visitor_or_none
from reference.protocol.uz.values import to_tashkent
from reference.runtime.json_refusals import INSIDE, status_of
from reference.runtime.refusals import DeskError, InvalidError, LockedError, RefusedError, StrangerError
from reference.runtime.words import Words

HERE: Final = Path(__file__).parent
HOME: Final = "/dashboard"
PASSWORD_PAGE: Final = "/password"  # noqa: S105 - an address
BRANCH: Final = "branch"
"""Where the form cookie keeps the chosen branch."""
_RENEW: Final = Words("Yangi parol o'rnating", "Установите новый пароль", "Set a new password first")
_log = structlog.get_logger("backoffice")


class PasswordDueError(RefusedError):
    """A reset password has to be changed before anything else (BX-LOG-01)."""

    def __init__(self) -> None:
        super().__init__("renew", _RENEW)


class Frame:
    """The frame of one owner portal."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks

    def section(self, name: str) -> Blueprint:
        """A blueprint of pages; its templates stand in `templates/owner/<name>`."""
        return Blueprint(f"page-{name}", __name__)

    def visitor(self) -> Visitor:
        """Who is logged in; StrangerError leads to the login, PasswordDueError to a new password."""
        visitor = visitor_of(self.desks.entrance)
        if visitor.renew and request.path != PASSWORD_PAGE:
            raise PasswordDueError
        return visitor

    def branches(self) -> list[tuple[int, str]]:
        """Id and name of every branch of who is logged in, asked once a request."""
        if "branches" not in g:
            table, visitor = tables.Branch, self.visitor()
            with self.desks.office.reading() as rows:
                query = select(table.id, table.name).where(table.owner == visitor.owner).order_by(table.id)
                g.branches = [(int(number), str(name)) for number, name in rows.execute(query)]
        known: list[tuple[int, str]] = g.branches
        return known

    def branch(self) -> int | None:
        """The branch that everything is filtered by; None: all. Another owner's counts as none."""
        chosen = session.get(BRANCH)
        return chosen if any(chosen == number for number, _ in self.branches()) else None

    def render(self, template: str, status: int = 200, **values: Any) -> tuple[str, int]:
        """A page: `template` below `templates/owner`, with whatever the frame needs."""
        visitor = visitor_or_none(self.desks.entrance)
        inside = visitor is not None and not visitor.renew
        known = {
            "visitor": visitor,
            "inside": inside,
            "branches": self.branches() if inside else [],
            "branch": self.branch() if inside else None,
        }
        return render_template(f"owner/{template}", **(known | values)), status

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
        except DeskError as error:
            if status_of(error) in (401, 403, 404):
                raise
            told = refusal_of(error)
            return self.render(template, status_of(error), form=self.form(), refused=told, **values)
        # 303: the browser asks anew with GET, and a reload does not act again.
        return redirect(done, 303) if isinstance(done, str) else done


def say(text: Words | str) -> None:
    """A message that the next page shows."""
    flash(words.text_of(text) if isinstance(text, Words) else text)


def findings_of(error: InvalidError) -> dict[str, str]:
    """Findings by field, in the language of the request; the first of each field."""
    found: dict[str, str] = {}
    for each in error.findings:
        found.setdefault(each.field, words.text_of(each.words))
    return found


def refusal_of(error: DeskError) -> str:
    """A refusal as a sentence; of a lock also until when."""
    told = words.text_of(error.words)
    if isinstance(error, LockedError):
        until = to_tashkent(error.until).strftime("%H:%M:%S")
        return f"{told} ({until})"
    return told


def furnish(app: Flask, frame: Frame) -> None:
    """Give an application templates, words, filters, and the looks of refusals outside the API."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # Jinja's own types know nothing of its extensions.
    install: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(words.gettext, words.ngettext, newstyle=True)
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.filters["said"] = words.text_of
    app.jinja_env.filters["role"] = labels.role_name
    app.jinja_env.globals.update(
        language=words.language, languages=words.LANGUAGES, order_state=labels.order_state
    )
    app.register_error_handler(DeskError, lambda error: _refused(frame, error))
    app.register_error_handler(CSRFError, lambda error: _stale(frame, error))


def _refused(frame: Frame, error: DeskError) -> Any:
    if isinstance(error, StrangerError):
        say(error.words)
        return redirect("/login?next=" + quote(_place(), safe="/"), 303)
    if isinstance(error, PasswordDueError):
        say(error.words)
        return redirect(PASSWORD_PAGE, 303)
    if isinstance(error, InvalidError):
        return frame.render("refused.html", status_of(error), text="; ".join(findings_of(error).values()))
    return frame.render("refused.html", status_of(error), text=refusal_of(error))


def _place() -> str:
    """Where somebody was whose session is over: the page, or the page of the form that he sent."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    return request.full_path.rstrip("?") if adapter.test(request.path, "GET") else HOME


def _stale(frame: Frame, error: CSRFError) -> Any:
    _log.info("a form was not ours", reason=error.description)
    text = words.gettext("Sahifa eskirgan. Orqaga qaytib, uni yangilang va qaytadan yuboring.")
    return frame.render("refused.html", 400, text=text)


def http_refused(frame: Frame, error: HTTPException) -> Any:
    """A page for what Flask itself refuses: no such address, wrong method, too large."""
    texts = {
        404: words.gettext("Sahifa topilmadi"),
        413: words.gettext("So'rov juda katta"),
        429: words.gettext("Urinishlar ko'p, keyinroq qaytaring"),
    }
    status = error.code or 500
    return frame.render("refused.html", status, text=texts.get(status, words.gettext("So'rov noto'g'ri")))


def failed(frame: Frame, error: Exception) -> Any:
    """A page that tells nothing of the inside; the log has it."""
    rule = request.url_rule
    _log.error("a page failed", path=rule.rule if rule else request.path, exc_info=error)
    return frame.render("refused.html", 500, text=words.text_of(INSIDE))
