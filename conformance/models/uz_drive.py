"""The judge's picture of a drive and its module, at the height of REST (uz-fiscal §4.5, §5.3, §8.7).

Receipts, shifts and syncs go in as values; what comes out is the status and Reason to expect, and an
accepted one changes the picture. `memory` and `shift` are what the drive must then show. Written from the
clauses alone, with arithmetic of its own; it begins from what a drive says of itself while everything is
acknowledged and no shift is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
Told = tuple[int, str]
"""HTTP status and Reason; the Reason of 200 is empty."""

DONE: Told = (200, "")
NOT_OPENED: Told = (500, "9021 - ZREPORT_IS_NOT_OPENED")
NOT_CLOSED: Told = (500, "9022 - ZREPORT_IS_NOT_CLOSED")
ALREADY_CLOSED: Told = (500, "9023 - ZREPORT_IS_ALREADY_CLOSED")
PAST: Told = (500, "9030 - DATETIME_IS_IN_THE_PAST")
UNSENT: Told = (500, "9031 - SEND_ALL_RECEIPTS_FIRST")
EMPTY: Told = (500, "9032 - CANNOT_CLOSE_EMPTY_ZREPORT")
NOT_ENOUGH_SUM: Told = (500, "9035 - NOT_ENOUGH_SUM_FOR_REFUND")
NOT_ENOUGH_VAT: Told = (500, "9037 - NOT_ENOUGH_VAT_FOR_REFUND")
FUTURE: Told = (500, "9091 - DATETIME_SYNC_WITH_SERVER")
IN_THE_PAST: Told = (400, "receipt time is in the past")
NO_ITEMS: Told = (400, "receipt has no iteems")
NOT_VALID: Told = (400, "RefundInfo is not valid")

TWO_DAYS = timedelta(seconds=172_800)
TOLERANCE = 10_000
PURCHASE, SALE, REFUND = 0, 0, 1
KINDS = ("cash", "card", "vat")
NAMES = {"cash": "Cash", "card": "Card", "vat": "VAT"}


@dataclass(frozen=True, slots=True)
class Order:
    """What a receipt is made of. `owed` is what its one line comes to, None for a receipt without lines.

    `refunded` is the number of the receipt that a refund names.
    """

    time: datetime
    cash: int
    card: int
    vat: int
    owed: int | None
    type: int = PURCHASE
    operation: int = SALE
    refunded: int | None = None


@dataclass(slots=True)
class Taken:
    """A registered receipt."""

    seq: int
    order: Order
    acknowledged: bool = False


def _two_sides() -> dict[str, list[int]]:
    return {kind: [0, 0] for kind in KINDS}


@dataclass(slots=True)
class Shift:
    """One Z-report."""

    opened: datetime
    closed: datetime | None = None
    acknowledged: bool = False
    counts: list[int] = field(default_factory=lambda: [0, 0])
    sums: dict[str, list[int]] = field(default_factory=_two_sides)
    first: int = 0
    last: int = 0


class DriveModel:
    """One drive with one module. `shifts` are those opened since the picture began, and the one before."""

    def __init__(self, memory: Json, shift: Json | None, last: datetime) -> None:
        self.terminal = str(memory["TerminalID"])
        self.last = last
        self.seq = int(memory["ReceiptSeq"])
        self.lifetime = {
            kind: [memory[f"{name}Accomulator"]["Sale"], memory[f"{name}Accomulator"]["Refund"]]
            for kind, name in NAMES.items()
        }
        self.taken: dict[int, Taken] = {}
        self.shifts: list[Shift] = []
        self._shifts_before = int(memory["ZReportsCount"])
        if shift is not None and not shift.get("CloseTime"):
            raise ValueError("a picture begins while no shift is open")

    # what can be asked of it

    @property
    def is_open(self) -> bool:
        """Whether a shift takes receipts."""
        return bool(self.shifts) and self.shifts[-1].closed is None

    @property
    def held(self) -> list[Taken]:
        """Receipts the module holds, oldest first."""
        return [each for each in self.taken.values() if not each.acknowledged]

    @property
    def waiting(self) -> list[Shift]:
        """Closed shifts without acknowledgement, oldest first."""
        return [each for each in self.shifts if each.closed is not None and not each.acknowledged]

    def memory(self, write: Any) -> Json:
        """FiscalMemory/Info; `write` turns times into the wire's text."""
        shown: Json = {
            "TerminalID": self.terminal,
            "ReceiptSeq": self.seq,
            "LastOperationTime": write(self.last),
            "ZReportsCount": self._shifts_before + len(self.shifts),
            "ReceiptsCount": len(self.held),
        }
        if self.held:
            shown["FirstUnacknowledgedReceiptTime"] = write(min(each.order.time for each in self.held))
        for kind, name in NAMES.items():
            sale, refund = self.lifetime[kind]
            shown[f"{name}Accomulator"] = {"Sale": sale, "Refund": refund}
        return shown

    def shift(self, write: Any) -> Json:
        """ZReport/Info of the newest shift, without AcknowledgedTime, which is the operator's."""
        newest = self.shifts[-1]
        shown: Json = {
            "TerminalID": self.terminal,
            "OpenTime": write(newest.opened),
            "TotalSaleCount": newest.counts[SALE],
            "TotalRefundCount": newest.counts[REFUND],
            "FirstReceiptSeq": newest.first,
            "LastReceiptSeq": newest.last,
        }
        if newest.closed is not None:
            shown["CloseTime"] = write(newest.closed)
        for kind, name in NAMES.items():
            sale, refund = newest.sums[kind]
            shown[f"Total{name}"] = {"Sale": sale, "Refund": refund}
        return shown

    # what can be done to it: each returns what to expect, and has taken effect if that is DONE

    def open(self, time: datetime) -> Told:
        """ZReport/Open."""
        told = NOT_CLOSED if self.is_open else self._time(time)
        if told == DONE:
            self.shifts.append(Shift(time))
            self.last = time
        return told

    def close(self, time: datetime) -> Told:
        """ZReport/Close."""
        if not self.is_open:
            return ALREADY_CLOSED if self._shifts_before + len(self.shifts) else NOT_OPENED
        told = self._time(time)
        if told == DONE and not sum(self.shifts[-1].counts):
            return EMPTY
        if told == DONE:
            self.shifts[-1].closed = self.last = time
        return told

    def first_step(self, order: Order) -> Told:
        """GetTXID; it never changes anything."""
        if order.time <= self.last:
            return IN_THE_PAST
        if order.owed is None:
            return NO_ITEMS
        received = order.cash + order.card
        difference = abs(order.owed - received)
        if difference > TOLERANCE:
            text = f"difference {difference} between {order.owed} and {received} is larger than {TOLERANCE}"
            return 400, text
        if order.operation == REFUND and order.type == PURCHASE and not self._known(order.refunded):
            return NOT_VALID
        return DONE

    def second_step(self, order: Order) -> Told:
        """RegisterTXID of an order that is not registered yet."""
        if not self.is_open:
            return NOT_OPENED
        for told in (self._time(order.time), self._sums(order)):
            if told != DONE:
                return told
        self.seq += 1
        self.taken[self.seq] = Taken(self.seq, order)
        shift = self.shifts[-1]
        shift.counts[order.operation] += 1
        shift.first = shift.first or self.seq
        shift.last = self.seq
        for kind in KINDS:
            for sums in (shift.sums, self.lifetime):
                sums[kind][order.operation] += getattr(order, kind)
        self.last = order.time
        return DONE

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """These receipts came back from the operator; the ones to send next are `held`, oldest first."""
        for number in numbers:
            self.taken[number].acknowledged = True

    def acknowledge_shifts(self, closed: Iterable[datetime]) -> None:
        """The shifts closed at these times came back; the ones to send next are `waiting`, oldest first."""
        times = set(closed)
        for each in self.waiting:
            each.acknowledged = each.closed in times

    def state(self, operator_time: datetime) -> None:
        """State/Sync without orders: time goes on to the operator's, never back."""
        self.last = max(self.last, operator_time)

    # the rules

    def decides(self, time: datetime) -> bool:
        """Whether the clauses say what happens then: at 48 h sharp of an unsent receipt they do not."""
        return not any(time - each.order.time == TWO_DAYS for each in self.held)

    def _time(self, time: datetime) -> Told:
        if time < self.last + timedelta(seconds=1):
            return PAST
        if time - self.last > TWO_DAYS:
            return FUTURE
        if any(time - each.order.time > TWO_DAYS for each in self.held):
            return UNSENT
        return DONE

    def _sums(self, order: Order) -> Told:
        if order.operation == SALE:
            return DONE
        sides = self.lifetime
        short = {kind: sides[kind][REFUND] + getattr(order, kind) > sides[kind][SALE] for kind in KINDS}
        if short["cash"] or short["card"]:
            return NOT_ENOUGH_SUM
        return NOT_ENOUGH_VAT if short["vat"] else DONE

    def _known(self, number: int | None) -> bool:
        """Whether the operator has that number as the sale of a purchase."""
        taken = self.taken.get(number or 0)
        if taken is None or not taken.acknowledged:
            return False
        return taken.order.type == PURCHASE and taken.order.operation == SALE
