"""«Mahsulotlar»: a grid that is searched as one types, and by its button without a script (BX-PRD-01)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from reference.backoffice.pages.asked import Asked
from reference.backoffice.pages.frame import Frame


def product_pages(frame: Frame) -> Blueprint:
    """The page of products."""
    section = frame.section("products")

    @section.get("/products")
    def products() -> Any:
        visitor, asked = frame.visitor(), Asked()
        rows = frame.desks.reports.products(visitor, frame.branch(), asked.text("q"))
        several = frame.branch() is None and len(frame.branches()) > 1
        names = dict(frame.branches()) if several else {}
        return frame.render("products/list.html", asked=asked, rows=rows, names=names)

    return section
