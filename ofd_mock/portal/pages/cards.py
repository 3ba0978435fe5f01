"""«Касса»: the form, the check of a draft, its signature, the register's page (KZ-KKM-01…03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, redirect, request

from ofd_mock.portal.directories import find_models, models
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, UnknownError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.outlets import OutletView
from ofd_mock.portal.pages.card_parts import ID, Place, card_values, place_of
from ofd_mock.portal.pages.choices import FIND, TYPED, Choice, Directory, choosing, number_or_text
from ofd_mock.portal.pages.frame import Frame, findings_of, say
from reference.protocol.kz.device_states import DeviceState

_PLAIN: Final = ("name", "serial", "year", "consent")
_FORM: Final = "cards/form.html"
_CHECK: Final = "cards/check.html"


def card_pages(frame: Frame) -> Blueprint:
    """Pages of one register, but for what is done with it once it is registered."""
    section = frame.section("cards")
    desk = frame.desks.cards

    @section.get("/cards/new")
    def new() -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        form = {"outlet": request.args.get("outlet", "")}
        return frame.render(_FORM, form=form, findings={}, **form_values(frame, visitor, form))

    @section.post("/cards/new")
    def add() -> Any:
        return _save(frame, None)

    @section.get(f"/cards/{ID}/form")
    def form(number: int) -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        place = place_of(frame, visitor, number)
        if place.card.state is not DeviceState.DRAFT:
            return redirect(place.address, 303)
        known = _form_of(place)
        return frame.render(_FORM, form=known, findings={}, **form_values(frame, visitor, known, place))

    @section.post(f"/cards/{ID}/form")
    def save(number: int) -> Any:
        return _save(frame, number)

    @section.get(f"/cards/{ID}/check")
    def check(number: int) -> Any:
        visitor = frame.visitor()
        try:
            done = desk.check(visitor, number)
        except InvalidError as error:
            place = place_of(frame, visitor, number)
            known, found = _form_of(place), findings_of(error)
            values = form_values(frame, visitor, known, place)
            return frame.render(_FORM, 422, form=known, findings=found, **values)
        text = desk.application(visitor, number, Act.SIGN_REGISTRATION)
        return frame.render(_CHECK, checked=done.message, text=text, place=place_of(frame, visitor, number))

    @section.post(f"/cards/{ID}/check")
    def sign(number: int) -> Any:
        visitor = frame.visitor()
        text = desk.application(visitor, number, Act.SIGN_REGISTRATION)

        def act() -> str:
            done = desk.sign(visitor, number, Act.SIGN_REGISTRATION, frame.form().get("cms", ""))
            if done.message is not None:
                say(done.message)
            return "/cabinet"

        return frame.answer(_CHECK, act, text=text, place=place_of(frame, visitor, number))

    @section.get(f"/cards/{ID}")
    def card(number: int) -> Any:
        place = place_of(frame, frame.visitor(), number)
        return frame.render("cards/card.html", place=place, **card_values())

    return section


def _save(frame: Frame, number: int | None) -> Any:
    """«Сохранить», «Продолжить» and, without a script, «Найти» of the form."""
    visitor, form = frame.visitor(), frame.form()
    visitor.require_administrator()
    place = None if number is None else place_of(frame, visitor, number)
    values = form_values(frame, visitor, form, place)
    if FIND in form:
        return frame.render(_FORM, form=form, findings={}, **values)

    def act() -> str:
        given = {name: form.get(name, "") for name in _PLAIN}
        given |= {name: number_or_text(name, form) for name in ("model", "outlet")}
        saved = frame.desks.cards.save(visitor, given, number)
        return f"/cards/{saved}/check" if form.get("go") == "check" else "/cabinet"

    return frame.answer(_FORM, act, **values)


def form_values(
    frame: Frame, visitor: Visitor, form: Mapping[str, str], place: Place | None = None
) -> dict[str, Any]:
    """What the form shows beside its fields: the choices of model and outlet, and whose form it is."""
    return {
        "model": choosing("model", form, Directory(_find_models, _model)),
        "outlet": choosing("outlet", form, outlets_of(frame, visitor)),
        "place": place,
    }


def outlets_of(frame: Frame, visitor: Visitor) -> Directory:
    """The visitor's outlets to choose from."""
    desk = frame.desks.outlets

    def by_number(number: int) -> Choice | None:
        try:
            return _outlet(desk.one(visitor, number))
        except UnknownError:
            return None

    return Directory(lambda typed: [_outlet(each) for each in desk.find(visitor, typed)], by_number)


def _outlet(outlet: OutletView) -> Choice:
    return Choice(outlet.id, outlet.name, outlet.address)


def _find_models(typed: str) -> list[Choice]:
    return [Choice(model.id, model.name) for model in find_models(typed)]


def _model(number: int) -> Choice | None:
    model = models().get(number)
    return None if model is None else Choice(model.id, model.name)


def _form_of(place: Place) -> dict[str, str]:
    """A kept draft as the form's fields."""
    card = place.card
    return {
        "name": card.name,
        "model": str(card.model_id or ""),
        f"model{TYPED}": card.model,
        "serial": card.serial,
        "year": str(card.year or ""),
        "outlet": str(card.outlet),
        f"outlet{TYPED}": "" if place.outlet is None else place.outlet.name,
        "consent": "1" if card.consent else "",
    }
