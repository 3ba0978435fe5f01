"""«Данные организации»: the facts, and what the administrator may change of them (PG-05)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request

from ofd_mock.portal.directories import banks
from ofd_mock.portal.organisations import CHANGED
from ofd_mock.portal.pages.details_form import Mailing, add_mailing, details_of, form_values, turned
from ofd_mock.portal.pages.frame import Frame, say

PATH: Final = "/organisation"
_EDIT: Final = "organisation/edit.html"


def organisation_pages(frame: Frame) -> Blueprint:
    """The facts, and the form of their change with its windows."""
    section = frame.section("organisation")
    desk, papers = frame.desks.organisations, frame.desks.papers

    def mailing() -> Mailing:
        visitor = frame.visitor()
        return Mailing(
            lambda email: desk.send_code(visitor, email),
            lambda email, code: desk.confirm_code(visitor, email, code),
        )

    @section.get(PATH)
    def facts() -> Any:
        known = papers.organisation(frame.visitor())
        return frame.render("organisation/facts.html", facts=known, bank=banks().get(known["bic"] or ""))

    @section.get(f"{PATH}/edit")
    def edit() -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        known = papers.organisation(visitor)
        return frame.render(_EDIT, form=details_of(known), facts=known, **form_values())

    @section.post(f"{PATH}/edit")
    def change() -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        values = {"facts": papers.organisation(visitor), **form_values()}
        page = turned(frame, _EDIT, mailing(), **values)
        if page is not None:
            return page

        def act() -> str:
            desk.change(visitor, details_of(frame.form()), request.remote_addr or "")
            say(CHANGED)
            return PATH

        return frame.answer(_EDIT, act, **values)

    add_mailing(section, PATH, mailing)
    return section
