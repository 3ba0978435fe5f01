"""What is done with a registered register: its settings, and an act's pages up to «Подписать».

Every act looks at the rules when its page is shown and again when it is signed: a second tab, the back button
or a second click finds a state in which the act is refused, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, request, session

from ofd_mock.portal.card_form import require_consent
from ofd_mock.portal.cards import Done, Wish
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.pages.card_parts import ID, act_names, card_values, place_of
from ofd_mock.portal.pages.cards import outlets_of
from ofd_mock.portal.pages.choices import FIND, TYPED, choosing, number_or_text
from ofd_mock.portal.pages.frame import Frame, say
from ofd_mock.portal.pages.words import gettext, text_of
from ofd_mock.portal.reasons import REASONS
from ofd_mock.portal.tariffs import TARIFFS, first_of_next_month

_SIGN: Final = "cards/sign.html"
_TOKEN: Final = "token"  # noqa: S105 - a field's name


def card_act_pages(frame: Frame) -> Blueprint:
    """Settings of a register and the pages of its acts."""
    section = frame.section("card_acts")
    _settings(section, frame)
    _tariff(section, frame)
    _pause(section, frame)
    _token(section, frame)
    _reregistration(section, frame)
    _deregistration(section, frame)
    return section


def _settings(section: Blueprint, frame: Frame) -> None:
    @section.get(f"/cards/{ID}/settings")
    def settings(number: int) -> Any:
        place = place_of(frame, frame.visitor(), number)
        return frame.render("cards/settings.html", place=place, **card_values())

    @section.post(f"/cards/{ID}/settings")
    def at_once(number: int) -> Any:
        """What needs neither a form nor a signature: a draft deleted, a refused one taken up again."""
        visitor = frame.visitor()
        place = place_of(frame, visitor, number)

        def act() -> str:
            wanted = request.form.get("act", "")
            if wanted == Act.DELETE.value:
                frame.desks.cards.delete(visitor, number)
                say(gettext("Черновик удалён"))
                return "/cabinet"
            if wanted == Act.RESUME_REGISTRATION.value:
                frame.desks.cards.resume(visitor, number)
                return f"/cards/{number}/form"
            raise UnknownError

        return frame.answer("cards/settings.html", act, place=place, **card_values())


def _signing(
    frame: Frame,
    number: int,
    act: Act,
    wish: Wish,
    told: Callable[[Done], str],
    template: str = _SIGN,
    /,
    **values: Any,
) -> Any:
    """The page of an application, and what its «Подписать» does; refused as soon as the rules refuse it."""
    visitor, cards = frame.visitor(), frame.desks.cards
    text = cards.application(visitor, number, act, wish)
    place = place_of(frame, visitor, number)
    values |= {"text": text, "place": place, "title": act_names()[act]}
    if request.method == "GET":
        return frame.render(template, **values)

    def sign() -> str:
        done = cards.sign(visitor, number, act, frame.form().get("cms", ""), wish)
        say(told(done))
        return "/cabinet"

    return frame.answer(template, sign, **values)


def _message(done: Done) -> str:
    """The act's own message in the language of the request."""
    return text_of(done.message) if done.message is not None else gettext("Заявка подписана")


def _tariff(section: Blueprint, frame: Frame) -> None:
    @section.get(f"/cards/{ID}/tariff")
    def tariffs(number: int) -> Any:
        visitor = frame.visitor()
        # Refused here already where no tariff can be chosen.
        frame.desks.cards.application(visitor, number, Act.CHOOSE_TARIFF, Wish(tariff=min(TARIFFS)))
        place = place_of(frame, visitor, number)
        return frame.render("cards/tariffs.html", place=place, tariffs=TARIFFS.values())

    @section.route(f"/cards/{ID}/tariff/<int:tariff>", methods=["GET", "POST"])
    def choose(number: int, tariff: int) -> Any:
        return _signing(frame, number, Act.CHOOSE_TARIFF, Wish(tariff=tariff), _message)


def _pause(section: Blueprint, frame: Frame) -> None:
    @section.get(f"/cards/{ID}/suspend")
    def suspend(number: int) -> Any:
        visitor = frame.visitor()
        frame.desks.cards.application(visitor, number, Act.SUSPEND)
        place, day = place_of(frame, visitor, number), _next_month(frame)
        return frame.render("cards/suspend.html", place=place, day=day)

    @section.route(f"/cards/{ID}/suspend/sign", methods=["GET", "POST"])
    def sign_suspension(number: int) -> Any:
        def told(_: Done) -> str:
            return gettext("Услуга будет приостановлена с %(day)s") % {"day": _next_month(frame)}

        return _signing(frame, number, Act.SUSPEND, Wish(), told)

    @section.route(f"/cards/{ID}/tariff-off", methods=["GET", "POST"])
    def drop_tariff(number: int) -> Any:
        return _signing(frame, number, Act.DROP_TARIFF, Wish(), lambda _: gettext("Тариф отключен"))


