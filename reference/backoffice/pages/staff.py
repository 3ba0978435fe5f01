"""«Xodimlar»: cards, and one employee with what came in through him (BX-EMP-01)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from reference.backoffice.pages.frame import Frame
from reference.backoffice.pages.orders import ID
from reference.backoffice.pages.states import FISCAL_STATES


def staff_pages(frame: Frame) -> Blueprint:
    """The pages of employees."""
    section = frame.section("staff")
    desks = frame.desks

    @section.get("/staff")
    def staff() -> Any:
        rows = desks.reports.staff(frame.visitor(), frame.branch())
        several = frame.branch() is None and len(frame.branches()) > 1
        return frame.render("staff/list.html", rows=rows, names=dict(frame.branches()) if several else {})

    @section.get(f"/staff/{ID}/<string(maxlength=32):key>")
    def employee(number: int, key: str) -> Any:
        found = desks.details.employee(frame.visitor(), number, key)
        return frame.render("staff/employee.html", employee=found, fiscal_states=FISCAL_STATES)

    return section
