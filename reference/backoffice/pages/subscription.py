"""«Obuna»: what there is and can be had, the saved card, a payment on its way (BX-SUB-01, BX-SUB-02)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect

from reference.backoffice.pages import words
from reference.backoffice.pages.frame import Frame, say
from reference.backoffice.pages.orders import ID
from reference.backoffice.pages.states import SUBSCRIPTION_STATES
from reference.backoffice.plans import PLANS
from reference.backoffice.subscriptions import PROVIDERS
from reference.runtime.forms import Form

BRANDS: Final = ("Visa", "Mastercard", "Humo", "Uzcard")
_TEMPLATE: Final = "subscription/subscription.html"
_EXPIRY: Final = r"(0[1-9]|1[0-2])/[0-9]{2}"
_WHOLE: Final = {"1": 1, "12": 12}


def subscription_pages(frame: Frame) -> Blueprint:
    """The pages of the subscription."""
    section = frame.section("subscription")
    desk = frame.desks.subscriptions

    @section.get("/subscription")
    def subscription() -> Any:
        return frame.render(_TEMPLATE, form={}, **_values(frame))

    @section.post("/subscription/choose")
    def choose() -> Any:
        visitor, given = frame.visitor(), frame.form()

        def act() -> str:
            months = _WHOLE.get(given.get("months", ""), 0)
            made = desk.choose(visitor, given.get("plan", ""), months, given.get("provider", ""))
            return f"/checkout/{made.id}"

        return frame.answer(_TEMPLATE, act, **_values(frame))

    @section.post("/subscription/renewal")
    def renewal() -> Any:
        visitor, wanted = frame.visitor(), bool(frame.form().get("renews"))

        def act() -> str:
            desk.renew_by_itself(visitor, wanted)
            say(words.gettext("Avtomatik yangilash yoqildi") if wanted else _off())
            return "/subscription"

        return frame.answer(_TEMPLATE, act, **_values(frame))

    @section.post("/subscription/card")
    def card() -> Any:
        visitor, given = frame.visitor(), frame.form()

        def act() -> str:
            form = Form(given, ("brand", "last", "expiry"))
            brand = form.one_of("brand", BRANDS)
            last = form.text("last", 4, least=1, pattern="[0-9]{4}")
            expiry = form.text("expiry", 5, least=1, pattern=_EXPIRY)
            form.done()
            desk.save_card(visitor, brand, last, expiry)
            say(words.gettext("Karta saqlandi"))
            return "/subscription"

        return frame.answer(_TEMPLATE, act, **_values(frame))

    @section.post("/subscription/card/forget")
    def forget() -> Any:
        desk.forget_card(frame.visitor())
        say(words.gettext("Karta o'chirildi"))
        return redirect("/subscription", 303)

    @section.get(f"/subscription/invoices/{ID}")
    def invoice(number: int) -> Any:
        standing = frame.desks.checkout.show(frame.visitor(), number)
        plan = PLANS[standing.invoice.plan]
        return frame.render("subscription/invoice.html", standing=standing, plan=plan)

    return section


def _off() -> str:
    return words.gettext("Avtomatik yangilash o'chirildi")


def _values(frame: Frame) -> dict[str, Any]:
    return {
        "subscription": frame.desks.subscriptions.view(frame.visitor()),
        "plans": [plan for plan in PLANS.values() if plan.month is not None],
        "providers": PROVIDERS,
        "brands": BRANDS,
        "states": SUBSCRIPTION_STATES,
    }
