"""Long random trades against the judge's own books: documents, repeats, refusals, services, shifts.

A walk works with one register (or several) and asks the books what every X and Z must be. All dice are
seeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.kz_device import Device, Sent
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.steps import KIND, wrong_total
from reference.protocol.kz.generate import random_placement, random_ticket
from reference.protocol.kz.kinds import PlacementKind

STRANGER = 0x5EED_0BAD
MOST_CASH = 100_000_000


@dataclass(slots=True)
class Walk:
    """One register's trade, every step of it drawn from the case's die."""

    ctx: Context
    device: Device
    time: datetime
    last: tuple[Sent, Answer] | None = None
    number: int = field(default=1_700_000_000)

    def step(self) -> None:
        """One exchange that a die chooses."""
        self.time = max(self.time, self.device.time)
        self.ctx.rng.choice(self._choices())()

    def _choices(self) -> list[Callable[[], None]]:
        choices = [self._sell] * 6 + [self._money] * 2 + [self._sell_offline, self._close, self._ask]
        choices += [self._wrong_sums, self._wrong_token, self._compare]
        if self.last is not None:
            choices += [self._repeat, self._repeat, self._other_command]
        return choices

    def _kept(self, answer: Answer) -> None:
        assert self.device.last is not None
        self.last = (self.device.last, answer)

    def _sell(self) -> None:
        cash = max(0, self.device.books.cash)
        ticket = random_ticket(self.ctx.rng, self.device.version, self.time, cash_limit=cash)
        self._kept(self.device.accept(ticket))

    def _sell_offline(self) -> None:
        self.number += 1
        cash = max(0, self.device.books.cash)
        ticket = random_ticket(
            self.ctx.rng, self.device.version, self.time, cash_limit=cash, offline_number=self.number
        )
        begin = self.time - timedelta(hours=1)
        self._kept(self.device.accept(ticket, period=(begin, self.time)))

    def _money(self) -> None:
        cash = self.device.books.cash
        kind = PlacementKind.WITHDRAWAL if cash > 100_000 and self.ctx.rng.random() < 0.5 else None
        if kind is None:
            document = random_placement(self.ctx.rng, self.time)
        else:
            document = random_placement(self.ctx.rng, self.time, kind=kind, most=cash)
        self._kept(self.device.accept(document))

    def _close(self) -> None:
        withdraw = self.ctx.rng.random() < 0.5
        self._kept(self.device.close_shift(withdraw=withdraw, time=self.time))

    def _repeat(self) -> None:
        assert self.last is not None
        self.device.last, first = self.last
        self.ctx.check(first.raw, self.device.repeat().raw, "answer to a repeat", clause="KZ-TK-D1")

    def _other_command(self) -> None:
        assert self.last is not None
        sent = self.last[0]
        command, token, reqnum = sent.command, sent.token, sent.reqnum
        other = self.device.deposit(100) if command != 6 else self.device.ticket()
        self.device.refuse(9, other, token=token, reqnum=reqnum, clause="KZ-TK-D2")

    def _wrong_sums(self) -> None:
        self.device.refuse(13, wrong_total(self.device), clause="KZ-TI-T13", coded="KZ-S-5.1")

    def _wrong_token(self) -> None:
        self.device.refuse(2, self.device.ticket(), token=STRANGER, clause="KZ-TK-D4")

    def _ask(self) -> None:
        answer = self.device.accept(self.ctx.rng.choice((0, 5)))
        if answer.command == 5 and self.device.books.is_open:
            self.device.same(self.device.books.report(), answer, "X of INFO")

    def _compare(self) -> None:
        self.device.compare()


@family(
    "kz.operator.walk.{key}",
    rows={
        "first": (203, 60),
        "second": (202, 60),
        "third": (124, 60),
        "fourth": (204, 60),
        "long": (203, 250),
    },
    target=KIND,
    clauses=["KZ-S-9.1", "KZ-TK-D1", "KZ-TK-D4", "KZ-TK-D6", "KZ-ZR-15"],
    requirements=("KZ-PRT-02", "KZ-PRT-03", "KZ-NNT-01"),
    description="A random trade of many exchanges with repeats, refusals and shifts between: {key}.",
    expectation="Every answer and every figure of every report is that of the judge's books.",
)
def walk(ctx: Context, row: tuple[int, int]) -> None:
    """The same seed walks the same way."""
    version, steps = row
    device = ctx.ofd.device(version)
    way = Walk(ctx, device, device.time)
    with device.kept():
        device.accept(device.deposit(MOST_CASH))
        for _ in range(steps):
            way.step()
        device.compare()
        device.close_shift(time=way.time)


@family(
    "kz.operator.walk.together.{key}",
    rows={"four": 4},
    target=KIND,
    clauses=["KZ-S-9.1", "KZ-TK-D1", "KZ-HD-8"],
    requirements=("KZ-PRT-02", "KZ-PRT-03"),
    needs=["control"],
    description="Several registers trade in turns that a die gives them: {key}.",
    expectation="Each has its own books, tokens and repeats.",
)
def together(ctx: Context, count: int) -> None:
    """What one does must not show at another."""
    walks = [Walk(ctx, device, device.time) for device in ctx.ofd.devices(count)]
    for way in walks:
        way.device.accept(way.device.deposit(MOST_CASH))
    for _ in range(120):
        ctx.rng.choice(walks).step()
    for way in walks:
        way.device.compare()
