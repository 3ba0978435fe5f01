"""«Dashboard»: three figures against the period before, three tabs (BX-DSH-01, BX-DSH-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint

from reference.backoffice.entrance import Visitor
from reference.backoffice.pages.asked import Asked
from reference.backoffice.pages.charts import hour_chart, share, slices
from reference.backoffice.pages.frame import HOME, Frame, findings_of
from reference.backoffice.pages.words import gettext
from reference.backoffice.reports import Dashboard, percent
from reference.backoffice.totals import ProductSum
from reference.runtime.refusals import InvalidError

ORDERS, STAFF, PRODUCTS = TABS = ("orders", "staff", "products")
RECENT: Final = 8
TOP: Final = 5
CHARTED: Final = 10
CATEGORIES: Final = 7


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure, and by how many percent it differs from the period before; None: there was nothing."""

    value: int
    percent: int | None


def dashboard_pages(frame: Frame) -> Blueprint:
    """The first page after a login."""
    section = frame.section("dashboard")
    reports = frame.desks.reports

    @section.get(HOME)
    def dashboard() -> Any:
        visitor, asked = frame.visitor(), Asked()
        tab = asked.choice("tab", TABS, ORDERS)
        first, last = asked.day("first"), asked.day("last")
        if asked.findings:
            first = last = None
        try:
            seen = reports.dashboard(visitor, frame.branch(), first, last)
        except InvalidError as error:
            asked.findings |= findings_of(error)
            seen = reports.dashboard(visitor, frame.branch(), None, None)
        values = _figures(seen) | _tab(frame, visitor, seen, tab)
        findings = asked.findings
        return frame.render(
            "dashboard/dashboard.html",
            asked.status,
            asked=asked,
            seen=seen,
            tab=tab,
            findings=findings,
            **values,
        )

    return section


def _figures(seen: Dashboard) -> dict[str, Any]:
    names = ("revenue", "profit", "product_profit", "surcharge", "orders")
    compared = {
        name: Compared(getattr(seen.now, name), percent(getattr(seen.now, name), getattr(seen.before, name)))
        for name in names
    }
    span: timedelta = seen.last - seen.first
    before: tuple[date, date] = (seen.first - span - timedelta(days=1), seen.first - timedelta(days=1))
    return {"figures": compared, "before": before}


def _tab(frame: Frame, visitor: Visitor, seen: Dashboard, tab: str) -> dict[str, Any]:
    reports, branch = frame.desks.reports, frame.branch()
    if tab == STAFF:
        most = max((each.revenue for each in seen.staff), default=0)
        return {"staff": [(each, share(each.revenue, most)) for each in seen.staff]}
    products = reports.sold(visitor, branch, seen.first, seen.last)
    if tab == PRODUCTS:
        nameless, rest = gettext("Kategoriyasiz"), gettext("Boshqalar")
        named = [(name or nameless, value) for name, value in seen.categories]
        return {
            "products": products,
            "top": _bars(products, CHARTED),
            "ring_parts": slices(named, CATEGORIES, rest),
            "whole": sum(value for _, value in named if value > 0),
        }
    return {
        "recent": reports.orders(visitor, branch, first=seen.first, last=seen.last, most=RECENT),
        "chart": hour_chart(seen.hours),
        "top": _bars(products, TOP),
    }


def _bars(products: list[ProductSum], most: int) -> list[tuple[ProductSum, int]]:
    """What was sold most, with the length of its bar."""
    known = sorted((each for each in products if each.sold > 0), key=lambda each: (-each.sold, each.name))
    longest = max((each.sold for each in known), default=0)
    return [(each, share(each.sold, longest)) for each in known[:most]]
