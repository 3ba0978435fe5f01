"""The stand-in bank: where «Пополнить» leads, and how the portal hears what became of the money (KZ-TRF-04).

It is no part of the portal but for its address: it looks otherwise, knows of a payment only what its order
says, and tells the portal by its signed word, which may come at once, twice or late.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template

from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.payments import PAID, REFUSED

NOW, TWICE, LATER = "now", "twice", "later"
_STATUSES: Final = {"pay": PAID, "refuse": REFUSED}


def bank_pages(frame: Frame) -> Blueprint:
    """Pages for whoever was sent here with a payment's number; nobody need be logged in."""
    section = frame.section("bank")
    desk = frame.desks.payments

    @section.get("/bank/<number>")
    def order(number: str) -> Any:
        payment = desk.at_bank(number)
        return render_template("portal/bank/order.html", payment=payment, open=payment.bank != PAID)

    @section.post("/bank/<number>")
    def decide(number: str) -> Any:
        form = frame.form()
        status = _STATUSES.get(form.get("do", ""))
        tell = form.get("tell", NOW)
        word = desk.word_again(number) if status is None else desk.decide(number, status)
        if status is not None and tell == LATER:
            flash(words.gettext("Портал пока ничего не знает."))
            return redirect(f"/bank/{number}", 303)
        for _ in range(2 if tell == TWICE else 1):
            desk.notified(word)
        return redirect(f"/account/payments/{number}", 303)

    return section
