"""«To'lov sozlamalari»: Multicard by branch, its secret never shown again, the others soon (BX-PAY-01)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect

from reference.backoffice.merchants import MULTICARD, SOON
from reference.backoffice.pages import words
from reference.backoffice.pages.frame import Frame, say
from reference.backoffice.pages.orders import ID

NAMES: Final = {MULTICARD: "Multicard", "atmos": "ATMOS", "click": "Click", "payme": "Payme"}


def payment_pages(frame: Frame) -> Blueprint:
    """The pages of payment settings."""
    section = frame.section("payments")
    desks = frame.desks

    @section.get("/payments")
    def payments() -> Any:
        frame.visitor()
        known = frame.branches()
        chosen = frame.branch() or (known[0][0] if len(known) == 1 else None)
        if chosen is not None:
            return redirect(f"/payments/{chosen}", 303)
        return frame.render("payments/choose.html")

    @section.get(f"/payments/{ID}")
    def providers(number: int) -> Any:
        visitor = frame.visitor()
        return frame.render(
            "payments/providers.html",
            merchant=desks.merchants.view(visitor, number),
            place=desks.branches.one(visitor, number),
            soon=[NAMES[each] for each in SOON],
        )

    @section.get(f"/payments/{ID}/multicard")
    def multicard(number: int) -> Any:
        visitor = frame.visitor()
        merchant = desks.merchants.view(visitor, number)
        form = {
            "store": merchant.store,
            "application": merchant.application,
            "active": merchant.active or not merchant.has_secret,
        }
        place = desks.branches.one(visitor, number)
        return frame.render("payments/multicard.html", merchant=merchant, place=place, form=form)

    @section.post(f"/payments/{ID}/multicard")
    def save(number: int) -> Any:
        visitor, given = frame.visitor(), frame.form()
        merchant, place = desks.merchants.view(visitor, number), desks.branches.one(visitor, number)

        def act() -> str:
            facts = {name: given.get(name, "") for name in ("store", "application", "secret")}
            desks.merchants.save(visitor, number, facts | {"active": bool(given.get("active"))})
            say(words.gettext("Sozlamalar saqlandi"))
            return f"/payments/{number}"

        return frame.answer("payments/multicard.html", act, merchant=merchant, place=place)

    return section
