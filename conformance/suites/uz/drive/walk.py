"""Long random days of a till, each step compared with the judge's own picture of it.

The picture is conformance/models/uz_drive.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.drive_client import Reply
from conformance.models.uz_drive import DONE, NOT_VALID, REFUND, SALE, UNSENT, DriveModel, Order, Told
from conformance.suites.uz.drive.payloads import written
from conformance.suites.uz.drive.trade import (
    ACKNOWLEDGED,
    NEW,
    Json,
    OperatorView,
    begin,
    held_by,
    until,
)
from reference.protocol.uz.values import format_json_time, parse_json_time

T = TypeVar("T")
STEPS = 60
TWO_DAYS = 172_800


class Walk:
    """One till and the picture of it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.rng = ctx.rng
        self.drive = begin(ctx, "closed")
        if ctx.can("clock"):
            ctx.clock.set_rate(0)
        shift = self.drive.call("ZReport/Info", Index=0)
        memory = self.drive.memory()
        self.model = DriveModel(memory, shift.json if shift.ok else None, self.drive.last_operation)
        self.acknowledged = self.drive.files_count(ACKNOWLEDGED).get(self.model.terminal, 0)
        self.orders: dict[int, Order] = {}
        self.answers: dict[int, Json] = {}

    # choices

    def time(self) -> datetime:
        """A time near the last operation, mostly one that passes."""
        seconds = self.rng.choice(
            (-60, 0, 1, 1, 2, 7, 60, 600, 3_600, 40_000, 86_400, TWO_DAYS, TWO_DAYS + 1)
        )
        return self.model.last + timedelta(seconds=seconds)

    def order(self) -> Order:
        """A receipt: mostly a good sale, at times a refund or a broken one."""
        cash, card = self.rng.randrange(10**6), self.rng.choice((0, self.rng.randrange(10**6)))
        owed: int | None = cash + card + self.rng.choice((0, 0, 0, 1, -1, 10_000, -10_000, 10_001, -10_001))
        if self.rng.random() < 0.05 or (owed or 0) < 0:
            owed = None
        kind = self.rng.choice((0, 0, 0, 0, 1, 2))
        known = list(self.answers.values())
        refund = bool(known) and self.rng.random() < 0.25
        refunded = int(self.rng.choice(known)["ReceiptSeq"]) if refund else None
        vat = (owed or 0) * 12 // 112 if self.rng.random() < 0.9 else self.rng.randrange(10**7)
        return Order(self.time(), cash, card, vat, owed, kind, REFUND if refund else SALE, refunded)

    # steps

    def open(self) -> None:
        """ZReport/Open at a time of chance."""
        time = self.time()
        self.expect(f"open at {time}", time, lambda: self.model.open(time), lambda: self.drive.open(time))

    def close(self) -> None:
        """ZReport/Close at a time of chance."""
        time = self.time()
        self.expect(
            f"close at {time}", time, lambda: self.model.close(time), lambda: self.drive.close_shift(time)
        )

    def first(self) -> None:
        """GetTXID of a receipt of chance."""
        order = self.order()
        whole = self.receipt(order)
        told, reply = self.both(lambda: self.model.first_step(order), lambda: self.drive.get_txid(whole))
        self.compare(f"GetTXID of {order}", told, reply)
        if told == DONE:
            self.orders[self.drive.txid_of(reply)] = order

    def second(self) -> None:
        """RegisterTXID of one that has its TXID."""
        waiting = [txid for txid in self.orders if txid not in self.answers]
        if not waiting:
            return self.first()
        txid = self.rng.choice(waiting)
        order = self.orders[txid]
        if not self.model.decides(order.time):
            return None
        told, reply = self.both(lambda: self.model.second_step(order), lambda: self.drive.register_txid(txid))
        self.compare(f"RegisterTXID {txid} of {order}", told, reply)
        if told == DONE:
            self.answers[txid] = reply.json
            self.ctx.check(self.model.seq, reply.json["ReceiptSeq"], "number", clause="ZR-07")
        return None

    def sale(self) -> None:
        """Both steps of a good sale, which is what most of a day is made of."""
        order = Order(self.model.last + timedelta(seconds=self.rng.randrange(1, 900)), 5_000, 700, 610, 5_700)
        self.compare(
            "GetTXID of a sale",
            self.model.first_step(order),
            reply := self.drive.get_txid(self.receipt(order)),
        )
        self.orders[txid := self.drive.txid_of(reply)] = order
        if self.model.decides(order.time):
            told, reply = self.both(
                lambda: self.model.second_step(order), lambda: self.drive.register_txid(txid)
            )
            self.compare("RegisterTXID of a sale", told, reply)
            if told == DONE:
                self.answers[txid] = reply.json

    def repeat(self) -> None:
        """RegisterTXID of one that was registered."""
        if self.answers:
            txid = self.rng.choice(list(self.answers))
            reply = self.drive.register_txid(txid)
            self.ctx.check(self.answers[txid], reply.json, f"RegisterTXID {txid} again", clause="G2-S-07")

    def send_receipts(self) -> None:
        """Sync/FullReceipts."""
        count = self.rng.choice((1, 2, 5, 32))
        expected = [each.seq for each in self.model.held[:count]]
        items = self.drive.sync_files("FullReceipts", count).demand().json["Items"]
        states = [item["StatusText"] for item in items]
        sent = [int(item["ReceiptSeq"]) for item in items]
        expected = self.unless_gone(expected, sent, count, [each.seq for each in self.model.held])
        self.ctx.check(["Acknowledged"] * len(expected), states, "what became of them", clause="S-4.3")
        self.ctx.check(expected, sent, "receipts sent", clause="G2-S-16")
        self.model.acknowledge(sent)

    def send_shifts(self) -> None:
        """Sync/ZReports."""
        count = self.rng.choice((1, 5, 32))
        expected = [each.closed for each in self.model.waiting[:count]]
        items = self.drive.sync_files("ZReports", count).demand().json["Items"]
        sent = [parse_json_time(item["CloseTime"]) for item in items]
        expected = self.unless_gone(expected, sent, count, [each.closed for each in self.model.waiting])
        self.ctx.check(len(expected), len(items), "number of shifts sent", clause="S-4.3")
        self.ctx.check(expected, sent, "shifts sent", clause="G2-S-16")
        self.model.acknowledge_shifts(sent)

    def unless_gone(self, expected: list[Any], sent: list[Any], count: int, waiting: list[Any]) -> list[Any]:
        """What a Sync of so many had to send, of what still waited: all of that up to the last one sent.

        Fewer than asked for are right only when nothing is left, and what is left is younger (G2-S-16).
        """
        if sent == expected or not self.follow():
            return expected
        places = [waiting.index(each) for each in sent if each in waiting]
        end = places[-1] + 1 if places else len(waiting)
        left = self.model.held if waiting and isinstance(waiting[0], int) else self.model.waiting
        if (len(sent) < count and left) or len(left) > len(waiting) - end:
            return expected
        return waiting[end - len(sent) : end]

    def state(self) -> None:
        """State/Sync, where the operator's time is known."""
        if self.ctx.can("clock"):
            self.model.state(self.ctx.clock.tashkent())
            self.drive.sync_state().demand()

    # comparing

    def expect(self, what: str, time: datetime, told: Callable[[], Told], call: Callable[[], Reply]) -> None:
        """Do it and compare, where the clauses say what happens."""
        if self.model.decides(time):
            self.compare(what, *self.both(told, call))

    def both(self, told: Callable[[], Told], call: Callable[[], Reply]) -> tuple[Told, Reply]:
        """What the picture tells of a step, and the drive's answer.

        A refusal that files which waited would have explained is told anew once they are known to be gone:
        the drive may have sent them just before.
        """
        said, reply = told(), call()
        if said in (UNSENT, NOT_VALID) and said != (reply.status, reply.reason) and self.follow():
            said = told()
        return said, reply

    def settle(self) -> None:
        """Let an exchange that the drive began by itself come to its end, and the picture follow it."""
        if self.drive.books is not None:
            terminal = self.model.terminal
            until(
                self.ctx,
                "as many new files as receipts held",
                lambda: not self.follow() and self.drive.files_count(NEW).get(terminal, 0) == self.held_now(),
                clause="S-4.7",
            )

    def held_now(self) -> int:
        """Receipts that the module holds."""
        return int(self.drive.memory()["ReceiptsCount"])

    def follow(self) -> bool:
        """Whether files have left by themselves; the picture then follows, oldest first (G2-S-16)."""
        if self.drive.books is None:
            return False
        waiting = self.model.held, self.model.waiting
        self.model.acknowledge(each.seq for each in _oldest(waiting[0], self.held_now()))
        closed = [each.closed for each in _oldest(waiting[1], len(self.drive.unacknowledged_shifts()))]
        self.model.acknowledge_shifts(each for each in closed if each is not None)
        return (self.model.held, self.model.waiting) != waiting

    def compare(self, what: str, told: Told, reply: Reply) -> None:
        """The answer is the one of the picture."""
        self.ctx.check(told, (reply.status, reply.reason), what, clause="S-4.6")

    def look(self) -> None:
        """Everything the drive shows is what the picture shows."""
        self.settle()
        ctx, drive, model = self.ctx, self.drive, self.model
        ctx.check(model.memory(format_json_time), drive.memory(), "memory", clause="ZR-10")
        if model.shifts:
            shown = written(drive.shift())
            ctx.check(
                model.shifts[-1].acknowledged, "AcknowledgedTime" in shown, "acknowledged", clause="FM-A-03"
            )
            shown.pop("AcknowledgedTime", None)
            ctx.check(model.shift(format_json_time), shown, "newest shift", clause="ZR-06")
        ctx.check(len(model.held), drive.files_count(NEW).get(model.terminal, 0), "new files", clause="S-4.7")
        done = sum(each.acknowledged for each in model.taken.values())
        seen = drive.files_count(ACKNOWLEDGED).get(model.terminal, 0) - self.acknowledged
        ctx.check(done, seen, "acknowledged files", clause="S-4.7")
        ctx.check(
            len(model.waiting), len(drive.unacknowledged_shifts()), "shifts that wait", clause="FM-I-05"
        )

    # writing

    def receipt(self, order: Order) -> Json:
        """The order as the POS writes it."""
        items = [] if order.owed is None else [self.drive.item(price=order.owed, VAT=order.vat)]
        whole: Json = {
            "Time": format_json_time(order.time),
            "ReceivedCash": order.cash,
            "ReceivedCard": order.card,
            "Type": order.type,
            "Operation": order.operation,
            "Items": items,
        }
        if order.refunded is not None:
            whole["RefundInfo"] = self.named(order.refunded)
        return whole

    def named(self, number: int) -> Json:
        """RefundInfo of a receipt of this walk."""
        answer = next(each for each in self.answers.values() if each["ReceiptSeq"] == number)
        return {
            "TerminalID": answer["TerminalID"],
            "ReceiptSeq": number,
            "DateTime": "".join(filter(str.isdigit, answer["DateTime"])),
            "FiscalSign": answer["FiscalSign"] or "0" * 12,
        }


