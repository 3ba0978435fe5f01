"""Fault points for a test of one's own."""

from __future__ import annotations

from typing import Any

from conformance.control_client import Json
from conformance.session import Session


class Faults:
    """Fault points of the parts around a target, by part name; NotApplicable for a part without control."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._parts: set[str] = set()

    def points(self, part: str) -> dict[str, str]:
        """The points a part knows, each with what happens there."""
        known: dict[str, str] = self._session.control(part).faults()["points"]
        return known

    def add(self, part: str, point: str, action: str, **fields: Any) -> Json:
        """Lay a rule on a point of a part; `fields` as in the control API (count, skip, match, delay …)."""
        self._parts.add(part)
        return self._session.control(part).add_fault(point, action, **fields)

    def clear(self) -> None:
        """Take away every rule of the parts that got one."""
        for part in sorted(self._parts):
            self._session.control(part).clear_faults()
        self._parts.clear()
