"""«Картотека ККМ»: outlets with their registers, counters, search (KZ-KKM-04)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, jsonify, request

from ofd_mock.portal.pages.card_parts import card_values
from ofd_mock.portal.pages.frame import Frame

LONGEST: Final = 255
OUTLETS_A_PAGE: Final = 25


def cabinet_pages(frame: Frame) -> Blueprint:
    """The list that everything about registers begins at (PG-04)."""
    section = frame.section("cabinet")

    @section.get("/cabinet")
    def cabinet() -> Any:
        visitor = frame.visitor()
        search = " ".join(request.args.get("q", "").split())[:LONGEST]
        found = frame.desks.views.cabinet(visitor, search)
        last = max(1, -(-len(found.outlets) // OUTLETS_A_PAGE))
        page = min(max(1, request.args.get("page", 1, type=int)), last)
        shown = found.outlets[(page - 1) * OUTLETS_A_PAGE : page * OUTLETS_A_PAGE]
        values: dict[str, Any] = {"groups": shown, "page": page, "last": last, "size": OUTLETS_A_PAGE}
        return frame.render("cabinet/cabinet.html", cabinet=found, search=search, **values, **card_values())

    @section.get("/choices/outlets")
    def outlets() -> Any:
        """For the field «В торговой точке»: outlets by first letters, as the API gives them."""
        visitor = frame.visitor()
        found = frame.desks.outlets.find(visitor, request.args.get("q", "")[:LONGEST])
        return jsonify([{"id": each.id, "name": each.name, "more": each.address} for each in found])

    return section
