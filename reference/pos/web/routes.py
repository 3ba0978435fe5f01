"""Every address of the point of sale in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from reference.pos.prints.queue import RECEIPT
from reference.pos.prints.shelf import document_of
from reference.pos.prints.spool import Spool
from reference.pos.prints.text import as_text
from reference.pos.qr_text import qr_picture
from reference.pos.shop.catalogue import ProductView
from reference.pos.shop.checkout import Paid, PaymentView
from reference.pos.shop.desks import Desks
from reference.pos.shop.fiscal_desk import FiscalView
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.places import PlaceView
from reference.pos.shop.reporting import Reporter, ReportState
from reference.pos.shop.settings import ShopSettings
from reference.pos.shop.staff import RIGHTS, EmployeeView, Right
from reference.pos.shop.worker import Standing, Worker
from reference.pos.web import bodies
from reference.pos.web.paper_routes import paper_routes
from reference.runtime.json_routes import Asked, JsonRoute, Parameter
from reference.runtime.refusals import UnknownError

_SEARCH: Final = Parameter("q", "text to look for")
_CATEGORY: Final = Parameter("category", "a category")
_STATE: Final = Parameter("state", "a state", {"type": "string", "enum": [state.value for state in State]})
_DAY: Final = Parameter("day", "a day", {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
_BEFORE: Final = Parameter("before", "id of the last order of the page before")


class Counter:
    """What the addresses do, over the desks of one shop."""

    def __init__(
        self, desks: Desks, worker: Worker, reporter: Reporter | None = None, spool: Spool | None = None
    ) -> None:
        self.desks = desks
        self.worker = worker
        self.spool = spool
        self._reporter = reporter

    # --- who ------------------------------------------------------------------------------------------

    def who(self, asked: Asked) -> EmployeeView:
        """Who asks; StrangerError when nobody is at the till under this token."""
        return self.desks.staff.here(asked.key)

    def allowed(self, asked: Asked, right: Right) -> EmployeeView:
        """Who asks, if he may."""
        found = self.who(asked)
        found.require(right)
        return found

    def people(self, _: Asked) -> list[dict[str, Any]]:
        """Who can come to the till: names to choose from before the PIN."""
        return [
            {"id": each.id, "name": each.name, "role": each.role.value} for each in self.desks.staff.all()
        ]

    def come(self, asked: Asked) -> dict[str, Any]:
        """A session for an employee and his PIN."""
        key = self.desks.staff.come(asked.body.employee, asked.body.pin)
        return {"session": key} | self._me(self.desks.staff.here(key))

    def me(self, asked: Asked) -> dict[str, Any]:
        """Who is at the till, and what he may."""
        return self._me(self.who(asked))

    @staticmethod
    def _me(found: EmployeeView) -> dict[str, Any]:
        rights = sorted(right.value for right in RIGHTS[found.role])
        return {"id": found.id, "name": found.name, "role": found.role.value, "rights": rights}

    def go(self, asked: Asked) -> dict[str, bool]:
        """Leave the till."""
        self.desks.staff.go(asked.key)
        return {"done": True}

    def standing(self, asked: Asked) -> Standing:
        """Where the point of sale stands."""
        self.who(asked)
        return self._with_printer(self.worker.standing)

    def look(self, asked: Asked) -> Standing:
        """The same after one more look."""
        self.who(asked)
        return self._with_printer(self.worker.round())

    def _with_printer(self, standing: Standing) -> Standing:
        return standing if self.spool is None else replace(standing, printer=self.spool.state())

    # --- the owner's portal ----------------------------------------------------------------------------

    def offer(self, asked: Asked) -> ReportState:
        """Ask to be linked: the code to be shown."""
        self.allowed(asked, Right.SETTINGS)
        with self.worker.lock:
            return self._owner().offer()

    def link(self, asked: Asked) -> ReportState:
        """Link with a branch's POS login."""
        self.allowed(asked, Right.SETTINGS)
        with self.worker.lock:
            state = self._owner().log_in(asked.body.login, asked.body.password)
        self.worker.kick()
        return state

    def qr(self, asked: Asked) -> dict[str, str]:
        """The code as a picture; UnknownError while none is to be shown."""
        self.allowed(asked, Right.SETTINGS)
        code = self._owner().state().code
        if not code:
            raise UnknownError("code")
        return {"picture": qr_picture(code)}

    def _owner(self) -> Reporter:
        if self._reporter is None:
            raise UnknownError("portal")
        return self._reporter

    # --- orders ---------------------------------------------------------------------------------------

    def orders(self, asked: Asked) -> list[OrderView]:
        """Orders, newest first."""
        self.who(asked)
        states = [State(asked.query["state"])] if "state" in asked.query else []
        return self.desks.orders.all(states, asked.query.get("day", ""), before=asked.query.get("before", ""))

    def pay(self, asked: Asked) -> Paid:
        """Pay, and have the receipt made."""
        paid = self.desks.checkout.pay(self.who(asked), asked.path["order"], asked.given)
        self.worker.kick()
        return paid

    def answer(self, asked: Asked) -> OrderView:
        """A payment application answers."""
        self.allowed(asked, Right.PAY)
        order = self.desks.checkout.answer(asked.path["id"], confirmed=asked.body.confirmed)
        self.worker.kick()
        return order

    def refund(self, asked: Asked) -> OrderView:
        """Give back."""
        lines = asked.body.lines
        wanted = None if lines is None else {each.line: each.amount for each in lines}
        made = self.desks.refunds.refund(
            self.who(asked), asked.path["order"], wanted, restock=asked.body.restock
        )
        self.worker.kick()
        return made

    def left(self, asked: Asked) -> list[dict[str, int]]:
        """What can still be given back."""
        self.who(asked)
        left = self.desks.refunds.left(asked.path["order"])
        return [{"line": line, "amount": amount} for line, amount in left.items()]

    def fiscal(self, asked: Asked) -> FiscalView:
        """The fiscal receipt of an order."""
        self.who(asked)
        found = self.desks.fiscal.of(asked.path["order"])
        if found is None:
            raise UnknownError("receipt")
        return found

    def paper(self, asked: Asked) -> dict[str, str]:
        """The receipt as text, ready for the printer."""
        self.who(asked)
        return {"text": self.text_of(asked.path["order"])}

    def text_of(self, order: str) -> str:
        """The receipt of an order as text; UnknownError while there is none."""
        with self.desks.premises.reading() as session:
            document = document_of(session, RECEIPT, order)
        return as_text(document, self.desks.settings.read().paper)

    def close_shift(self, asked: Asked) -> dict[str, Any]:
        """Close the shift; its Z-report."""
        self.allowed(asked, Right.SHIFT)
        return self.worker.close_shift()

    def prove_chain(self, asked: Asked) -> FiscalView:
        """A receipt that proves the chain (UZ-POS-02): sold and given back at once."""
        self.allowed(asked, Right.SETTINGS)
        with self.worker.lock:
            return self.desks.fiscal.prove_chain(self.desks.settings.read())


