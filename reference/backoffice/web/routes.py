"""Every address of the owner portal's API in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from reference.backoffice.branches import BranchList, BranchView, LinkView
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Visitor
from reference.backoffice.merchants import MerchantView
from reference.backoffice.reports import Dashboard, OrderRow, TransactionPage
from reference.backoffice.subscriptions import InvoiceView
from reference.backoffice.web import bodies
from reference.backoffice.web.counter import Counter, device_of
from reference.runtime.json_routes import LARGEST, Asked, JsonRoute, Parameter

_ID: Final = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_BRANCH: Final = Parameter("branch", "only this branch", _ID)
_BEFORE: Final = Parameter("before", "id of the last row of the page before", _ID)
_DAY: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PERIOD: Final = (Parameter("first", "first day", _DAY), Parameter("last", "last day", _DAY))
_ORDER_STATES: Final = ["open", "confirmed", "completed", "cancelled"]
_FISCAL: Final = ["waiting", "done", "acknowledged", "refused"]

Done = dict[str, bool]
_DONE: Final[Done] = {"done": True}


def _done(act: Callable[[Asked], None]) -> Callable[[Asked], Done]:
    """An act whose whole answer is that it is done."""

    def run(asked: Asked) -> Done:
        act(asked)
        return _DONE

    return run


def _owned(counter: Counter, act: Callable[[Visitor, Asked], Any]) -> Callable[[Asked], Any]:
    """For whoever is logged in."""
    return lambda asked: act(counter.owner(asked), asked)


def routes_of(counter: Counter) -> tuple[JsonRoute, ...]:
    """The table, bound to one owner portal."""
    tables = (_coming_in, _seeing, _branching, _paying, _reporting)
    return tuple(route for table in tables for route in table(counter))


def _coming_in(counter: Counter) -> tuple[JsonRoute, ...]:
    """Registration, login, the password."""
    door = counter.desks.entrance
    return (
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
            _done(lambda a: door.resend(a.path["key"])),
            Done,
            public=True,
        ),
        JsonRoute(
            "POST",
            "/enrolments/{key}/confirm",
            "step 2: the code",
            _done(lambda a: door.confirm(a.path["key"], a.body.code)),
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
        JsonRoute(
            "DELETE", "/sessions", "«Chiqish»", _done(lambda a: door.log_out(a.key)), Done, public=True
        ),
        JsonRoute("GET", "/me", "who is logged in", counter.me, Visitor),
        JsonRoute(
            "POST",
            "/password",
            "a new password",
            _done(lambda a: door.change_password(a.key, a.body.password, a.body.password_repeated)),
            Done,
            bodies.NewPassword,
        ),
        JsonRoute(
            "GET", "/outbox", "messages of this stand", counter.outbox, list[dict[str, str]], public=True
        ),
    )


def _seeing(counter: Counter) -> tuple[JsonRoute, ...]:
    """What the owner sees."""
    desks = counter.desks
    return (
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
            _owned(counter, lambda visitor, a: desks.reports.order(visitor, a.path["id"])),
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
            _owned(
                counter,
                lambda visitor, a: desks.reports.transactions(
                    visitor, a.query.get("branch"), a.query.get("before", 0)
                ),
            ),
            TransactionPage,
            query=(_BRANCH, _BEFORE),
        ),
    )


def _branching(counter: Counter) -> tuple[JsonRoute, ...]:
    """Branches and their points of sale."""
    desks, branches = counter.desks, counter.desks.branches
    return (
        JsonRoute(
            "GET",
            "/branches",
            "branches",
            _owned(counter, lambda visitor, _: branches.all(visitor)),
            BranchList,
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
            _owned(counter, lambda visitor, a: branches.one(visitor, a.path["id"])),
            BranchView,
        ),
        JsonRoute(
            "PATCH",
            "/branches/{id}",
            "change a branch",
            _owned(counter, lambda visitor, a: branches.change(visitor, a.path["id"], a.given)),
            BranchView,
            bodies.BranchBody,
        ),
        JsonRoute(
            "POST",
            "/branches/{id}/password",
            "another password for the POS login",
            _owned(counter, lambda visitor, a: {"password": branches.new_password(visitor, a.path["id"])}),
            dict[str, str],
        ),
        JsonRoute(
            "POST",
            "/branches/{id}/links",
            "«QR kod bilan ulash»",
            _owned(counter, lambda visitor, a: branches.take_offer(visitor, a.path["id"], a.body.code)),
            LinkView,
            bodies.OfferCode,
            status=201,
        ),
        JsonRoute(
            "DELETE",
            "/branches/{id}/links/{link}",
            "«Ulanishni o'chirish»",
            _done(lambda a: _cut(desks, counter.owner(a), a)),
            Done,
        ),
    )


def _paying(counter: Counter) -> tuple[JsonRoute, ...]:
    """The subscription, and what branches are paid through."""
    desks, subscriptions = counter.desks, counter.desks.subscriptions
    return (
        JsonRoute("GET", "/subscription", "what there is and can be", counter.subscription, dict[str, Any]),
        JsonRoute(
            "POST",
            "/subscription",
            "«Tanlash»",
            _owned(
                counter,
                lambda visitor, a: subscriptions.choose(visitor, a.body.plan, a.body.months, a.body.provider),
            ),
            InvoiceView,
            bodies.Choice,
            status=201,
        ),
        JsonRoute(
            "GET",
            "/invoices/{id}",
            "«To'lov tekshirilmoqda...»",
            _owned(counter, lambda visitor, a: subscriptions.invoice(visitor, a.path["id"])),
            InvoiceView,
        ),
        JsonRoute(
            "PUT",
            "/subscription/card",
            "save a card of the stand-in",
            _done(
                lambda a: subscriptions.save_card(counter.owner(a), a.body.brand, a.body.last, a.body.expiry)
            ),
            Done,
            bodies.Card,
        ),
        JsonRoute(
            "DELETE",
            "/subscription/card",
            "forget it",
            _done(lambda a: subscriptions.forget_card(counter.owner(a))),
            Done,
        ),
        JsonRoute(
            "PUT",
            "/subscription/renewal",
            "«Avtomatik yangilash»",
            _done(lambda a: subscriptions.renew_by_itself(counter.owner(a), a.body.renews)),
            Done,
            bodies.Renewal,
        ),
        JsonRoute("GET", "/branches/{id}/merchants", "payment providers", counter.merchants, dict[str, Any]),
        JsonRoute(
            "PUT",
            "/branches/{id}/merchants/multicard",
            "«Sozlash»",
            _owned(counter, lambda visitor, a: desks.merchants.save(visitor, a.path["id"], a.given)),
            MerchantView,
            bodies.MerchantBody,
        ),
    )


def _reporting(counter: Counter) -> tuple[JsonRoute, ...]:
    """What points of sale say."""
    branches = counter.desks.branches
    return (
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
            lambda a: {"key": branches.link_by_login(a.body.login, a.body.password, device_of(a))},
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
