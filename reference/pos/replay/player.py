"""Replays a recorded day against a point of sale by what anybody has: its HTTP API and its control API.

Lab time runs to each event: at `max` it jumps there, at another speed it runs at that rate. A day that lies
behind lab time is moved forward by whole days, so that hours stay hours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from reference.pos.errors import TillError
from reference.pos.replay.counter_api import CounterApi
from reference.pos.replay.model import (
    Event,
    Goods,
    OrderEvent,
    PlaceOfDay,
    RecordedDay,
    RefundEvent,
    ShiftEvent,
    Sums,
)

CASH: Final = "cash"
ROUNDS: Final = 20
"""How often the point of sale is asked to make the receipts that still wait at the end."""
BETWEEN: Final = 60.0
"""Lab seconds between these."""
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Played:
    """What a replay came to, and the new ids of the file's orders and refunds."""

    sums: Sums
    ids: dict[str, str] = field(default_factory=dict)

    def equal(self, recorded: Sums) -> bool:
        """Whether the same was sold, given back and made a receipt."""
        return self.sums == recorded.model_copy(update={"left_out": 0})


class Player:
    """One replay. `speed` is lab seconds per real second, None as fast as it goes."""

    def __init__(
        self,
        api: CounterApi,
        day: RecordedDay,
        speed: float | None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._api = api
        self._day = day
        self._speed = speed
        self._say = say
        self._products: dict[int, int] = {}
        self._prices: dict[int, int] = {}
        self._places: dict[str, int] = {}
        self._ids: dict[str, str] = {}

    def play(self) -> Played:
        """Replay everything; TillError when the point of sale refuses a step."""
        rate = self._api.clock()["rate"]
        shift = self._shift()
        self._stock_up()
        steps = sorted(self._steps(shift), key=lambda step: step[0])
        if self._speed is not None:
            self._api.set_clock(rate=self._speed)
        try:
            for at, act in steps:
                self._run_to(at)
                act()
            self._settle()
        finally:
            if self._speed is not None:
                self._api.set_clock(rate=rate)
        return Played(self._sums(), dict(self._ids))

    # --- time ----------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._api.clock()["part_now"])

    def _shift(self) -> timedelta:
        """By how many whole days the day is moved so that none of it lies behind lab time."""
        behind = self._now() - self._day.head.begins
        return _DAY * max(0, -(-behind // _DAY))

    def _run_to(self, due: datetime) -> None:
        ahead = (due - self._now()).total_seconds()
        if ahead <= 0:
            return
        if self._speed is None:
            self._api.set_clock(advance=ahead)
            return
        pause = threading.Event()
        while (ahead := (due - self._now()).total_seconds()) > 0:
            pause.wait(ahead / self._speed)

    def _settle(self) -> None:
        """Have the receipts made that still wait: of the last orders, or of those that a refund waits for."""
        for _ in range(ROUNDS):
            if not self._api.look()["waiting"]:
                return
            if self._speed is None:
                self._api.set_clock(advance=BETWEEN)
            else:
                self._run_to(self._now() + timedelta(seconds=BETWEEN))

    # --- the shop ------------------------------------------------------------------------------------

    def _stock_up(self) -> None:
        """Goods and places as the file has them: those of that name are changed, the others made."""
        goods = {(one["name"], one["mxik"]): one for one in self._api.get("/products")}
        for one in self._day.goods:
            self._products[one.ref] = self._goods(one, goods.get((one.name, one.mxik)))
            self._prices[one.ref] = one.price
        places = {one["name"]: one for one in self._api.get("/places")}
        for place in self._day.places:
            self._places[place.name] = self._place(place, places.get(place.name))

    def _goods(self, wanted: Goods, there: Mapping[str, Any] | None) -> int:
        body = wanted.model_dump(exclude={"kind", "ref"})
        if there is None:
            return int(self._api.post("/products", body)["id"])
        changed = {name: value for name, value in body.items() if there[name] != value}
        if changed:
            self._api.patch(f"/products/{there['id']}", changed)
        return int(there["id"])

    def _place(self, wanted: PlaceOfDay, there: Mapping[str, Any] | None) -> int:
        body = {"name": wanted.name, "kind": wanted.place_kind, "surcharge": wanted.surcharge}
        if there is None:
            return int(self._api.post("/places", body)["id"])
        if any(there[name] != value for name, value in body.items()):
            self._api.patch(f"/places/{there['id']}", body)
        return int(there["id"])

    # --- events --------------------------------------------------------------------------------------

    def _steps(self, shift: timedelta) -> list[tuple[datetime, Callable[[], None]]]:
        """Each event as the steps of which it is made, at their moments."""
        steps: list[tuple[datetime, Callable[[], None]]] = []
        for event in self._day.events:
            steps += [(at + shift, act) for at, act in self._acts(event)]
        return steps

    def _acts(self, event: Event) -> list[tuple[datetime, Callable[[], None]]]:
        match event:
            case ShiftEvent():
                return [(event.at, self._close_shift)]
            case RefundEvent():
                return [(event.at, lambda: self._give_back(event))]
            case OrderEvent():
                acts: list[tuple[datetime, Callable[[], None]]] = [(event.at, lambda: self._open(event))]
                if event.confirmed is not None:
                    acts.append((event.confirmed, lambda: self._step(event, "confirm", {})))
                if event.closed is not None and event.end == "completed":
                    acts.append((event.closed, lambda: self._pay(event)))
                elif event.closed is not None and event.end == "cancelled":
                    acts.append((event.closed, lambda: self._step(event, "cancel", {"reason": event.reason})))
                return acts

    def _open(self, event: OrderEvent) -> None:
        place = None if event.place is None else self._places[event.place]
        made = self._api.post("/orders", {"place": place}, event.employee)
        order = self._ids[event.ref] = str(made["id"])
        for line in event.lines:
            self._price(line.product, line.price)
            body = {"product": self._products[line.product], "amount": line.amount, "label": line.label}
            made = self._api.post(f"/orders/{order}/lines", body, event.employee)
            if line.discount:
                path = f"/orders/{order}/lines/{made['lines'][-1]['id']}"
                self._api.patch(path, {"discount": line.discount})
        if event.discount:
            self._api.post(f"/orders/{order}/discount", {"discount": event.discount})

    def _price(self, product: int, price: int) -> None:
        """The shop's price at that moment."""
        if self._prices[product] != price:
            self._api.patch(f"/products/{self._products[product]}", {"price": price})
            self._prices[product] = price

    def _step(self, event: OrderEvent, step: str, body: dict[str, Any]) -> None:
        self._api.post(f"/orders/{self._ids[event.ref]}/{step}", body or None)

    def _pay(self, event: OrderEvent) -> None:
        order = self._ids[event.ref]
        payments = [{"kind": one.kind, "amount": one.amount} for one in event.payments]
        paid = self._api.post(f"/orders/{order}/pay", {"payments": payments, "kind": event.type})
        for one in paid["payments"]:
            if one["state"] == "pending":
                self._api.post(f"/payments/{one['id']}/answer", {"confirmed": True})
        total = self._api.get(f"/orders/{order}")["total"]
        if total != event.total:
            raise TillError(f"order {event.ref} came to {total} tiyin, {event.total} were recorded")
        self._api.look()
        self._say(f"{event.ref} → {order}: {total}")

    def _give_back(self, event: RefundEvent) -> None:
        lines = [{"line": one.line, "amount": one.amount} for one in event.lines]
        made = self._api.post(f"/orders/{self._ids[event.of]}/refund", {"lines": lines})
        if made["total"] != event.total:
            raise TillError(f"refund {event.ref} came to {made['total']} tiyin, {event.total} were recorded")
        self._ids[event.ref] = str(made["id"])
        self._api.look()
        self._say(f"{event.ref} → {made['id']}: -{made['total']}")

    def _close_shift(self) -> None:
        """Unless the point of sale has closed it by itself at that hour."""
        if self._api.look()["drive"]["shift_opened"] is not None:
            self._api.post("/shift/close", None)

    # --- sums ----------------------------------------------------------------------------------------

    def _sums(self) -> Sums:
        sums: dict[str, Any] = {name: 0 for name in Sums.model_fields if name != "kind"}
        for event in self._day.events:
            if not isinstance(event, ShiftEvent):
                self._count(sums, event)
        return Sums.model_validate(sums)

    def _count(self, sums: dict[str, Any], event: OrderEvent | RefundEvent) -> None:
        order = self._api.get(f"/orders/{self._ids[event.ref]}")
        state, refund = order["state"], order["refund_of"] is not None
        sums["refunds" if refund else "orders"] += 1
        if not refund and state in ("completed", "cancelled"):
            sums[state] += 1
        if state != "completed":
            return
        sums["refunded" if refund else "sold"] += order["total"]
        for one in self._api.get(f"/orders/{order['id']}/payments"):
            if refund or one["state"] == "confirmed":
                sums["cash" if one["kind"] == CASH else "card"] += one["amount"]
        sums["receipts"] += self._api.get(f"/orders/{order['id']}/fiscal")["state"] == "done"