class _Bound:
    """Rows of one shop: who may not is refused before anything is done."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    def changing(self, right: Right, act: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
        """For whoever has the right."""

        def run(asked: Asked) -> Any:
            self.counter.allowed(asked, right)
            return act(asked)

        return run

    def reading(self, act: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
        """For whoever is at the till."""

        def run(asked: Asked) -> Any:
            self.counter.who(asked)
            return act(asked)

        return run


def routes_of(counter: Counter) -> tuple[JsonRoute, ...]:
    """The table, bound to one shop."""
    return (*_coming(counter), *_keeping(counter), *_selling(counter), *paper_routes(counter))


def _coming(counter: Counter) -> tuple[JsonRoute, ...]:
    """Who is at the till, and where things stand."""
    return (
        JsonRoute(
            "GET", "/people", "who can come to the till", counter.people, list[dict[str, Any]], public=True
        ),
        JsonRoute(
            "POST", "/sessions", "come with a PIN", counter.come, dict[str, Any], bodies.Coming, True, 201
        ),
        JsonRoute("GET", "/me", "who is at the till", counter.me, dict[str, Any]),
        JsonRoute("DELETE", "/sessions", "leave the till", counter.go, dict[str, bool], public=True),
        JsonRoute(
            "GET", "/standing", "service, shift, unsent receipts, waiting orders", counter.standing, Standing
        ),
        JsonRoute("POST", "/standing", "the same after one more look", counter.look, Standing),
    )


def _keeping(counter: Counter) -> tuple[JsonRoute, ...]:
    """Goods, places, people, settings, the owner's portal."""
    bound, desks = _Bound(counter), counter.desks
    changing, reading = bound.changing, bound.reading
    return (
        JsonRoute(
            "GET",
            "/products",
            "goods by name",
            reading(lambda a: desks.catalogue.search(a.query.get("q", ""), a.query.get("category", ""))),
            list[ProductView],
            query=(_SEARCH, _CATEGORY),
        ),
        JsonRoute(
            "GET", "/categories", "categories", reading(lambda _: desks.catalogue.categories()), list[str]
        ),
        JsonRoute(
            "POST",
            "/products",
            "a new product",
            changing(Right.CATALOGUE, lambda a: desks.catalogue.add(a.given)),
            ProductView,
            bodies.ProductChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/products/{id}",
            "change a product",
            changing(Right.CATALOGUE, lambda a: desks.catalogue.change(a.path["id"], a.given)),
            ProductView,
            bodies.ProductChange,
        ),
        JsonRoute(
            "GET", "/places", "places and tables", reading(lambda _: desks.places.all()), list[PlaceView]
        ),
        JsonRoute(
            "POST",
            "/places",
            "a new place",
            changing(Right.CATALOGUE, lambda a: desks.places.add(a.given)),
            PlaceView,
            bodies.PlaceChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/places/{id}",
            "change a place",
            changing(Right.CATALOGUE, lambda a: desks.places.change(a.path["id"], a.given)),
            PlaceView,
            bodies.PlaceChange,
        ),
        JsonRoute(
            "POST",
            "/employees",
            "a new employee",
            changing(Right.STAFF, lambda a: desks.staff.add(a.given)),
            EmployeeView,
            bodies.EmployeeChange,
            status=201,
        ),
        JsonRoute(
            "PATCH",
            "/employees/{id}",
            "change an employee",
            changing(Right.STAFF, lambda a: desks.staff.change(a.path["id"], a.given)),
            EmployeeView,
            bodies.EmployeeChange,
        ),
        JsonRoute("GET", "/settings", "settings", reading(lambda _: desks.settings.read()), ShopSettings),
        JsonRoute(
            "PATCH",
            "/settings",
            "change settings",
            changing(Right.SETTINGS, lambda a: desks.settings.change(a.given)),
            ShopSettings,
            bodies.SettingsChange,
        ),
        JsonRoute("POST", "/test-receipt", "prove the chain", counter.prove_chain, FiscalView),
        JsonRoute("POST", "/owner/offer", "ask to be linked by QR code", counter.offer, ReportState),
        JsonRoute("GET", "/owner/qr", "the QR code that the owner scans", counter.qr, dict[str, str]),
        JsonRoute(
            "POST", "/owner/login", "link with a POS login", counter.link, ReportState, bodies.OwnerLogin
        ),
    )


