"""«Profil»: who the owner is, plan and branches, devices that are logged in, «Chiqish» (BX-PRF-01)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect

from reference.backoffice.pages.frame import Frame, say
from reference.backoffice.pages.session import forget, session_key
from reference.backoffice.pages.words import gettext


def profile_pages(frame: Frame) -> Blueprint:
    """One page, and the end of a session on another device."""
    section = frame.section("profile")
    desks = frame.desks

    @section.get("/profile")
    def profile() -> Any:
        visitor = frame.visitor()
        return frame.render(
            "profile/profile.html",
            profile=desks.entrance.profile(visitor),
            visits=desks.entrance.visits(session_key()),
            subscription=desks.subscriptions.view(visitor),
            places=desks.branches.all(visitor),
        )

    @section.post("/profile/sessions/<handle>/end")
    def end(handle: str) -> Any:
        visitor = frame.visitor()
        mine = any(each.mine and each.handle == handle for each in desks.entrance.visits(session_key()))
        desks.entrance.end_visit(visitor, handle)
        if mine:
            return forget(redirect("/login", 303))
        say(gettext("Seans tugatildi"))
        return redirect("/profile", 303)

    return section
