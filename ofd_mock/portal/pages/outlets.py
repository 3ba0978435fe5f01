"""«Торговая точка»: adding one, its settings, removing it (KZ-OUT-01, KZ-OUT-02)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, request

from ofd_mock.portal.directories import Settlement, find_settlements, settlements
from ofd_mock.portal.outlets import ADDED, REMOVED
from ofd_mock.portal.pages.card_parts import ID
from ofd_mock.portal.pages.choices import FIND, Choice, Directory, choosing, number_or_text
from ofd_mock.portal.pages.frame import Frame, say

_FIELDS: Final = ("name", "street", "house", "building", "room")


def outlet_pages(frame: Frame) -> Blueprint:
    """Pages of outlets."""
    section = frame.section("outlets")
    desk = frame.desks.outlets

    @section.get("/outlets/new")
    def new() -> Any:
        frame.visitor().require_administrator()
        return frame.render("outlets/new.html", form={}, findings={}, settlement=_settlement({}))

    @section.post("/outlets/new")
    def add() -> Any:
        visitor, form = frame.visitor(), frame.form()
        visitor.require_administrator()
        place = _settlement(form)
        if FIND in form:
            return frame.render("outlets/new.html", form=form, findings={}, settlement=place)

        def act() -> str:
            given = {name: form.get(name, "") for name in _FIELDS}
            desk.add(visitor, given | {"settlement": number_or_text("settlement", form)})
            say(ADDED)
            return "/cabinet"

        return frame.answer("outlets/new.html", act, settlement=place)

    @section.get(f"/outlets/{ID}")
    def settings(number: int) -> Any:
        outlet = desk.one(frame.visitor(), number)
        return frame.render("outlets/settings.html", outlet=outlet)

    @section.post(f"/outlets/{ID}")
    def remove(number: int) -> Any:
        visitor = frame.visitor()
        outlet = desk.one(visitor, number)

        def act() -> str:
            if request.form.get("act") == "remove":
                desk.remove(visitor, number)
                say(REMOVED)
            return "/cabinet"

        return frame.answer("outlets/settings.html", act, outlet=outlet)

    return section


def _settlement(form: Mapping[str, str]) -> Any:
    return choosing("settlement", form, Directory(_find, _by_number))


def _find(typed: str) -> list[Choice]:
    return [_choice(place) for place in find_settlements(typed)]


def _by_number(number: int) -> Choice | None:
    place = settlements().get(number)
    return None if place is None else _choice(place)


def _choice(place: Settlement) -> Choice:
    return Choice(place.id, place.display)
