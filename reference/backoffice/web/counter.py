"""What the addresses of the owner portal do, over its desks."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from reference.backoffice import tables
from reference.backoffice.branches import Device
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Visitor
from reference.backoffice.intake import Change
from reference.backoffice.merchants import SOON
from reference.backoffice.plans import PLANS
from reference.backoffice.reports import OrderRow, percent
from reference.backoffice.totals import EmployeeSum
from reference.runtime.forms import DAY
from reference.runtime.json_routes import Asked
from reference.runtime.refusals import Finding, InvalidError


class Counter:
    """What the addresses do, over the desks of one owner portal."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks

    def owner(self, asked: Asked) -> Visitor:
        """Who asks; StrangerError, and RefusedError while a reset password is to be changed."""
        return self.desks.entrance.settled(asked.key)

    def finish(self, asked: Asked) -> dict[str, str]:
        """The last step of a registration."""
        return {"session": self.desks.entrance.finish(asked.path["key"], asked.given)}

    def enrolling(self, asked: Asked) -> dict[str, Any]:
        """Where a registration stands."""
        phone, step = self.desks.entrance.enrolling(asked.path["key"])
        return {"phone": phone, "step": step}

    def me(self, asked: Asked) -> Visitor:
        """Who is logged in, also with a password that is to be changed."""
        return self.desks.entrance.visitor(asked.key)

    def outbox(self, _: Asked) -> list[dict[str, str]]:
        """Messages of the stand, newest first: nothing leaves it."""
        table = tables.Sms
        with self.desks.office.reading() as session:
            rows = session.scalars(select(table).order_by(table.id.desc()).limit(100))
            return [{"sent": row.sent, "phone": row.phone, "text": row.text} for row in rows]

    # --- what the owner sees --------------------------------------------------------------------------

    def dashboard(self, asked: Asked) -> dict[str, Any]:
        """The first page, with percents against the period before."""
        first, last = day_of(asked, "first"), day_of(asked, "last")
        seen = self.desks.reports.dashboard(self.owner(asked), asked.query.get("branch"), first, last)
        compared = {
            name: percent(getattr(seen.now, name), getattr(seen.before, name))
            for name in ("revenue", "product_profit", "surcharge", "profit", "orders")
        }
        return {"figures": seen, "profit": seen.now.profit, "percent": compared}

    def orders(self, asked: Asked) -> list[OrderRow]:
        """Orders, newest first."""
        query = asked.query
        return self.desks.reports.orders(
            self.owner(asked),
            query.get("branch"),
            state=query.get("state", ""),
            fiscal=query.get("fiscal", ""),
            before=query.get("before", 0),
        )

    def products(self, asked: Asked) -> list[dict[str, Any]]:
        """Products with what was sold of them."""
        rows = self.desks.reports.products(
            self.owner(asked), asked.query.get("branch"), asked.query.get("q", "")
        )
        names = ("name", "category", "price", "stock", "active", "sold", "revenue", "branch")
        return [{name: getattr(row, name) for name in names} for row in rows]

    def staff(self, asked: Asked) -> list[dict[str, Any]]:
        """Employees with what came in through them."""
        rows = self.desks.reports.staff(self.owner(asked), asked.query.get("branch"))
        names = ("first_name", "last_name", "role", "active", "orders", "revenue", "branch")
        return [
            {name: getattr(row, name) for name in names}
            | {"average": EmployeeSum("", "", row.orders, row.revenue).average}
            for row in rows
        ]

    def add_branch(self, asked: Asked) -> dict[str, Any]:
        """A new branch, and once the password of its POS login."""
        view, password = self.desks.branches.add(self.owner(asked), asked.given)
        return {"branch": view, "password": password}

    def subscription(self, asked: Asked) -> dict[str, Any]:
        """What the owner has, and what he can have."""
        return {
            "subscription": self.desks.subscriptions.view(self.owner(asked)),
            "plans": [plan for plan in PLANS.values() if plan.month is not None],
        }

    def merchants(self, asked: Asked) -> dict[str, Any]:
        """Payment providers of a branch."""
        view = self.desks.merchants.view(self.owner(asked), asked.path["id"])
        return {"multicard": view, "soon": list(SOON)}

    # --- what points of sale say ----------------------------------------------------------------------

    def offer(self, asked: Asked) -> dict[str, str]:
        """A POS that is to be linked."""
        code, key = self.desks.branches.offer(device_of(asked))
        return {"code": code, "key": key}

    def take(self, asked: Asked) -> dict[str, int]:
        """Changes of a POS; the number of the newest that is taken."""
        linked = self.desks.branches.linked(asked.key)
        changes = [Change(each.n, each.kind, each.key, each.made, each.body) for each in asked.body.changes]
        return {"acknowledged": self.desks.intake.take(linked, changes)}


def device_of(asked: Asked) -> Device:
    """What a POS says of itself."""
    return Device(asked.body.device, asked.body.identity, asked.body.newest)


def day_of(asked: Asked, name: str) -> date | None:
    """A day of the query, None without one; InvalidError."""
    text = asked.query.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError([Finding(name, "day", DAY)]) from None
