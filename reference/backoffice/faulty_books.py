"""Mistakes in what the owner portal counts and shows; defects.py names them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from reference.backoffice import tables
from reference.backoffice.batch import Batch, Sums
from reference.backoffice.branches import Linked
from reference.backoffice.entrance import Visitor
from reference.backoffice.intake import Change, Intake
from reference.backoffice.moments import moment_of, written
from reference.backoffice.reports import Dashboard, OrderRow, Reports, order_row
from reference.runtime.refusals import UnknownError


class RefundAsRevenue(Intake):
    """Counts a refund as one more order."""

    def _apply(self, batch: Batch, change: Change) -> None:
        if change.kind == "order":
            change = replace(change, body={**change.body, "refund_of": None})
        super()._apply(batch, change)


class _UtcSums(Sums):
    def hour_of(self, order: Mapping[str, Any]) -> str:
        return written(moment_of(str(order["closed"])))[:13]


class HoursByUtc(Intake):
    """Counts by days and hours of UTC."""

    def _begun(self) -> Sums:
        return _UtcSums()


class _AddingSums(Sums):
    def count(self, linked: Linked, order: Mapping[str, Any], sign: int) -> None:
        if sign > 0:
            super().count(linked, order, sign)


class OnlyAdds(Intake):
    """Takes nothing away when an order is told again."""

    def _begun(self) -> Sums:
        return _AddingSums()


class _CancelledSums(Sums):
    def count(self, linked: Linked, order: Mapping[str, Any], sign: int) -> None:
        cancelled = order.get("state") == "cancelled" and order.get("closed")
        super().count(linked, {**order, "state": "completed"} if cancelled else order, sign)


class CancelledCounted(Intake):
    """Counts what was cancelled."""

    def _begun(self) -> Sums:
        return _CancelledSums()


class RepeatsCount(Intake):
    """Counts orders once more when they come again."""

    def take(self, linked: Linked, changes: Sequence[Change]) -> int:
        """Take changes."""
        with self._office.reading() as session:
            last = session.get_one(tables.Link, linked.link).last
        taken = super().take(linked, changes)
        sums = self._begun()
        for change in changes:
            if change.kind == "order" and change.n <= last:
                sums.count(linked, change.body, 1)
        with self._office.engine.begin() as connection:
            sums.write(connection)
        return taken


class GapsTaken(Intake):
    """Goes on behind a gap."""

    def take(self, linked: Linked, changes: Sequence[Change]) -> int:
        """Take changes."""
        with self._office.changing() as session:
            link = session.get_one(tables.Link, linked.link)
            if changes and changes[0].n > link.last + 1:
                link.last = changes[0].n - 1
        return super().take(linked, changes)


class HalfRequests(Intake):
    """Keeps what came before a wrong change of the same request."""

    def take(self, linked: Linked, changes: Sequence[Change]) -> int:
        """Take changes."""
        taken = super().take(linked, [])
        for change in changes:
            taken = super().take(linked, [change])
        return taken


class AcknowledgedAtOnce(Intake):
    """Takes every receipt that was made for acknowledged."""

    def _apply(self, batch: Batch, change: Change) -> None:
        if change.kind == "fiscal":
            change = replace(change, body={**change.body, "acknowledged": True})
        super()._apply(batch, change)


class AgainstLastWeek(Reports):
    """Compares with the same days a week before, whatever the period is."""

    def dashboard(
        self, visitor: Visitor, branch: int | None, first: date | None, last: date | None
    ) -> Dashboard:
        """The first page."""
        seen, week = super().dashboard(visitor, branch, first, last), timedelta(days=7)
        then = super().dashboard(visitor, branch, seen.first - week, seen.last - week)
        return replace(seen, before=then.now)


class StaffOfAllBranches(Reports):
    """Shows employees of all branches, whichever is chosen."""

    def staff(self, visitor: Visitor, branch: int | None) -> list[tables.Employee]:  # noqa: ARG002 - the mistake
        """Employees by name."""
        return super().staff(visitor, None)


class AnybodysOrder(Reports):
    """Opens any owner's order by its number."""

    def order(self, visitor: Visitor, order: int) -> dict[str, Any]:  # noqa: ARG002 - the mistake
        """One order."""
        with self._office.reading() as session:
            row = session.get(tables.ShopOrder, order)
            if row is None:
                raise UnknownError("order")
            shown = order_row(session, row)
            return {"row": shown, "order": json.loads(row.body), "receipt": json.loads(row.receipt)}


class PagesLoseRows(Reports):
    """Goes on behind the moment of a row, so that the others of that moment are lost."""

    def orders(self, visitor: Visitor, branch: int | None, **wanted: Any) -> list[OrderRow]:
        """Orders, newest first."""
        found = super().orders(visitor, branch, **wanted)
        with self._office.reading() as session:
            known = session.get(tables.ShopOrder, wanted.get("before", 0))
            return [row for row in found if known is None or row.opened != known.opened]


class SearchByWholeName(Reports):
    """Finds a product by its whole name alone."""

    def products(self, visitor: Visitor, branch: int | None, text: str = "") -> list[tables.Product]:
        """Products by name."""
        rows = super().products(visitor, branch, text)
        return [row for row in rows if not text or row.name.casefold() == text.casefold()]
