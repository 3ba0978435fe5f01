"""The stand-in pages of Payme and Click, where a chosen plan is paid: no real money is here (BX-SUB-02).

They look otherwise than the portal, as a provider's own page does, and speak to it by its callbacks alone.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from reference.backoffice.checkout import Exchange, Way
from reference.backoffice.pages.frame import Frame, say
from reference.backoffice.pages.orders import ID
from reference.backoffice.plans import PLANS
from reference.runtime.forms import LISTED
from reference.runtime.refusals import Finding, InvalidError

_TEMPLATE = "checkout/checkout.html"
_DELIVER = "deliver"


def checkout_pages(frame: Frame) -> Blueprint:
    """The page where a provider's customer decides."""
    section = frame.section("checkout")
    desk = frame.desks.checkout

    @section.get(f"/checkout/{ID}")
    def checkout(number: int) -> Any:
        standing = desk.show(frame.visitor(), number)
        return frame.render(_TEMPLATE, standing=standing, plan=PLANS[standing.invoice.plan])

    @section.post(f"/checkout/{ID}")
    def decide(number: int) -> Any:
        visitor, wanted = frame.visitor(), frame.form().get("do", "")
        standing = desk.show(visitor, number)

        def act() -> str:
            if wanted == _DELIVER:
                said = desk.deliver(visitor, number)
            elif wanted in list(Way):
                said = desk.go(visitor, number, Way(wanted))
            else:
                raise InvalidError([Finding("do", "list", LISTED)])
            say(f"{standing.invoice.provider.capitalize()}: " + " · ".join(map(_told, said)))
            return f"/subscription/invoices/{number}"

        return frame.answer(_TEMPLATE, act, standing=standing, plan=PLANS[standing.invoice.plan])

    return section


def _told(exchange: Exchange) -> str:
    """One call and its answer, as a line of the stand."""
    answer = f"{exchange.code} {exchange.text}".strip() if exchange.code else "OK"
    return f"{exchange.call} → {answer}"
