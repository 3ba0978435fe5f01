"""A planned month played at a till of the café: orders, payments, refunds and troubles in virtual time.

The cashier's own paper book is kept beside: what guests paid and got back, as the till said it at once. The
point of sale opens and closes its shifts by itself; only the one that was forgotten is closed by hand.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from reference.protocol.uz.values import from_tashkent
from reference.runtime.clock import real_elapsed
from tools.demo import DemoError, Say
from tools.shop_month.pace import Pace
from tools.shop_month.plan import LAST_GUESTS, OPENS, SLOT, Day, Fate, Trouble, Visit
from tools.shop_month.stand import CASHIER, MANAGER, Dish, Json, Till

COMES: Final = OPENS - 15
LOCKED_UP: Final = 23 * 60 + 31
"""A minute behind the hour at which the point of sale closes the shift."""
DRIVE_FALLS: Final = 12 * 60
DRIVE_RISES: Final = 16 * 60
NETWORK_FALLS: Final = 10 * 60
NOTE: Final = 5_000_00
"""Tiyin of the smallest note that guests round up to."""
FEW: Final = 6
"""Orders that may wait for their receipts when the clock goes on: some minutes of a busy café."""
_PATIENT: Final = 25
"""Questions after which the till is told to look at its service anew."""
_ROUNDS: Final = 600
_SECONDS: Final = 60.0
"""Real ones that a receipt may take."""

_Event = tuple[int, int, str, Visit, str]
"""Minute, number, what happens, whose visit, and the order if it is there."""


class MonthPlay:
    """A month at a till of a stand that is open; lab time goes at `pace`, which other tills may share."""

    def __init__(self, till: Till, days: Sequence[Day], say: Say, pace: Pace) -> None:
        self.till = till
        self.pace = pace
        self.days = days
        self.say = say
        self.paper: Counter[str] = Counter()
        """The paper book: `sales`, `refunds`, `cancelled`, and tiyin of each kind of payment."""
        self._come_back: list[tuple[Visit, str]] = []
        self._rule: Any = None
        self._forgotten = False
        self._keys: dict[str, str] = {}
        self._totals: dict[str, int] = {}
        self._paid = False
        self._down = False
        self._label = 0
        self._number = 0
        self._queue: list[_Event] = []

    def play(self) -> None:
        """Play all days and the morning after; DemoError when the chain does not do what it has to."""
        for day in self.days:
            self._open(day)
            self._serve(day)
            self._close(day)
        self._open(Day(self.days[-1].on + timedelta(days=1), (), Trouble.NONE))
        self._settle(
            lambda told: told["waiting"] == told["drive"]["unsent"] == told["report"]["waiting"] == 0
        )

    # --- the day --------------------------------------------------------------------------------------

    def _open(self, day: Day) -> None:
        self._until(day, COMES)
        till = self.till
        if self._forgotten:
            till.lab.restart(till.parts.pos)
            till.restarted()
        self._keys = {name: till.come(name) for name in (CASHIER, MANAGER, *till.waiters)}
        if self._forgotten:
            self._close_yesterdays(day)
        if self._rule is not None:
            till.lab.control(till.parts.drive).remove_fault(self._rule)
            self._rule = None
            self.say(f"{day.on}: the network is back")
        till.deliver(self._keys[MANAGER])

    def _close_yesterdays(self, day: Day) -> None:
        """UZ-SHF-08: the point of sale warns, and a person closes what was forgotten."""
        self._forgotten = False
        cashier = self._keys[CASHIER]
        told = self.till.look(cashier)
        if not told["drive"]["shift_is_yesterdays"]:
            raise DemoError(f"{day.on}: yesterday's shift should be open still: {told['drive']}")
        self.till.pos.ask("POST", "/shift/close", key=cashier)
        self.say(f"{day.on}: yesterday's shift was warned of and closed by hand")

    def _serve(self, day: Day) -> None:
        self._queue = []
        for visit in day.visits:
            self._push(visit.comes, "comes", visit)
        for place, (visit, order) in enumerate(self._come_back):
            self._push(OPENS + SLOT * (place + 1), "back", visit, order)
        self._come_back = []
        troubles = self._troubles(day)
        trouble = next(troubles, None)
        while self._queue or trouble is not None:
            minute = self._queue[0][0] if self._queue else LAST_GUESTS
            if trouble is not None and trouble <= minute:
                self._until(day, trouble)
                trouble = next(troubles, None)
                continue
            self._until(day, minute)
            while self._queue and self._queue[0][0] == minute:
                _, _, what, visit, order = heapq.heappop(self._queue)
                self._happen(day, what, visit, order)
            self._keep_up()

    def _troubles(self, day: Day) -> Iterator[int]:
        """Minutes at which something breaks or is mended; it happens when the next one is asked for."""
        lab, drive = self.till.lab, self.till.parts.drive
        if day.trouble is Trouble.DRIVE_DOWN:
            yield DRIVE_FALLS
            lab.kill(drive)
            self._down = True
            yield DRIVE_RISES
            self._down = False
            waiting = self.till.look(self._keys[CASHIER])["waiting"]
            lab.restart(drive)
            self.say(f"{day.on}: fiscal service down for four hours, {waiting} orders waited and were sent")
        elif day.trouble is Trouble.NETWORK_DOWN:
            yield NETWORK_FALLS
            fault = lab.control(drive).add_fault(point="operator.connect", action="refuse", count=None)
            self._rule = fault["id"]

    def _close(self, day: Day) -> None:
        away = day.trouble is Trouble.NETWORK_DOWN
        told = self._settle(lambda told: told["waiting"] == 0 and (away or told["drive"]["unsent"] == 0))
        if away:
            self.say(f"{day.on}: network down since ten, {told['drive']['unsent']} receipts unsent")
        if day.trouble is Trouble.FORGOTTEN:
            self.till.lab.kill(self.till.parts.pos)
            self._forgotten = True
            return
        self._until(day, LOCKED_UP)
        told = self.till.look(self._keys[CASHIER])
        if told["drive"]["shift_opened"] is not None:
            raise DemoError(f"{day.on}: the shift should have closed by itself: {told}")

    # --- guests ---------------------------------------------------------------------------------------

    def _happen(self, day: Day, what: str, visit: Visit, order: str) -> None:
        if what == "comes":
            self._take(visit)
        elif what == "pays":
            self._part(day, visit, order)
        else:
            self._give_back(visit, order)

    def _take(self, visit: Visit) -> None:
        """A waiter, or the cashier at the counter, takes the order."""
        till = self.till
        key = self._keys[CASHIER if visit.table is None else till.waiters[visit.waiter]]
        place = None if visit.table is None else till.tables[visit.table]
        lines = [self._line(till.dishes[dish], amount) for dish, amount in visit.dishes]
        made = till.pos.ask("POST", "/orders", {"place": place, "lines": lines}, key)
        if visit.table is not None and visit.fate is not Fate.CANCELLED:
            till.pos.ask("POST", f"/orders/{made['id']}/confirm", key=key)
        self._totals[made["id"]] = made["total"]
        self._push(visit.pays, "pays", visit, made["id"])

    def _line(self, dish: Dish, amount: int) -> Json:
        if not dish.marked:
            return {"product": dish.id, "amount": amount}
        self._label += 1
        return {"product": dish.id, "label": f"010{dish.barcode}21{self._label:013d}"}

    def _part(self, day: Day, visit: Visit, order: str) -> None:
        """The guest pays and goes, or just goes."""
        ask, cashier = self.till.pos.ask, self._keys[CASHIER]
        way = f"/orders/{order}"
        if visit.fate is Fate.CANCELLED:
            ask("POST", f"{way}/cancel", {"reason": "Mehmon ketdi"}, self._keys[self.till.waiters[0]])
            self.paper["cancelled"] += 1
            return
        total = self._totals.pop(order)
        if visit.discount:
            view = ask("GET", way, key=cashier)
            cut = {"discount": sum(line["sum"] for line in view["lines"]) * visit.discount // 100}
            total = ask("POST", f"{way}/discount", cut, cashier)["total"]
        paid = ask("POST", f"{way}/pay", {"payments": _payments(visit, total)}, cashier)
        self.paper["sales"] += 1
        self._paid = True
        for each in paid["payments"]:
            self.paper[each["kind"]] += each["amount"]
        if visit.fate is not Fate.PAID:
            if day.trouble in (Trouble.DRIVE_DOWN, Trouble.NETWORK_DOWN):
                self._come_back.append((visit, order))  # the till asks them to come tomorrow
            else:
                self._push(visit.back, "back", visit, order)

    def _give_back(self, visit: Visit, order: str) -> None:
        """The guest brings something back; the till gives his money back the way it came (UZ-POS-03)."""
        till = self.till
        cashier, wanted = self._keys[CASHIER], None
        self._await(lambda: till.pos.ask("GET", f"/orders/{order}/fiscal", key=cashier)["state"] == "done")
        if visit.fate is Fate.PARTLY_BACK:
            [first, *_] = self.till.pos.ask("GET", f"/orders/{order}/left", key=cashier)
            wanted = [{"line": first["line"], "amount": min(1_000, first["amount"])}]
        body = {"lines": wanted, "restock": False}
        made = self.till.pos.ask("POST", f"/orders/{order}/refund", body, cashier)
        self.paper["refunds"] += 1
        for each in self.till.pos.ask("GET", f"/orders/{made['id']}/payments", key=cashier):
            self.paper[each["kind"]] += each["amount"]

    # --- time -----------------------------------------------------------------------------------------

    def _push(self, minute: int, what: str, visit: Visit, order: str = "") -> None:
        self._number += 1
        heapq.heappush(self._queue, (minute, self._number, what, visit, order))

    def _until(self, day: Day, minute: int) -> None:
        """Let the lab's clock run to a minute of the day; it may be past it by what work took."""
        midnight = datetime.combine(day.on, datetime.min.time())
        self.pace.until(from_tashkent(midnight + timedelta(minutes=minute)))

    def _keep_up(self) -> None:
        """The next guests are served while the last receipts are made, but few wait for theirs when the
        clock goes on, unless the service is down."""
        if self._paid and not self._down:
            self._paid = False
            pos, cashier = self.till.pos, self._keys[CASHIER]
            self._await(lambda: pos.ask("GET", "/standing", key=cashier)["waiting"] <= FEW)

    def _await(self, done: Callable[[], bool]) -> None:
        """Wait until receipts are made; DemoError when they are not.

        What was refused for the moment is tried again at the next look: lab time stands still meanwhile.
        """
        pause, end, asked = threading.Event(), real_elapsed() + _SECONDS, 0
        while not done():
            if real_elapsed() > end:
                told = self.till.look(self._keys[CASHIER])
                raise DemoError(f"orders do not become receipts: {told}")
            asked += 1
            if asked % _PATIENT == 0:
                self.till.look(self._keys[CASHIER])
            pause.wait(0.02)

    def _settle(self, done: Any) -> Json:
        """Look until `done` is true of where the point of sale stands; lab time is what it waits for."""
        for _ in range(_ROUNDS):
            told = self.till.look(self._keys[CASHIER])
            if done(told):
                return told
            self.pace.until(self.pace.now() + timedelta(seconds=10))
        raise DemoError(f"the point of sale does not come to rest: {told}")


def _payments(visit: Visit, total: int) -> list[Json]:
    """What a guest pays `total` tiyin with; who pays in cash alone rounds up to notes."""
    first, *rest = visit.payments
    if not rest:
        given = -(-total // NOTE) * NOTE if first == "cash" else total
        return [{"kind": first, "amount": given}]
    share = total * visit.share // 100
    return [{"kind": first, "amount": share}, {"kind": rest[0], "amount": total - share}]