def _oldest(waiting: list[T], left: int) -> list[T]:
    return waiting[: max(0, len(waiting) - left)]


@family(
    "uz.drive.walk.seed-{key}",
    rows={str(seed): seed for seed in range(1, 4)},
    target="drive",
    clauses=[
        "S-4.6",
        "ZR-06",
        "ZR-07",
        "ZR-10",
        "G2-S-07",
        "G2-S-16",
        "FM-T-05",
        "S-4.7",
        "FM-A-03",
        "FM-I-05",
    ],
    requirements=["UZ-SHF-03", "UZ-SHF-04", "UZ-SHF-05", "UZ-OFF-02", "UZ-OFF-03", "UZ-OFF-04", "UZ-CLK-03"],
    needs=["card"],
    tags=["slow"],
    description=f"{STEPS} random steps: shifts, sales, refunds, broken receipts, repeats and syncs at "
    f"random times "
    "(walk {key}).",
    expectation="Each answer, and after every few steps all that the drive shows, is what the judge's "
    "model says; in "
    "the end the operator has every receipt once.",
)
@held_by
def walk(ctx: Context, seed: int) -> None:
    """The rows differ only by their ids, from which the walk's dice are seeded."""
    ctx.note(f"walk {seed}")
    till = Walk(ctx)
    view = OperatorView(ctx) if ctx.can("operator-control") else None
    steps: list[Callable[[], object]] = [
        *[till.sale] * 5,
        *[till.first] * 3,
        *[till.second] * 3,
        *[till.open] * 3,
        till.close,
        till.repeat,
        till.send_receipts,
        till.send_shifts,
        till.state,
    ]
    for number in range(STEPS):
        ctx.rng.choice(steps)()
        if number % 4 == 0:
            till.look()
    till.look()
    while till.model.held:
        till.send_receipts()
    till.look()
    if view is not None:
        view.holds_once(list(till.model.taken))
