"""«Filiallar»: cards, a new branch, and its points of sale: linked, seen and cut (BX-BRN-01, BX-BRN-02)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from reference.backoffice.branches import LinkView
from reference.backoffice.entrance import Visitor
from reference.backoffice.pages import words
from reference.backoffice.pages.frame import Frame, say
from reference.backoffice.pages.orders import ID
from reference.runtime.refusals import UnknownError

_LINK: Final = f"/branches/{ID}/links/<int(min=1,max=9007199254740991):link>"


def branch_pages(frame: Frame) -> Blueprint:
    """The pages of branches."""
    section = frame.section("branches")
    desk = frame.desks.branches

    @section.get("/branches")
    def branches() -> Any:
        return frame.render("branches/list.html", known=desk.all(frame.visitor()))

    @section.get("/branches/new")
    def new() -> Any:
        return frame.render("branches/new.html", known=desk.all(frame.visitor()), form={})

    @section.post("/branches/new")
    def add() -> Any:
        visitor, given = frame.visitor(), frame.form()

        def act() -> Any:
            made, password = desk.add(visitor, {name: given.get(name, "") for name in _FIELDS})
            # In place of a redirect: the password is told once, and stands in no cookie on its way.
            return _told_once(frame, "branches/login.html", 201, branch=made, password=password, made=True)

        return frame.answer("branches/new.html", act, known=desk.all(visitor))

    _add_one(frame, section)
    _add_links(frame, section)
    return section


_FIELDS: Final = ("name", "address", "phone")


def _add_one(frame: Frame, section: Blueprint) -> None:
    """One branch: its facts, their change, its POS login."""
    desk = frame.desks.branches

    @section.get(f"/branches/{ID}")
    def branch(number: int) -> Any:
        found = desk.one(frame.visitor(), number)
        facts = {name: getattr(found, name) for name in (*_FIELDS, "active")}
        return frame.render("branches/branch.html", branch_view=found, form=facts)

    @section.post(f"/branches/{ID}")
    def change(number: int) -> Any:
        visitor, given = frame.visitor(), frame.form()
        found = desk.one(visitor, number)

        def act() -> str:
            facts = {name: given.get(name, "") for name in _FIELDS}
            desk.change(visitor, number, facts | {"active": bool(given.get("active"))})
            say(words.gettext("O'zgarishlar saqlandi"))
            return f"/branches/{number}"

        return frame.answer("branches/branch.html", act, branch_view=found)

    @section.get(f"/branches/{ID}/login")
    def login(number: int) -> Any:
        found = desk.one(frame.visitor(), number)
        return frame.render("branches/login.html", branch_view=found, password="", made=False)

    @section.post(f"/branches/{ID}/login")
    def password(number: int) -> Any:
        visitor = frame.visitor()
        told = desk.new_password(visitor, number)
        found = desk.one(visitor, number)
        return _told_once(frame, "branches/login.html", 200, branch=found, password=told, made=False)


def _add_links(frame: Frame, section: Blueprint) -> None:
    """Points of sale of a branch: linked by the text of a QR code, cut after a question."""
    desk = frame.desks.branches

    @section.get(f"/branches/{ID}/link")
    def scan(number: int) -> Any:
        found = desk.one(frame.visitor(), number)
        return frame.render("branches/link.html", branch_view=found, minutes=_minutes(frame))

    @section.post(f"/branches/{ID}/link")
    def link(number: int) -> Any:
        visitor, code = frame.visitor(), frame.form().get("code", "")
        found = desk.one(visitor, number)

        def act() -> str:
            made = desk.take_offer(visitor, number, code)
            say(words.gettext("POS qurilma ulandi: %(device)s") % {"device": made.device})
            return f"/branches/{number}"

        return frame.answer("branches/link.html", act, branch_view=found, minutes=_minutes(frame))

    @section.get(f"{_LINK}/cut")
    def ask(number: int, link: int) -> Any:
        visitor = frame.visitor()
        found = desk.one(visitor, number)
        return frame.render("branches/cut.html", branch_view=found, link=_of(frame, visitor, number, link))

    @section.post(f"{_LINK}/cut")
    def cut(number: int, link: int) -> Any:
        desk.cut(frame.visitor(), number, link)
        say(words.gettext("Ulanish o'chirildi"))
        return frame.answer("branches/cut.html", lambda: f"/branches/{number}")


def _minutes(frame: Frame) -> int:
    """How long a QR code counts."""
    return max(1, round(frame.desks.office.settings.offer_seconds / 60))


def _of(frame: Frame, visitor: Visitor, branch: int, link: int) -> LinkView:
    """A point of sale of a branch; UnknownError."""
    for each in frame.desks.branches.one(visitor, branch).links:
        if each.id == link:
            return each
    raise UnknownError("link")


def _told_once(frame: Frame, template: str, status: int, *, branch: Any, password: str, made: bool) -> Any:
    page, _ = frame.render(template, branch_view=branch, password=password, made=made)
    return page, status, {"Cache-Control": "no-store"}
