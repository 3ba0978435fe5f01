"""«Лицевой счет»: balance, charges by register, forecast, statement, and the way to the bank (KZ-TRF-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response

from ofd_mock.portal.entrance import ADMINISTRATOR, Visitor
from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.pages.statement import statement_csv, statement_pdf
from ofd_mock.portal.paging import PAGE, page_of
from ofd_mock.portal.tariffs import TARIFFS
from ofd_mock.portal.web.desks import Desks
from reference.runtime.chance import secret

DAYS, MONTHS = "day", "month"
_PAGE: Final = "account/account.html"


def account_pages(frame: Frame) -> Blueprint:
    """The page that a login by password leads to (PG-03)."""
    section = frame.section("account")
    desks = frame.desks

    @section.get("/account")
    def account() -> Any:
        visitor, asked = frame.visitor(), Asked()
        values = _values(desks, visitor, asked)
        return frame.render(_PAGE, asked.status, form={}, findings=asked.findings, **values)

    @section.post("/account")
    def top_up() -> Any:
        visitor = frame.visitor()

        def act() -> str:
            return f"/bank/{desks.payments.order(visitor, frame.form())}"

        return frame.answer(_PAGE, act, **_values(desks, visitor, Asked()))

    @section.get("/account/payments/<number>")
    def payment(number: str) -> Any:
        return frame.render("account/payment.html", payment=desks.payments.one(frame.visitor(), number))

    @section.get("/account/statement.csv")
    def as_csv() -> Any:
        return _downloaded(frame, statement_csv)

    @section.get("/account/statement.pdf")
    def as_pdf() -> Any:
        return _downloaded(frame, statement_pdf)

    return section


def _downloaded(frame: Frame, make: Callable[..., Response]) -> Any:
    visitor, asked = frame.visitor(), Asked()
    first, last = asked.day("first"), asked.day("last")
    if asked.findings:
        values = _values(frame.desks, visitor, asked)
        return frame.render(_PAGE, asked.status, form={}, findings=asked.findings, **values)
    return make(frame.desks, visitor, first, last)


def _values(desks: Desks, visitor: Visitor, asked: Asked) -> dict[str, Any]:
    """What the page shows: all of it of the days that are asked about, but for balance and forecast."""
    asked.day("first")
    asked.day("last")
    by = asked.choice("by", (DAYS, MONTHS))
    values = {
        "asked": asked,
        "by": by,
        "attempt": secret(),
        "balance": desks.accounts.balance(visitor),
        "forecast": desks.charges.forecast(visitor) if visitor.role == ADMINISTRATOR else None,
        "tariffs": TARIFFS,
        "names": {},
        "older": "",
    }
    if asked.findings:
        return values | {"registers": page_of([]), "lines": page_of([]), "totals": page_of([])}
    return values | _registers(desks, visitor, asked) | _lines(desks, visitor, asked, by)


def _registers(desks: Desks, visitor: Visitor, asked: Asked) -> dict[str, Any]:
    days = asked.day("first"), asked.day("last")
    after = asked.number("registers") or 0
    page = page_of(desks.charges.registers(visitor, *days, limit=PAGE + 1, after=after))
    more = asked.address(registers=page.rows[-1].id) if page.more else ""
    return {"registers": page, "more_registers": more}


def _lines(desks: Desks, visitor: Visitor, asked: Asked, by: str) -> dict[str, Any]:
    first, last = asked.day("first"), asked.day("last")
    if by:
        before = asked.text("before") or None
        rows = desks.charges.totals(visitor, "day" if by == DAYS else "month", first, last, PAGE + 1, before)
        totals = page_of(rows)
        older = asked.address(before=totals.rows[-1].span) if totals.more else ""
        return {"totals": totals, "lines": page_of([]), "older": older}
    found = desks.accounts.statement(visitor, first, last, PAGE + 1, asked.number("before"))
    lines = page_of(found)
    names = desks.charges.names(visitor, {line.card for line in lines.rows if line.card is not None})
    older = asked.address(before=lines.rows[-1].id) if lines.more else ""
    return {"lines": lines, "totals": page_of([]), "names": names, "older": older}
