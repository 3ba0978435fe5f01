"""«Тарифы»: what there is to choose from, and which register has which (KZ-TRF-01…03)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.paging import PAGE, page_of
from ofd_mock.portal.tariffs import TARIFFS


def tariff_pages(frame: Frame) -> Blueprint:
    """One page; a tariff is chosen and dropped with the register's own acts."""
    section = frame.section("tariffs")

    @section.get("/tariffs")
    def tariffs() -> Any:
        visitor, asked = frame.visitor(), Asked()
        after = asked.number("after") or 0
        rows = frame.desks.charges.registers(visitor, limit=PAGE + 1, after=after, idle=True)
        page = page_of(rows)
        return frame.render(
            "tariffs/tariffs.html",
            asked.status,
            asked=asked,
            tariffs=TARIFFS.values(),
            registers=page,
            more=asked.address(after=page.rows[-1].id) if page.more else "",
        )

    return section
