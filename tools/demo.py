"""The demonstration: a café's day through the whole Uzbek chain, an outage of 49 hours, then every suite.

It uses what a user has: the lab, the reference POS, the parts' public ports and control APIs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

import reference.pos
from conformance.lab import Lab
from reference.pos.company import Company, read_company
from reference.pos.drive_client import DriveClient
from reference.pos.errors import TillError
from reference.pos.order import Day, Order, read_day
from reference.pos.order_book import OrderBook, Sale
from reference.pos.paper import print_sale, print_shift
from reference.pos.till import Till
from reference.protocol.uz.values import from_tashkent

DAY_BEGINS = datetime(2026, 7, 1, 7, 55)
POS_DATA = Path(reference.pos.__file__).parent
BLOCKED = "9031"

Say = Callable[[str], None]


class DemoError(Exception):
    """The chain did not do what the demonstration shows; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demonstration has to show: numbers that were compared across the parts, and one receipt."""

    receipts: int
    refunds: int
    cash: int
    card: int
    sample: str
    blocked_after: str
    delivered: int


def run_day(folder: Path, seed: int, say: Say, begins: datetime = DAY_BEGINS) -> Outcome:
    """Play the day in a lab of its own below `folder`; DemoError when the parts do not agree.

    `begins` is Tashkent time; the café's orders come in on that date.
    """
    with Lab(folder / "lab", seed=seed, start=from_tashkent(begins)) as lab:
        return _Story(lab, folder, say, begins).play()


class _Story:
    def __init__(self, lab: Lab, folder: Path, say: Say, begins: datetime) -> None:
        self.lab = lab
        self.begins = begins
        self.say = say
        self.drive = DriveClient(lab.addresses["drive"]["drive"])
        self.book = OrderBook(folder / "pos" / "orders.journal")
        self.till = Till(
            self.drive,
            self.book,
            lab.clock.part("drive"),
            qr_base=f"{lab.addresses['operator']['http']}/check",
        )
        self.company: Company = read_company(None)
        self.papers = folder / "receipts"
        self.papers.mkdir(parents=True, exist_ok=True)
        self.sold: list[Sale] = []

    def play(self) -> Outcome:
        try:
            self._unlock()
            sample = self._sell_the_guides_receipt()
            self._sell_the_day()
            self._agree()
            blocked_after = self._outage()
            report = self.till.close_day()
            (self.papers / "z-report.txt").write_text(print_shift(report, self.company), encoding="utf-8")
            self._deliver()
            delivered = self._agree()
        finally:
            self.drive.close()
            self.book.close()
        cash, card = report["TotalCash"], report["TotalCard"]
        return Outcome(
            len(self.sold) + 1,
            report["TotalRefundCount"],
            cash["Sale"] - cash["Refund"],
            card["Sale"] - card["Refund"],
            sample,
            blocked_after,
            delivered,
        )

    def _unlock(self) -> None:
        """As the vendor's walk-through does it: set the state page to Unlock, then sync the state."""
        form = {"ChangeLockState": "Yes", "LockState": "Unlock", "TerminalID": "*"}
        httpx.post(f"{self.lab.addresses['operator']['http']}/state", data=form).raise_for_status()
        self.drive.sync_state()
        if self.drive.info()["Locked"]:
            raise DemoError("the module is still locked after the state sync")
        self.say("module unlocked by a state sync")

    def _sell_the_guides_receipt(self) -> str:
        receipt = json.loads((POS_DATA / "sample-receipt.json").read_text(encoding="utf-8"))
        self.till.start_day()
        self.lab.clock.advance(60)
        receipt["Time"] = f"{self.till.now():%Y-%m-%d %H:%M:%S}"
        answer = self.drive.register(self.drive.get_txid(receipt))
        self.say(f"sample receipt {answer['ReceiptSeq']} registered, fiscal sign {answer['FiscalSign']}")
        return str(answer["QRCodeURL"])

    def _sell_the_day(self) -> None:
        day: Day = read_day(json.loads((POS_DATA / "cafe-day.json").read_text(encoding="utf-8")))
        for number, order in enumerate(day.orders):
            self._wait_until(order)
            self._sell(order)
            if number % 20 == 19:
                self._wait_for_ack()
        self._wait_for_ack()
        self.say(f"{day.name}: {len(day.orders)} orders sold, all receipts acknowledged")

    def _wait_until(self, order: Order) -> None:
        """Let the lab's clock run to the minute at which the café took this order."""
        hour, minute = (int(part) for part in order.at.split(":"))
        due = self.begins.replace(hour=hour, minute=minute)
        ahead = (due - self.till.now()).total_seconds()
        if ahead > 0:
            self.lab.clock.advance(ahead)

    def _sell(self, order: Order) -> Sale:
        sale = self.till.refund(order.refund_order, order.id) if order.refund_order else self.till.sell(order)
        text = print_sale(sale, self.company)
        (self.papers / f"{order.id}.txt").write_text(text, encoding="utf-8")
        self.sold.append(sale)
        return sale

    def _outage(self) -> str:
        """The operator is out of reach: sales go on for 48 hours, then the module refuses; then it heals."""
        faults = self.lab.control("drive")
        rule = faults.add_fault(point="operator.connect", action="refuse", count=None)
        template = self.sold[0].order
        cut_at = self.till.now()
        self._sell(_copy(template, "outage-1"))
        self.lab.clock.advance(timedelta(hours=47, minutes=58).total_seconds())
        self._sell(_copy(template, "outage-2"))
        self.lab.clock.advance(timedelta(hours=1).total_seconds())
        try:
            self._sell(_copy(template, "outage-3"))
        except TillError as refused:
            if BLOCKED not in str(refused):
                raise
        else:
            raise DemoError("the module should refuse after 49 hours without the operator, and did not")
        after = self.till.now() - cut_at
        faults.remove_fault(rule["id"])
        self._deliver()
        for sale in self.till.finish_pending():
            self.sold.append(sale)
        hours = f"{after.total_seconds() / 3600:.1f} h"
        self.say(f"operator cut off: sales went on, blocked after {hours}, healed by the backlog's delivery")
        return hours

    def _deliver(self) -> None:
        self.lab.control("drive").do("send-now")
        self._wait_for_ack()

    def _wait_for_ack(self) -> None:
        """Automatic sending is left to do its work; virtual time is what it waits for."""
        for _ in range(600):
            if self.drive.memory()["ReceiptsCount"] == 0:
                return
            self.lab.clock.advance(1)
        raise DemoError(f"receipts are still unacknowledged: {self.drive.memory()}")

    def _agree(self) -> int:
        """POS, module and operator must hold the same receipts and the same money."""
        registered = len(self.sold) + 1
        memory = self.drive.memory()
        held = self.lab.control("operator").state()["counts"]["receipts"]
        if not registered == memory["ReceiptSeq"] == held:
            raise DemoError(f"POS has {registered} receipts, module {memory['ReceiptSeq']}, operator {held}")
        return int(held)


def _copy(order: Order, name: str) -> Order:
    return order.model_copy(update={"id": name, "at": ""})
