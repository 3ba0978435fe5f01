"""Answers that a test ordered: which code, how often, where in the order of checks (kz-ofd §5.1)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from ofd_mock.kz.values import Ordered, When


@dataclass(frozen=True, slots=True)
class Order:
    """`times` requests more get `code` (None: silence); `device` and `command` None mean any."""

    number: int
    when: When
    code: int | None
    times: int | None = 1
    device: int | None = None
    command: int | None = None

    def fits(self, when: When, device: int, command: int) -> bool:
        """Whether it is meant for a request at this place."""
        return self.when is when and self.device in (None, device) and self.command in (None, command)


class OrderBook:
    """All orders in force. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: tuple[Order, ...] = ()
        self._numbers = 0

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those not used up, oldest first."""
        return self._orders

    def give(
        self,
        code: int | None,
        when: When = When.BEFORE,
        times: int | None = 1,
        device: int | None = None,
        command: int | None = None,
    ) -> Order:
        """Order an answer; `times` None is for good."""
        with self._lock:
            self._numbers += 1
            order = Order(self._numbers, when, code, times, device, command)
            self._orders += (order,)
        return order

    def clear(self) -> None:
        """Take all orders back."""
        with self._lock:
            self._orders = ()

    def take(self, when: When, device: int, command: int) -> Ordered | None:
        """What the oldest fitting order says; it has one time less then."""
        if not self._orders:
            return None
        with self._lock:
            order = next((one for one in self._orders if one.fits(when, device, command)), None)
            if order is None:
                return None
            left = None if order.times is None else order.times - 1
            changed = () if left == 0 else (replace(order, times=left),)
            place = self._orders.index(order)
            self._orders = (*self._orders[:place], *changed, *self._orders[place + 1 :])
        return Ordered(order.code)
