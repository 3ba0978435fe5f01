"""«Картотека ККМ»: outlets with their registers, counters, search (KZ-KKM-04)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from ofd_mock.portal.pages.card_parts import card_values
from ofd_mock.portal.pages.frame import Frame

LONGEST = 255


def cabinet_pages(frame: Frame) -> Blueprint:
    """The list that everything about registers begins at (PG-04)."""
    section = frame.section("cabinet")

    @section.get("/cabinet")
    def cabinet() -> Any:
        visitor = frame.visitor()
        search = " ".join(request.args.get("q", "").split())[:LONGEST]
        found = frame.desks.views.cabinet(visitor, search)
        return frame.render("cabinet/cabinet.html", cabinet=found, search=search, **card_values())

    @section.get("/choices/outlets")
    def outlets() -> Any:
        """For the field «В торговой точке»: outlets by first letters, as the API gives them."""
        visitor = frame.visitor()
        found = frame.desks.outlets.find(visitor, request.args.get("q", "")[:LONGEST])
        return jsonify([{"id": each.id, "name": each.name, "more": each.address} for each in found])

    return section
