"""Every address of the owner portal's API in one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from reference.backoffice import tables
from reference.backoffice.branches import BranchList, BranchView, Device, LinkView
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Visitor
from reference.backoffice.intake import Change
from reference.backoffice.merchants import SOON, MerchantView
from reference.backoffice.plans import PLANS
from reference.backoffice.reports import Dashboard, EmployeeSum, OrderRow, TransactionPage, percent
from reference.backoffice.subscriptions import InvoiceView
from reference.backoffice.web import bodies
from reference.runtime.forms import DAY
from reference.runtime.json_routes import LARGEST, Asked, JsonRoute, Parameter
from reference.runtime.refusals import Finding, InvalidError

_ID: Final = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_BRANCH: Final = Parameter("branch", "only this branch", _ID)
_BEFORE: Final = Parameter("before", "id of the last row of the page before", _ID)
_DAY: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PERIOD: Final = (Parameter("first", "first day", _DAY), Parameter("last", "last day", _DAY))
_ORDER_STATES: Final = ["open", "confirmed", "completed", "cancelled"]
_FISCAL: Final = ["waiting", "done", "acknowledged", "refused"]

Done = dict[str, bool]
_DONE: Final[Done] = {"done": True}


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
        first, last = _day(asked, "first"), _day(asked, "last")
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
        code, key = self.desks.branches.offer(_device(asked))
        return {"code": code, "key": key}

    def take(self, asked: Asked) -> dict[str, int]:
        """Changes of a POS; the number of the newest that is taken."""
        linked = self.desks.branches.linked(asked.key)
        changes = [Change(each.n, each.kind, each.key, each.made, each.body) for each in asked.body.changes]
        return {"acknowledged": self.desks.intake.take(linked, changes)}


def routes_of(counter: Counter) -> tuple[JsonRoute, ...]:
    """The table, bound to one owner portal."""
    desks = counter.desks
    door, branches, subscriptions = desks.entrance, desks.branches, desks.subscriptions

    def done(act: Callable[[Asked], None]) -> Callable[[Asked], Done]:
        def run(asked: Asked) -> Done:
            act(asked)
            return _DONE

        return run

    def owned(act: Callable[[Visitor, Asked], Any]) -> Callable[[Asked], Any]:
        return lambda asked: act(counter.owner(asked), asked)

    return (
        # --- coming in ---
        JsonRoute(
            "POST",
            "/enrolments",
            "step 1: a code is sent to a phone",
            lambda a: {"key": door.begin(a.body.phone)},
            dict[str, str],
            bodies.Phone,
            public=True,
            status=201,
        ),
        JsonRoute(
            "GET",
            "/enrolments/{key}",
            "where a registration stands",
            counter.enrolling,
            dict[str, Any],
            public=True,
        ),
        JsonRoute(
            "POST",
            "/enrolments/{key}/resend",
            "«Qayta yuborish»",
            done(lambda a: door.resend(a.path["key"])),
            Done,
            public=True,
        ),
        JsonRoute(
            "POST",
            "/enrolments/{key}/confirm",
            "step 2: the code",
            done(lambda a: door.confirm(a.path["key"], a.body.code)),
            Done,
            bodies.Code,
            public=True,
        ),
        JsonRoute(
            "POST",
            "/enrolments/{key}/finish",
            "step 3: names and password",
            counter.finish,
            dict[str, str],
            bodies.Names,
            public=True,
            status=201,
        ),
        JsonRoute(
            "POST",
            "/sessions",
            "«Kirish»",
            lambda a: {"session": door.log_in(a.body.phone, a.body.password)},
            dict[str, str],
            bodies.LogIn,
            public=True,
            status=201,
        ),
        JsonRoute("DELETE", "/sessions", "«Chiqish»", done(lambda a: door.log_out(a.key)), Done, public=True),
        JsonRoute("GET", "/me", "who is logged in", counter.me, Visitor),
        JsonRoute(
            "POST",
            "/password",
            "a new password",
            done(lambda a: door.change_password(a.key, a.body.password, a.body.password_repeated)),
            Done,
            bodies.NewPassword,
        ),
        JsonRoute(
            "GET", "/outbox", "messages of this stand", counter.outbox, list[dict[str, str]], public=True
        ),
        # --- what the owner sees ---
        JsonRoute(
            "GET",
            "/dashboard",
            "figures of a period, compared",
            counter.dashboard,
            dict[str, Dashboard | int | dict[str, int | None]],
            query=(_BRANCH, *_PERIOD),
        ),
        JsonRoute(
            "GET",
            "/orders",
            "orders, newest first",
            counter.orders,
            list[OrderRow],
            query=(
                _BRANCH,
                _BEFORE,
                Parameter("state", "a state", {"type": "string", "enum": _ORDER_STATES}),
                Parameter("fiscal", "how far its receipt is", {"type": "string", "enum": _FISCAL}),
            ),
        ),
        JsonRoute(
            "GET",
            "/orders/{id}",
            "one order with lines and receipt",
            owned(lambda visitor, a: desks.reports.order(visitor, a.path["id"])),
            dict[str, Any],
        ),
        JsonRoute(
            "GET",
            "/products",
            "products",
            counter.products,
            list[dict[str, Any]],
            query=(_BRANCH, Parameter("q", "text to look for")),
        ),
        JsonRoute("GET", "/staff", "employees", counter.staff, list[dict[str, Any]], query=(_BRANCH,)),
        JsonRoute(
            "GET",
            "/transactions",
            "payments, newest first",
            owned(
                lambda visitor, a: desks.reports.transactions(
                    visitor, a.query.get("branch"), a.query.get("before", 0)
                )
            ),
            TransactionPage,
            query=(_BRANCH, _BEFORE),
        ),
        # --- branches ---
        JsonRoute(
            "GET", "/branches", "branches", owned(lambda visitor, _: branches.all(visitor)), BranchList
        ),
        JsonRoute(
            "POST",
            "/branches",
            "«Yangi filial»",
            counter.add_branch,
            dict[str, BranchView | str],
            bodies.BranchBody,
            status=201,
        ),
        JsonRoute(
            "GET",
            "/branches/{id}",
            "one branch",
            owned(lambda visitor, a: branches.one(visitor, a.path["id"])),
            BranchView,
        ),
        JsonRoute(
            "PATCH",
            "/branches/{id}",
            "change a branch",
            owned(lambda visitor, a: branches.change(visitor, a.path["id"], a.given)),
            BranchView,
            bodies.BranchBody,
        ),
        JsonRoute(
            "POST",
            "/branches/{id}/password",
            "another password for the POS login",
            owned(lambda visitor, a: {"password": branches.new_password(visitor, a.path["id"])}),
            dict[str, str],
        ),
        JsonRoute(
            "POST",
            "/branches/{id}/links",
            "«QR kod bilan ulash»",
            owned(lambda visitor, a: branches.take_offer(visitor, a.path["id"], a.body.code)),
            LinkView,
            bodies.OfferCode,
            status=201,
        ),
        JsonRoute(
            "DELETE",
            "/branches/{id}/links/{link}",
            "«Ulanishni o'chirish»",
            done(lambda a: _cut(desks, counter.owner(a), a)),
            Done,
        ),
        # --- subscription and payments ---
        JsonRoute("GET", "/subscription", "what there is and can be", counter.subscription, dict[str, Any]),
        JsonRoute(
            "POST",
            "/subscription",
            "«Tanlash»",
            owned(
                lambda visitor, a: subscriptions.choose(visitor, a.body.plan, a.body.months, a.body.provider)
            ),
            InvoiceView,
            bodies.Choice,
            status=201,
        ),
        JsonRoute(
            "GET",
            "/invoices/{id}",
            "«To'lov tekshirilmoqda...»",
            owned(lambda visitor, a: subscriptions.invoice(visitor, a.path["id"])),
            InvoiceView,
        ),
        JsonRoute(
            "PUT",
            "/subscription/card",
            "save a card of the stand-in",
            done(
                lambda a: subscriptions.save_card(counter.owner(a), a.body.brand, a.body.last, a.body.expiry)
            ),
            Done,
            bodies.Card,
        ),
        JsonRoute(
            "DELETE",
            "/subscription/card",
            "forget it",
            done(lambda a: subscriptions.forget_card(counter.owner(a))),
            Done,
        ),
        JsonRoute(
            "PUT",
            "/subscription/renewal",
            "«Avtomatik yangilash»",
            done(lambda a: subscriptions.renew_by_itself(counter.owner(a), a.body.renews)),
            Done,
            bodies.Renewal,
        ),
        JsonRoute("GET", "/branches/{id}/merchants", "payment providers", counter.merchants, dict[str, Any]),
        JsonRoute(
            "PUT",
            "/branches/{id}/merchants/multicard",
            "«Sozlash»",
            owned(lambda visitor, a: desks.merchants.save(visitor, a.path["id"], a.given)),
            MerchantView,
            bodies.MerchantBody,
        ),
        # --- points of sale ---
        JsonRoute(
            "POST",
            "/sync/offers",
            "a POS that is to be linked",
            counter.offer,
            dict[str, str],
            bodies.DeviceBody,
            True,
            201,
        ),
        JsonRoute(
            "POST",
            "/sync/logins",
            "«POS login»",
            lambda a: {"key": branches.link_by_login(a.body.login, a.body.password, _device(a))},
            dict[str, str],
            bodies.PosLogin,
            public=True,
            status=201,
        ),
        JsonRoute("POST", "/sync/changes", "what a POS tells", counter.take, dict[str, int], bodies.Changes),
    )


def _cut(desks: Desks, visitor: Visitor, asked: Asked) -> None:
    text = asked.path["link"]
    known = text.isascii() and text.isdigit() and len(text) <= 16
    desks.branches.cut(visitor, asked.path["id"], int(text) if known else 0)


def _device(asked: Asked) -> Device:
    return Device(asked.body.device, asked.body.identity, asked.body.newest)


def _day(asked: Asked, name: str) -> date | None:
    text = asked.query.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError([Finding(name, "day", DAY)]) from None