def _selling(counter: Counter) -> tuple[JsonRoute, ...]:
    """Orders, from the first line to the refund; the shift."""
    desks, reading = counter.desks, _Bound(counter).reading
    order, orders = "/orders/{order}", desks.orders
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
        JsonRoute("GET", order, "one order", reading(lambda a: orders.one(a.path["order"])), OrderView),
        JsonRoute(
            "POST",
            f"{order}/lines",
            "a product into the order",
            lambda a: orders.add(counter.who(a), a.path["order"], a.given),
            OrderView,
            bodies.LineBody,
        ),
        JsonRoute(
            "PATCH",
            f"{order}/lines/{{id}}",
            "change a line",
            lambda a: orders.change_line(counter.who(a), a.path["order"], a.path["id"], a.given),
            OrderView,
            bodies.LineChange,
        ),
        JsonRoute(
            "POST",
            f"{order}/discount",
            "a discount on all of it",
            lambda a: orders.discount(counter.who(a), a.path["order"], a.body.discount),
            OrderView,
            bodies.Discount,
        ),
        JsonRoute(
            "POST",
            f"{order}/place",
            "to another place",
            lambda a: orders.move(counter.who(a), a.path["order"], a.body.place),
            OrderView,
            bodies.PlaceWanted,
        ),
        JsonRoute(
            "POST",
            f"{order}/confirm",
            "the kitchen takes it",
            lambda a: orders.confirm(counter.who(a), a.path["order"]),
            OrderView,
        ),
        JsonRoute(
            "POST",
            f"{order}/cancel",
            "give it up",
            lambda a: orders.cancel(counter.who(a), a.path["order"], a.body.reason),
            OrderView,
            bodies.Reason,
        ),
        JsonRoute("POST", f"{order}/pay", "pay it", counter.pay, Paid, bodies.PayBody),
        JsonRoute(
            "GET",
            f"{order}/payments",
            "its payments",
            reading(lambda a: desks.checkout.payments(a.path["order"])),
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
        JsonRoute("GET", f"{order}/left", "what can be given back", counter.left, list[dict[str, int]]),
        JsonRoute(
            "POST",
            f"{order}/refund",
            "give it back",
            counter.refund,
            OrderView,
            bodies.RefundBody,
            status=201,
        ),
        JsonRoute("GET", f"{order}/fiscal", "its fiscal receipt", counter.fiscal, FiscalView),
        JsonRoute("GET", f"{order}/paper", "the receipt as text", counter.paper, dict[str, str]),
        JsonRoute("POST", "/shift/close", "close the shift", counter.close_shift, dict[str, Any]),
    )
