"""The judge's FiscalDriveService: REST on a port of its own, over the module that the judge plays.

Every call of the point of sale is kept in `calls`, in order, with what was answered and whether it took
effect. An `Order` says what becomes of the next call of its kind; without one the module decides.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from conformance.drivers.pos_server import PATIENCE, Answer, Asked, Line, PlayedServer, json_answer
from conformance.drivers.wire import Tap
from conformance.models.uz_played import Json, PlayedModule, Told, time_of
from conformance.verdicts import AnswerMissing
from reference.runtime.clock import real_elapsed

GETTXID: Final = "GetTXID"
REGISTER: Final = "RegisterTXID"
OPEN: Final = "ZReport/Open"
CLOSE: Final = "ZReport/Close"
STATE: Final = "State/Sync"
SEND: Final = "Sync/FullReceipts"
INFO: Final = "FiscalDrive/Info"
MEMORY: Final = "FiscalMemory/Info"
SHIFT: Final = "ZReport/Info"
RECEIPT: Final = "Receipt/Info"
_PATHS: Final = {
    "/fiscaldrive/list": "FiscalDrive/List",
    "/fiscaldrive/info": INFO,
    "/fiscaldrive/state/sync": STATE,
    "/fiscaldrive/fiscalmemory/info": MEMORY,
    "/fiscaldrive/zreport/open": OPEN,
    "/fiscaldrive/zreport/close": CLOSE,
    "/fiscaldrive/zreport/info": SHIFT,
    "/fiscaldrive/zreport/unackowledgedindexes": "ZReport/UnackowledgedIndexes",
    "/fiscaldrive/receipt/gettxid": GETTXID,
    "/fiscaldrive/receipt/registertxid": REGISTER,
    "/fiscaldrive/receipt/info": RECEIPT,
    "/database/files/count": "Files/Count",
    "/database/files/sync/fullreceipts": SEND,
    "/database/files/sync/zreports": "Sync/ZReports",
    "/database/files/sync/receipts": "Sync/Receipts",
}
"""Paths of uz-fiscal §4.2 without their FactoryID, in lower case (G2-T-06)."""
CHANGING: Final = (GETTXID, REGISTER, OPEN, CLOSE)


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
    """A call as it came, and what was answered. `line` says whether the answer went out."""

    n: int
    operation: str
    factory: str
    given: Json
    body: Any
    told: Told
    line: Line
    at: datetime

    @property
    def refused(self) -> bool:
        """Whether a reason was answered."""
        return self.told[0] != 200


class DriveStand(PlayedServer):
    """The service. `module` is what it has; hold `lock` while changing that."""

    def __init__(self, module: PlayedModule, tap: Tap, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(self._serve_call, tap, host, port)
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
        with self.lock:
            before, self._standing = self._standing, order
        try:
            yield
        finally:
            with self.lock:
                self._standing = before

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
        """Calls since `rest`, of these operations or all."""
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
        place, factory = _place(asked.path)
        operation = _PATHS.get(place, "")
        given, body = _given(asked)
        with self._changed:
            order = self._taken(operation)
            if order.line is Line.CUT_BEFORE:
                told: Told = (0, "")
            else:
                told = self._decided(order, asked.method, factory, given, body)
            call = Call(
                len(self.calls) + 1,
                operation or asked.path,
                factory,
                given,
                body,
                told,
                order.line,
                self.module.now(),
            )
            self.calls.append(call)
            self._changed.notify_all()
        if order.hold is not None:
            order.hold.wait(PATIENCE)
        if order.body is not None:
            return Answer(told[0], order.body(told[1]).encode(), "text/plain", order.line)
        return _written(told, order.line)

    def _decided(self, order: Order, method: str, factory: str, given: Json, body: Any) -> Told:
        if order.reason and not order.done:
            return order.status, order.reason
        told = self._done(method, order.operation, factory, given, body)
        return (order.status, order.reason) if order.reason else told

    def _taken(self, operation: str) -> Order:
        for place, order in enumerate(self._orders):
            if order.operation == operation:
                return self._orders.pop(place)
        if self._standing is not None and self._standing.operation == operation:
            return self._standing
        return Order(operation)

    def _done(self, method: str, operation: str, factory: str, given: Json, body: Any) -> Told:
        if method not in ("POST", "GET"):
            return 405, "method not allowed"
        if not operation:
            return 404, "not found"
        if operation == "FiscalDrive/List":
            return (200, []) if self.pulled else self.module.listed()
        if operation == "Files/Count":
            return 200, {self.module.listed()[1][0]["FactoryID"]: len(self.module.unsent)}
        if self.pulled:
            return 404, "fiscal drive not found"
        if factory != self.module.factory:
            return 404, "fiscal drive not found"
        return self._of_module(operation, given, body)

    def _of_module(self, operation: str, given: Json, body: Any) -> Told:
        module = self.module
        if operation == GETTXID:
            return module.store(body) if isinstance(body, dict) else (400, "body is no JSON receipt")
        if operation in (OPEN, CLOSE):
            text = str(given.get("datetime", "now"))
            time = module.now() if text == "now" else time_of(text)
            if time is None:
                return 400, f'parsing time "{text}": cannot parse'
            return module.open_shift(time) if operation == OPEN else module.close_shift(time)
        number = _number(given, body)
        if number is None:
            return 400, "a parameter is no number"
        reading: dict[str, Callable[[], Told]] = {
            INFO: module.info,
            MEMORY: module.memory,
            STATE: module.sync_state,
            SHIFT: lambda: module.shift_info(number),
            RECEIPT: lambda: module.receipt_info(number),
            REGISTER: lambda: module.register(number),
            SEND: lambda: module.send(number or 32),
            "ZReport/UnackowledgedIndexes": lambda: (200, []),
            "Sync/ZReports": lambda: (200, {"Items": [], "SuccessfulsCount": 0}),
            "Sync/Receipts": lambda: (200, {"Items": [], "SuccessfulsCount": 0}),
        }
        return reading[operation]()


def _place(path: str) -> tuple[str, str]:
    """Path without its FactoryID, in lower case, and that."""
    lower = path.rstrip("/").lower()
    if lower in _PATHS:
        return lower, ""
    head, _, factory = path.rstrip("/").rpartition("/")
    return head.lower(), factory


def _given(asked: Asked) -> tuple[Json, Any]:
    """Parameters of query, form or JSON by their names in lower case, and a JSON body (G2-T-03…05, -07)."""
    given: Json = {name.lower(): value for name, value in parse_qsl(asked.query)}
    text = asked.body.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = None
    if isinstance(body, dict):
        given |= {name.lower(): value for name, value in body.items()}
    elif body is None and asked.method == "POST":
        given |= {name.lower(): value for name, value in parse_qsl(text)}
    return given, body


def _number(given: Json, body: Any) -> int | None:
    """The one number that an operation takes; 0 without one."""
    value = next((given[name] for name in ("txid", "index", "itemscount") if name in given), None)
    if value is None:
        value = body if isinstance(body, int) else 0
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def _written(told: Told, line: Line) -> Answer:
    status, value = told
    if status != 200:
        return json_answer(status, {"Reason": value, "Type": "errors.errorString"}, line)
    if value == "OK":
        return Answer(200, b"OK", "text/plain", line)
    return json_answer(200, value, line)
