"""The till's journal: every order, how far it has come, and what the service answered. Durable before each
step that the service takes.

    taken ─► prepared (JSON receipt) ─► stored (TXID) ─► answered (number, sign, QR)

A crash between two steps loses and doubles nothing: the same JSON receipt has the same TXID, and a TXID one
answer (uz-fiscal G2-S-05, G2-S-07). So `taken` without an answer is always carried on, never begun anew.
Services that take a receipt in one step give no TXID: there `attempted` holds a mark of the module by which
the outcome of a try without an answer is found, and `withdrawn` says that a try certainly did nothing.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_json

from reference.pos.errors import BookError, OrderError
from reference.pos.order import Order
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal, JournalError

FAULT_POINT: Final = "journal.write"
_ASIDE: Final = "aside"
_NONE: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Sale:
    """An order and how far it has come. `attempts` counts tries to register `receipt` that may have done it.

    `name` is the till's own number of the receipt, one for all its tries; `mark` what was known of the module
    before the first of them, `tried` the PC's time of the last.
    """

    order: Order
    receipt: dict[str, Any] | None = None
    txid: int | None = None
    attempts: int = 0
    name: str = ""
    mark: dict[str, Any] | None = None
    tried: str = ""
    answer: dict[str, Any] | None = None
    refusal: str | None = None
    history: tuple[str, ...] = field(default=())

    @property
    def pending(self) -> bool:
        """Whether it still has to become a fiscal receipt."""
        return self.answer is None and self.refusal is None


class OrderBook:
    """All orders of one till in one file. Safe from several threads.

    A shop that begins anew gives its orders the old names again: what had them before is set aside.
    """

    def __init__(self, path: Path, faults: FaultPoints | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._faults = path, faults
        self._lock = threading.Lock()
        self._sales: dict[str, Sale] = {}
        self._aside: list[Sale] = []
        self._trouble = ""
        self._journal = Journal(path, faults, FAULT_POINT)
        self._take_up(self._journal.recover())

    # --- reading -------------------------------------------------------------------------------------

    def sale(self, order_id: str) -> Sale:
        """The order of that id; OrderError when there is none."""
        found = self._sales.get(order_id)
        if found is None:
            raise OrderError("order", f"there is no order {order_id}")
        return found

    def names(self) -> list[str]:
        """Ids of all orders, oldest first."""
        return list(self._sales)

    def known(self, order_id: str) -> bool:
        """Whether that id was taken."""
        return order_id in self._sales

    def pending(self) -> list[Sale]:
        """Orders without an answer, oldest first."""
        return [sale for sale in self._sales.values() if sale.pending]

    def answered(self) -> list[Sale]:
        """Orders that are fiscal receipts, oldest first: those of names that are free again, too."""
        return [sale for sale in (*self._aside, *self._sales.values()) if sale.answer is not None]

    def last(self) -> Sale | None:
        """The order that was taken last."""
        return next(reversed(self._sales.values()), None)

    def refunds_of(self, order_id: str) -> list[Sale]:
        """Refunds of an order that are done or still to be done."""
        return [
            sale
            for sale in self._sales.values()
            if sale.order.refund_of is not None
            and sale.order.refund_of.order == order_id
            and sale.refusal is None
        ]

    def __len__(self) -> int:
        return len(self._sales)

    # --- writing, each durable on return, with all that was noted before it; BookError: it is not ----

    def take(self, order: Order, *, durable: bool = True) -> Sale:
        """A new order; OrderError for an id that was taken before.

        Not `durable`: somebody else keeps the order, too, and takes it again if this is lost.
        """
        if self.known(order.id):
            raise OrderError("id", f"order {order.id} was taken already")
        event = {"step": "taken", "id": order.id, "order": order}
        with self._lock:
            self._write([event], durable=durable)
            return self._keep(Sale(order), "taken")

    def prepare(self, order_id: str, receipt: dict[str, Any]) -> Sale:
        """The JSON receipt that is about to go to GetTXID; forgets an earlier one's TXID."""
        return self._note({"step": "prepared", "id": order_id, "receipt": receipt})

    def attempt(
        self, order_id: str, mark: dict[str, Any] | None = None, tried: str = "", *, txid: int | None = None
    ) -> Sale:
        """The module is about to be asked to register it, under the `txid` that the service just gave."""
        event: dict[str, Any] = {"step": "attempted", "id": order_id}
        if mark is not None:
            event |= {"mark": mark, "tried": tried}
        return self._note(event) if txid is None else self._note(_stored(order_id, txid), event)

    def withdraw(self, order_id: str) -> Sale:
        """The last try did certainly not register it."""
        return self._note({"step": "withdrawn", "id": order_id})

    def answer(self, order_id: str, answer: dict[str, Any], *, durable: bool = True) -> Sale:
        """What RegisterTXID answered: the order is a fiscal receipt.

        Not `durable`: the service gives the answer again; nobody else may rely on it before `sync`.
        """
        return self._note({"step": "answered", "id": order_id, "answer": answer}, durable=durable)

    def refuse(self, order_id: str, reason: str) -> Sale:
        """The service will never take it."""
        return self._note(_refused(order_id, reason))

    def set_aside(self, names: Collection[str], reason: str, back: Collection[str] = ()) -> None:
        """Free these names for new orders. What still had to be done for them is given up, as `reason` says;
        receipts they became stay known. Names in `back` that are free mean again whom they meant last.
        """
        gone = [name for name in self._sales if name in names]
        freed = {sale.order.id for sale in self._aside} - self._sales.keys()
        again = [name for name in back if name in freed]
        if not gone and not again:
            return
        refused = [name for name in gone if self._sales[name].pending]
        with self._lock:
            events: list[dict[str, Any]] = [_refused(name, reason) for name in refused]
            events.append({"step": _ASIDE, "names": gone, "back": again})
            self._write(events)
            for event in events:
                self._apply(event)

    def mend(self) -> None:
        """Begin a new file with all that is on the disk, where a write has failed; BookError: the disk still
        takes none.

        Orders are then what they were when something was last made durable. Whoever carries on orders calls
        it first.
        """
        if not self._trouble:
            return
        with self._lock, self._telling():
            if not self._trouble:
                return  # another thread was first
            self._journal.close()
            self._journal = Journal(self._path, self._faults, FAULT_POINT)
            records = list(self._journal.recover())
            # What a failed sync left in the file may be in memory only: it is all written again.
            self._journal.rewrite(records)
            self._sales, self._aside = {}, []
            self._take_up(records)
            self._trouble = ""

    def sync(self) -> None:
        """Return when all that was noted is durable."""
        self._check()
        with self._telling():
            self._journal.commit()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def _note(self, *events: dict[str, Any], durable: bool = True) -> Sale:
        """Steps of one order, with one sync of the disk; the order after them."""
        with self._lock:
            self.sale(events[0]["id"])  # a book that was mended may have lost it
            self._write(events, durable=durable)
            for event in events:
                self._apply(event)
            return self._sales[events[-1]["id"]]

    def _check(self) -> None:
        """A file that `mend` began and could not end takes writes, but is not what is remembered here."""
        if self._trouble:
            raise BookError(self._trouble)

    def _write(self, events: Iterable[dict[str, Any]], *, durable: bool = True) -> None:
        self._check()
        with self._telling():
            for event in events:
                self._journal.append(to_json(event))
            if durable:
                self._journal.commit()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Of a failure to write, as a BookError; until the book is mended, there are only more of them."""
        try:
            yield
        except (JournalError, OSError) as error:
            reason = str(error).replace(f"{self._path.parent}{os.sep}", "")
            self._trouble = f"the till's journal cannot be written, so no receipts are made: {reason}"
            raise BookError(self._trouble) from error

    def _take_up(self, records: Iterable[bytes]) -> None:
        for record in records:
            self._apply(json.loads(record))

    def _apply(self, event: dict[str, Any]) -> None:
        step = event["step"]
        if step == "taken":
            self._keep(Sale(Order.model_validate(event["order"])), step)
        elif step == _ASIDE:
            self._free(event["names"], event["back"])
        else:
            sale = self._sales[event["id"]]
            self._keep(sale, step, _changes(sale, event))

    def _free(self, names: Iterable[str], back: Collection[str]) -> None:
        self._aside += [self._sales.pop(name) for name in names]
        for place in reversed(range(len(self._aside))):
            name = self._aside[place].order.id
            if name in back and name not in self._sales:
                self._sales[name] = self._aside.pop(place)

    def _keep(self, sale: Sale, step: str, changes: Mapping[str, Any] = _NONE) -> Sale:
        kept = replace(sale, **changes, history=(*sale.history, step))
        self._sales[sale.order.id] = kept
        return kept


def _refused(order_id: str, reason: str) -> dict[str, Any]:
    return {"step": "refused", "id": order_id, "reason": reason}


def _stored(order_id: str, txid: int) -> dict[str, Any]:
    return {"step": "stored", "id": order_id, "txid": txid}


def _changes(sale: Sale, event: dict[str, Any]) -> dict[str, Any]:
    match event["step"]:
        case "prepared":
            return {
                "receipt": event["receipt"],
                "txid": None,
                "attempts": 0,
                "mark": None,
                "name": sale.name or f"{sale.order.id}@{_digits(event['receipt'].get('Time'))}",
            }
        case "stored":
            return {"txid": event["txid"]}
        case "attempted":
            mark = event.get("mark") if sale.mark is None else sale.mark
            return {"attempts": sale.attempts + 1, "mark": mark, "tried": event.get("tried", "")}
        case "withdrawn":
            left = max(0, sale.attempts - 1)
            return {"attempts": left, "mark": sale.mark if left else None}
        case "answered":
            return {"answer": event["answer"]}
        case _:
            return {"refusal": event["reason"]}


def _digits(time: object) -> str:
    """The name of a receipt ends with its first time: a till that begins anew counts its orders from one."""
    return "".join(sign for sign in str(time) if sign.isdigit())
