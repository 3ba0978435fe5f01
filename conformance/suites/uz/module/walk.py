"""Random walks: two hundred commands of every kind, judged by the judge's own books (uz-fiscal §5, §6)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.module import SECOND
from conformance.suites.uz.module.books import Bookkeeper, fresh_or_with_leave
from reference.protocol.uz.total_block import TotalBlock

COMMANDS = 200
BLOCKS = 24
"""Few enough that a walk meets the end of memory."""


class Walk:
    """One walk; `steps` are the commands and how often each is chosen."""

    def __init__(self, ctx: Context, books: Bookkeeper, rng: random.Random) -> None:
        self.ctx, self.books, self.rng = ctx, books, rng
        self.sold: list[TotalBlock] = []
        self.steps: list[tuple[int, Callable[[], object]]] = [
            (38, self.register),
            (6, self.repeat),
            (6, self.bad_register),
            (8, lambda: books.open(self.time())),
            (8, lambda: books.close(self.time())),
            (18, self.acknowledge),
            (6, self.acknowledge_shift),
            (5, self.sync),
            (3, ctx.module.power_cycle),
            (2, ctx.module.deselect),
        ]

    def go(self, commands: int) -> None:
        """Take so many steps, comparing the books after each."""
        weights = [weight for weight, _ in self.steps]
        for _ in range(commands):
            ((_, step),) = self.rng.choices(self.steps, weights)
            step()
            self.books.compare()

    def time(self) -> datetime:
        """Mostly a good time, now and then one on or over an edge."""
        last = self.books.ledger.last_operation
        if self.rng.random() < 0.7:
            return last + timedelta(seconds=self.rng.randrange(1, 7200))
        return last + timedelta(seconds=self.rng.choice((-3600, -1, 0, 1, 172_799, 172_801, 400_000)))

    def register(self) -> None:
        """A receipt of any kind; refunds may ask for more than there is."""
        refund = self.rng.random() < 0.3
        block = self.ctx.module.block(
            time=self.time(),
            type=self.rng.choice((0, 0, 0, 1, 2)),
            operation=int(refund),
            cash=self.rng.choice((0, self.rng.randrange(10**6))),
            card=self.rng.choice((0, self.rng.randrange(10**6))),
            vat=self.rng.randrange(10**5),
            items=self.rng.randrange(1, 32_768),
            extra=self.rng.randbytes(self.rng.choice((0, 0, 19, 32))),
        )
        self._keep(block)

    def repeat(self) -> None:
        """A block that was tried before: held, refused, or acknowledged since."""
        if self.sold:
            self.books.register(self.rng.choice(self.sold))

    def bad_register(self) -> None:
        """A block that cannot be true."""
        block = self.ctx.module.block(time=self.books.now)
        change = self.rng.choice(
            ({"type": 3}, {"operation": 2}, {"items_count": 0}, {"type": 255, "operation": 9})
        )
        self.books.register(replace(block, **change))  # type: ignore[arg-type]

    def acknowledge(self) -> None:
        """One or more held receipts, or one that is not."""
        held = sorted(self.books.ledger.held)
        for _ in range(self.rng.choice((1, 1, 3, 12))):
            if held:
                self.books.acknowledge(held.pop(self.rng.randrange(len(held))))
        if self.rng.random() < 0.2:
            self.books.acknowledge(self.books.ledger.seq + self.rng.choice((1, 1000)))

    def acknowledge_shift(self) -> None:
        """Any closed shift of this walk, acknowledged or not."""
        closed = [shift.close_time for shift in self.books.ledger.shifts if shift.close_time is not None]
        if closed:
            self.books.acknowledge_shift(self.rng.choice(closed))
        self.ctx.check(
            self.books.ledger.unacknowledged(),
            self.ctx.module.unacknowledged_shifts(),
            "unacknowledged shifts",
            clause="FM-I-05",
        )

    def sync(self) -> None:
        """The operator's time, and now and then a lock that the next sync lifts."""
        ledger = self.books.ledger
        time = ledger.last_operation + timedelta(seconds=self.rng.choice((-86_400, 0, 60, 500_000)))
        lock = False if ledger.locked else self.rng.choice((None, None, None, True))
        self.books.sync(time, lock)

    def _keep(self, block: TotalBlock) -> None:
        self.sold.append(block)
        self.books.register(block)


@family(
    "uz.module.walk.{key}",
    rows={f"seed-{seed}": seed for seed in range(1, 7)},
    target="module",
    clauses=["ZR-06", "ZR-07", "FM-S-08", "MEM-02", "UNK-07", "FM-R-01"],
    requirements=["UZ-DEV-03", "UZ-DEV-05", "UZ-SHF-03", "UZ-CLK-03"],
    needs=["test-keys"],
    tags=["slow"],
    level="stand-in",
    description=f"{COMMANDS} random commands, good and bad, of every kind ({{key}} and the run's own seed).",
    expectation="Every status word, number, sum, time and memory count is that of the judge's books.",
)
def walk(ctx: Context, seed: int) -> None:
    """A small new module where that can be had, so that memory runs out; else the module as it is.

    The way leads through many of our own decisions, so nobody else's product fails here.
    """
    books = fresh_or_with_leave(ctx, "fresh", blocks=BLOCKS)
    walker = Walk(ctx, books, random.Random(f"{seed}/{ctx.rng.random()}"))
    walker.go(COMMANDS)
    ctx.step("one more second, and still in order")
    if books.ledger.locked:
        books.sync(books.ledger.last_operation + SECOND, lock=False)
    books.compare()
