"""What the addresses of the point of sale do, over the desks of one shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference.pos.prints.queue import RECEIPT
from reference.pos.prints.shelf import document_of
from reference.pos.prints.spool import Spool
from reference.pos.prints.text import as_text
from reference.pos.qr_text import qr_picture
from reference.pos.shop.checkout import Paid
from reference.pos.shop.desks import Desks
from reference.pos.shop.fiscal_desk import FiscalView
from reference.pos.shop.orders import OrderView, State
from reference.pos.shop.reporting import Reporter, ReportState
from reference.pos.shop.staff import RIGHTS, EmployeeView, Right
from reference.pos.shop.worker import Standing, Worker
from reference.runtime.json_routes import Asked
from reference.runtime.refusals import UnknownError


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


class Bound:
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
