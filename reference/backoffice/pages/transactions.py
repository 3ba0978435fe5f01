"""«O'tkazmalar»: payments with count and sum on top, and one of them (BX-TRX-01)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from reference.backoffice.pages.asked import Asked
from reference.backoffice.pages.frame import Frame
from reference.backoffice.pages.orders import ID
from reference.backoffice.pages.states import GROUPS, TRANSACTION_STATES
from reference.backoffice.reports import PAGE


def transaction_pages(frame: Frame) -> Blueprint:
    """The pages of payments."""
    section = frame.section("transactions")
    desks = frame.desks

    @section.get("/transactions")
    def transactions() -> Any:
        visitor, asked = frame.visitor(), Asked()
        before = asked.number("before") or 0
        page = desks.reports.transactions(visitor, frame.branch(), before)
        return frame.render(
            "transactions/list.html",
            asked.status,
            findings=asked.findings,
            page=page,
            next=asked.address(before=page.rows[-1].id) if len(page.rows) == PAGE else "",
            first=asked.address(before=None) if before else "",
            states=TRANSACTION_STATES,
            groups=GROUPS,
        )

    @section.get(f"/transactions/{ID}")
    def transaction(number: int) -> Any:
        row, order = desks.details.transaction(frame.visitor(), number)
        return frame.render(
            "transactions/transaction.html", row=row, order=order, states=TRANSACTION_STATES, groups=GROUPS
        )

    return section
