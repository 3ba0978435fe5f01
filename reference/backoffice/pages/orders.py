"""«Buyurtmalar»: the list with its filters, and one order with products and fiscal receipt (BX-ORD-01)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from reference.backoffice.pages.asked import Asked
from reference.backoffice.pages.frame import Frame
from reference.backoffice.pages.labels import ORDER_STATES
from reference.backoffice.pages.states import FISCAL_STATES, GROUPS, TRANSACTION_STATES
from reference.backoffice.reports import PAGE

_FISCAL: Final = ("unacknowledged", *FISCAL_STATES)
ID: Final = "<int(min=1,max=9007199254740991):number>"
"""A row's id in an address."""


def order_pages(frame: Frame) -> Blueprint:
    """The pages of orders."""
    section = frame.section("orders")
    desks = frame.desks

    @section.get("/orders")
    def orders() -> Any:
        visitor, branch, asked = frame.visitor(), frame.branch(), Asked()
        state, fiscal = asked.choice("state", tuple(ORDER_STATES)), asked.choice("fiscal", _FISCAL)
        before = asked.number("before") or 0
        rows = []
        if not asked.findings:
            rows = desks.reports.orders(visitor, branch, state=state, fiscal=fiscal, before=before)
        return frame.render(
            "orders/list.html",
            asked.status,
            asked=asked,
            findings=asked.findings,
            rows=rows,
            next=asked.address(before=rows[-1].id) if len(rows) == PAGE else "",
            first=asked.address(before=None) if before else "",
            order_states=tuple(ORDER_STATES),
            unacknowledged=desks.reports.unacknowledged(visitor, branch),
            fiscal_states=FISCAL_STATES,
        )

    @section.get(f"/orders/{ID}")
    def order(number: int) -> Any:
        found = desks.details.order(frame.visitor(), number)
        return frame.render(
            "orders/order.html",
            order=found,
            fiscal_states=FISCAL_STATES,
            states=TRANSACTION_STATES,
            groups=GROUPS,
        )

    return section
