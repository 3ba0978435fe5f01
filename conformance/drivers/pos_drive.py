"""The judge's drive service: a dialect on a port of its own, over the module that the judge plays.

Every call of the point of sale is kept in `calls`, in order, with what was answered and whether it took
effect. An `Order` says what becomes of the next call of its kind; without one the module decides.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conformance.drivers.pos_faces import (
    GETTXID,
    LIST,
    REGISTER,
    Asking,
    Face,
    RestFace,
    known_to,
)
from conformance.drivers.pos_server import PATIENCE, Answer, Asked, Line, PlayedServer
from conformance.drivers.wire import Tap
from conformance.models.uz_played import PlayedModule, Told
from conformance.models.uz_played_receipts import Json
from conformance.verdicts import AnswerMissing, NotApplicable
from reference.runtime.clock import real_elapsed


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with one call of an operation.

    `reason`: refuse with it and `status`; nothing is done, or it is when `done`. `line`: what becomes of the
    connection. `body`: makes the text that is sent of the answer. `hold`: wait for this before answering;
    what is done is done before.
    """

    operation: str
    reason: str = ""
    status: int = 500
    line: Line = Line.ANSWERED
    done: bool = False
    body: Callable[[Any], str] | None = None
    hold: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came, and what was answered, in the form of REST. `line` says whether the answer went out,
    `word` what the dialect calls the operation.
    """

    n: int
    operation: str
    factory: str
    given: Json
    body: Any
    told: Told
    line: Line
    at: datetime
    word: str = ""

    @property
    def refused(self) -> bool:
        """Whether a reason was answered."""
        return self.told[0] != 200


class DriveStand(PlayedServer):
    """The service. `module` is what it has; hold `lock` while changing that. `face` is how it speaks.

    What its dialect has not cannot be ordered nor looked for: NotApplicable.
    """

    def __init__(
        self,
        module: PlayedModule,
        tap: Tap,
        host: str = "127.0.0.1",
        port: int = 0,
        face: Face | None = None,
    ) -> None:
        super().__init__(self._serve_call, tap, host, port)
        self.face: Face = face or RestFace()
        self.module = module
        self.calls: list[Call] = []
        self.lock = threading.RLock()
        self.pulled = False
        """Whether the key is out: the service answers, and has no module."""
        self._changed = threading.Condition(self.lock)
        self._orders: list[Order] = []
        self._held: list[threading.Event] = []
        self._standing: Order | None = None
        self._mark = 0

    # --- orders -----------------------------------------------------------------------------------------

    def order(self, *orders: Order) -> None:
        """Calls to come take these, one each."""
        for order in orders:
            self._require(order)
        with self.lock:
            self._orders.extend(orders)

    def refuse(self, operation: str, reason: str, status: int = 500, times: int = 1) -> None:
        """The next calls of an operation are refused."""
        self.order(*[Order(operation, reason, status)] * times)

    def holding(self, operation: str) -> threading.Event:
        """The next call of an operation is done, and answered when this is set."""
        held = threading.Event()
        self._held.append(held)
        self.order(Order(operation, hold=held))
        return held

    @contextmanager
    def always(self, order: Order) -> Iterator[None]:
        """Every call of the order's operation takes it inside."""
        self._require(order)
        with self.lock:
            before, self._standing = self._standing, order
        try:
            yield
        finally:
            with self.lock:
                self._standing = before

    def needs(self, operation: str) -> None:
        """Go on only where the dialect has this operation, else NotApplicable."""
        known_to(self.face, operation)

    def _require(self, order: Order) -> None:
        known_to(self.face, order.operation)
        if order.body is not None and not isinstance(self.face, RestFace):
            raise NotApplicable(f"{self.face.label} has one shape of this answer")
        if order.reason and not self.face.sayable(order.operation, order.reason):
            raise NotApplicable(f"{self.face.label} has no word for {order.reason!r}")

    @contextmanager
    def key_out(self) -> Iterator[None]:
        """The key is pulled out inside."""
        self.pulled = True
        try:
            yield
        finally:
            self.pulled = False

    @property
    def orders_left(self) -> int:
        """Orders that no call has taken yet."""
        with self.lock:
            return len(self._orders)

    def rest(self) -> None:
        """Forget orders, set free what is held; calls so far count as seen."""
        with self.lock:
            self._orders.clear()
            self._standing, self.pulled = None, False
            for held in self._held:
                held.set()
            self._held.clear()
            self._mark = len(self.calls)

    # --- looking ----------------------------------------------------------------------------------------

    def seen(self, *operations: str) -> list[Call]:
        """Calls since `rest`, of these operations or all. Where receipts are registered in one step, what
        would be stored first is that step."""
        one_step = GETTXID not in self.face.operations
        operations = tuple(
            known_to(self.face, REGISTER if one_step and each == GETTXID else each) for each in operations
        )
        with self.lock:
            return [
                call for call in self.calls[self._mark :] if not operations or call.operation in operations
            ]

    def comes(self, operation: str, many: int = 1, *, seconds: float = PATIENCE) -> Call:
        """The `many`th call of an operation since `rest`; AnswerMissing when it does not come."""
        end = real_elapsed() + seconds
        with self._changed:
            while len(found := self.seen(operation)) < many:
                left = end - real_elapsed()
                if left <= 0:
                    raise AnswerMissing(f"call {many} of {operation} did not come within {seconds:g} s")
                self._changed.wait(left)
            return found[many - 1]

    # --- answering --------------------------------------------------------------------------------------

    def _serve_call(self, asked: Asked) -> Answer:
        asking = self.face.read(asked)
        with self._changed:
            order = self._taken(asking.operation)
            told: Told = (0, "") if order.line is Line.CUT_BEFORE else self._decided(order, asking)
            call = Call(
                len(self.calls) + 1,
                asking.operation or asking.word,
                asking.factory,
                asking.given,
                asking.body,
                told,
                order.line,
                self.module.now(),
                asking.word,
            )
            self.calls.append(call)
            self._changed.notify_all()
        if order.hold is not None:
            order.hold.wait(PATIENCE)
        if order.body is not None:
            return Answer(told[0], order.body(told[1]).encode(), "text/plain", order.line)
        return self.face.written(asking, told, order.line)

    def _decided(self, order: Order, asking: Asking) -> Told:
        if order.reason and not order.done:
            return order.status, order.reason
        told = self._done(asking)
        return (order.status, order.reason) if order.reason else told

    def _done(self, asking: Asking) -> Told:
        if asking.wrong is not None:
            return asking.wrong
        if self.pulled and asking.operation != "Files/Count":
            return (200, []) if asking.operation == LIST else (404, "fiscal drive not found")
        return self.face.does(self.module, asking)

    def _taken(self, operation: str) -> Order:
        for place, order in enumerate(self._orders):
            if order.operation == operation:
                return self._orders.pop(place)
        if self._standing is not None and self._standing.operation == operation:
            return self._standing
        return Order(operation)
