"""Addresses of orders, from the first line to the refund, and of the shift."""

from __future__ import annotations

from typing import Any, Final

from reference.pos.shop.checkout import Paid, PaymentView
from reference.pos.shop.fiscal_desk import FiscalView
from reference.pos.shop.orders import OrderView, State
from reference.pos.web import bodies
from reference.pos.web.counter import Bound, Counter
from reference.runtime.json_routes import JsonRoute, Parameter

_STATE: Final = Parameter("state", "a state", {"type": "string", "enum": [state.value for state in State]})
_DAY: Final = Parameter("day", "a day", {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
_BEFORE: Final = Parameter("before", "id of the last order of the page before")


_ORDER: Final = "/orders/{order}"


def selling_routes(counter: Counter) -> tuple[JsonRoute, ...]:
    """The rows, bound to one shop."""
    return (*_orders(counter), *_filling(counter), *_handing_on(counter), *_paying(counter))


def _orders(counter: Counter) -> tuple[JsonRoute, ...]:
    """Orders as they stand, and a new one."""
    reading, orders = Bound(counter).reading, counter.desks.orders
    return (
        JsonRoute(
            "GET",
            "/orders",
            "orders, newest first",
            counter.orders,
            list[OrderView],
            query=(_STATE, _DAY, _BEFORE),
        ),
        JsonRoute(
            "POST",
            "/orders",
            "a new order",
            lambda a: orders.open(counter.who(a), a.body.place, a.given.get("lines", ())),
            OrderView,
            bodies.NewOrder,
            status=201,
        ),
        JsonRoute("GET", _ORDER, "one order", reading(lambda a: orders.one(a.path["order"])), OrderView),
    )


def _filling(counter: Counter) -> tuple[JsonRoute, ...]:
    """What the guest wants, and what he pays less for it."""
    orders = counter.desks.orders
    return (
        JsonRoute(
            "POST",
            f"{_ORDER}/lines",
            "a product into the order",
            lambda a: orders.add(counter.who(a), a.path["order"], a.given),
            OrderView,
            bodies.LineBody,
        ),
        JsonRoute(
            "PATCH",
            f"{_ORDER}/lines/{{id}}",
            "change a line",
            lambda a: orders.change_line(counter.who(a), a.path["order"], a.path["id"], a.given),
            OrderView,
            bodies.LineChange,
        ),
        JsonRoute(
            "POST",
            f"{_ORDER}/discount",
            "a discount on all of it",
            lambda a: orders.discount(counter.who(a), a.path["order"], a.body.discount),
            OrderView,
            bodies.Discount,
        ),
    )


def _handing_on(counter: Counter) -> tuple[JsonRoute, ...]:
    """To another place, to the kitchen, or given up."""
    orders = counter.desks.orders
    return (
        JsonRoute(
            "POST",
            f"{_ORDER}/place",
            "to another place",
            lambda a: orders.move(counter.who(a), a.path["order"], a.body.place),
            OrderView,
            bodies.PlaceWanted,
        ),
        JsonRoute(
            "POST",
            f"{_ORDER}/confirm",
            "the kitchen takes it",
            lambda a: orders.confirm(counter.who(a), a.path["order"]),
            OrderView,
        ),
        JsonRoute(
            "POST",
            f"{_ORDER}/cancel",
            "give it up",
            lambda a: orders.cancel(counter.who(a), a.path["order"], a.body.reason),
            OrderView,
            bodies.Reason,
        ),
    )


def _paying(counter: Counter) -> tuple[JsonRoute, ...]:
    """Payment, receipt, refund; the shift."""
    reading, checkout = Bound(counter).reading, counter.desks.checkout
    return (
        JsonRoute("POST", f"{_ORDER}/pay", "pay it", counter.pay, Paid, bodies.PayBody),
        JsonRoute(
            "GET",
            f"{_ORDER}/payments",
            "its payments",
            reading(lambda a: checkout.payments(a.path["order"])),
            tuple[PaymentView, ...],
        ),
        JsonRoute(
            "POST",
            "/payments/{id}/answer",
            "an application answers",
            counter.answer,
            OrderView,
            bodies.AppAnswer,
        ),
        JsonRoute("GET", f"{_ORDER}/left", "what can be given back", counter.left, list[dict[str, int]]),
        JsonRoute(
            "POST",
            f"{_ORDER}/refund",
            "give it back",
            counter.refund,
            OrderView,
            bodies.RefundBody,
            status=201,
        ),
        JsonRoute("GET", f"{_ORDER}/fiscal", "its fiscal receipt", counter.fiscal, FiscalView),
        JsonRoute("GET", f"{_ORDER}/paper", "the receipt as text", counter.paper, dict[str, str]),
        JsonRoute("POST", "/shift/close", "close the shift", counter.close_shift, dict[str, Any]),
    )
