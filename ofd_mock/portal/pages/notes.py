"""«Журнал действий»: who did what, when and from where."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from ofd_mock.portal.note_texts import NOTES, note_text
from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.paging import PAGE, page_of
from ofd_mock.portal.papers import NoteFilter


def note_pages(frame: Frame) -> Blueprint:
    """One page, for administrators."""
    section = frame.section("notes")
    desks = frame.desks

    @section.get("/notes")
    def notes() -> Any:
        visitor, asked = frame.visitor(), Asked()
        act, user = asked.choice("act", tuple(NOTES)), asked.number("user")
        wanted = NoteFilter(act, user, asked.day("first"), asked.day("last"))
        before = asked.number("before")
        users = {each.id: each.login for each in desks.members.users(visitor)}
        page = page_of([] if asked.findings else desks.papers.notes(visitor, PAGE + 1, wanted, before))
        return frame.render(
            "notes/notes.html",
            asked.status,
            asked=asked,
            notes=page,
            users=users,
            acts=NOTES,
            note_text=note_text,
            findings=asked.findings,
            older=asked.address(before=page.rows[-1]["id"]) if page.more else "",
        )

    return section