def _next_month(frame: Frame) -> str:
    return f"{first_of_next_month(frame.desks.office.today):%d.%m.%Y}"


def _token(section: Blueprint, frame: Frame) -> None:
    @section.get(f"/cards/{ID}/token")
    def token(number: int) -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        place = place_of(frame, visitor, number)
        kept = session.pop(_TOKEN, None)
        # Shown once, to whoever asked for it: a reload neither shows it again nor makes another.
        fresh = kept[1] if kept is not None and kept[0] == number else None
        return frame.render("cards/token.html", place=place, token=fresh, can=Act.TOKEN in place.card.acts)

    @section.post(f"/cards/{ID}/token")
    def new_token(number: int) -> Any:
        visitor = frame.visitor()
        place = place_of(frame, visitor, number)

        def act() -> str:
            session[_TOKEN] = [number, frame.desks.cards.token(visitor, number)]
            return f"/cards/{number}/token"

        return frame.answer("cards/token.html", act, place=place, can=Act.TOKEN in place.card.acts)


def _reregistration(section: Blueprint, frame: Frame) -> None:
    @section.get(f"/cards/{ID}/reregister")
    def reregister(number: int) -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        place = place_of(frame, visitor, number)
        frame.desks.cards.require(visitor, number, Act.REREGISTER)
        form = {"name": place.card.name, "outlet": str(place.card.outlet)}
        form[f"outlet{TYPED}"] = "" if place.outlet is None else place.outlet.name
        outlet = choosing("outlet", form, outlets_of(frame, visitor))
        return frame.render("cards/reregister.html", place=place, form=form, findings={}, outlet=outlet)

    @section.post(f"/cards/{ID}/reregister")
    def check_move(number: int) -> Any:
        visitor, form = frame.visitor(), frame.form()
        place = place_of(frame, visitor, number)
        outlet = choosing("outlet", form, outlets_of(frame, visitor))
        template = "cards/reregister.html"
        values: dict[str, Any] = {"place": place, "outlet": outlet}
        if FIND in form:
            return frame.render(template, form=form, findings={}, **values)

        def act() -> str:
            require_consent(form)
            given = {"name": form.get("name", ""), "outlet": number_or_text("outlet", form)}
            frame.desks.cards.application(visitor, number, Act.REREGISTER, _move_wish(given))
            return f"/cards/{number}/reregister/sign?{urlencode(given)}"

        return frame.answer(template, act, **values)

    @section.route(f"/cards/{ID}/reregister/sign", methods=["GET", "POST"])
    def sign_move(number: int) -> Any:
        wish = _move_wish({"name": request.args.get("name", ""), "outlet": request.args.get("outlet", "")})
        return _signing(frame, number, Act.REREGISTER, wish, _message)


def _move_wish(given: dict[str, str]) -> Wish:
    return Wish(outlet=_number(given["outlet"]), name=given["name"])


def _deregistration(section: Blueprint, frame: Frame) -> None:
    template = "cards/deregister.html"

    @section.get(f"/cards/{ID}/deregister")
    def deregister(number: int) -> Any:
        visitor = frame.visitor()
        visitor.require_administrator()
        place = place_of(frame, visitor, number)
        frame.desks.cards.require(visitor, number, Act.SIGN_DEREGISTRATION)
        form = {"reason": request.args.get("reason", "")}
        return frame.render(template, place=place, form=form, findings={}, reasons=REASONS)

    @section.post(f"/cards/{ID}/deregister")
    def check_deregistration(number: int) -> Any:
        visitor, form = frame.visitor(), frame.form()
        place = place_of(frame, visitor, number)

        def act() -> str:
            wish = Wish(reason=_number(form.get("reason", "")))
            frame.desks.cards.application(visitor, number, Act.SIGN_DEREGISTRATION, wish)
            require_consent(form)
            return f"/cards/{number}/deregister/check?reason={wish.reason}"

        return frame.answer(template, act, place=place, reasons=REASONS)

    @section.route(f"/cards/{ID}/deregister/check", methods=["GET", "POST"])
    def sign_deregistration(number: int) -> Any:
        reason = _number(request.args.get("reason", ""))
        organisation = frame.desks.papers.organisation(frame.visitor())
        values = {"reason": REASONS.get(reason or 0), "number": reason, "organisation": organisation}
        wish = Wish(reason=reason)
        return _signing(
            frame, number, Act.SIGN_DEREGISTRATION, wish, _message, "cards/deregister_check.html", **values
        )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
