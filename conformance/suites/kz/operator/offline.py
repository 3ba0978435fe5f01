"""What a register made without the operator and brings later (kz-ofd §7, §13.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import BUY, SELL_RETURN, line
from conformance.suites.kz.operator.repeat import once
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk
from reference.protocol.kz.tickets import Ticket

OFF = ("KZ-OFF-01",)
QUEUE = 500
FIRST_NUMBER = 1_770_000_001


class Spell:
    """A register without a line: documents get their own numbers and times, and wait."""

    def __init__(self, device: Device, begin: datetime) -> None:
        self.device = device
        self.begin = begin
        self.time = begin if device.identity.new else device.time
        self.number = FIRST_NUMBER
        self.queue: list[Document] = []

    def ticket(self, *items: Any, **fields: Any) -> Ticket:
        """A ticket with an autonomous sign, a minute after the document before it."""
        self._tick()
        self.number += 1
        made = self.device.ticket(*items, time=self.time, offline_number=self.number, **fields)
        self.queue.append(made)
        return made

    def money(self, document: MoneyPlacement) -> None:
        """A deposit or withdrawal, marked offline."""
        self._tick()
        self.queue.append(_marked(document, self.time))

    def close(self, *, withdraw: bool = False) -> None:
        """The end of the shift, marked offline; its Z is the register's own."""
        self._tick()
        self.queue.append(
            CloseShift(self.time, withdraw, is_offline=True, operator=self.device.closing().operator)
        )

    def deliver(self, document: Document, **fields: Any) -> Any:
        """Send one document of the queue as the re-sent message it is; it must be accepted."""
        device = self.device
        if isinstance(document, CloseShift):
            document = device.with_own_z(document)
        return device.accept(document, period=(self.begin, device.time), clause="KZ-OQ-9", **fields)

    def deliver_all(self) -> None:
        """Send the queue in the order of origin; each needs code 0 (OQ-4)."""
        with self.device.kept():
            for document in self.queue:
                answer = self.deliver(document)
                if isinstance(document, CloseShift):
                    self.device.same(self.device.closed, answer, "Z of a shift closed offline")
        self.queue = []

    def rest(self, **delta: float) -> None:
        """Time passes, but for a register that was lent: it has sold a moment ago, and nothing it makes may
        be older (T09).
        """
        if self.device.identity.new:
            self.time += timedelta(**delta)

    def _tick(self) -> None:
        self.rest(seconds=20)


def _marked(document: MoneyPlacement, time: datetime) -> MoneyPlacement:
    return MoneyPlacement(
        document.operation,
        time,
        document.sum,
        is_offline=True,
        operator=document.operator,
        printed_number=document.printed_number,
    )


@family(
    "kz.operator.offline.spell.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-OQ-4", "KZ-OQ-6", "KZ-OQ-10", "KZ-ZR-10", "KZ-ZR-11"],
    requirements=OFF,
    description="A register of version {key} sold without a line, closed the shift, and brings it all.",
    expectation="Every document is accepted in order; X and Z count what was offline as offline.",
)
def spell(ctx: Context, version: int) -> None:
    """Tickets by their own number, money and closing by is_offline."""
    device = ctx.ofd.device(version)
    device.accept(device.deposit(100_000))
    away = Spell(device, device.later(hours=-2))
    away.ticket(line())
    away.money(device.deposit(5_000))
    away.ticket(line(700), operation=SELL_RETURN)
    away.money(device.withdrawal(2_000))
    away.ticket(line(300), operation=BUY)
    away.deliver_all()
    device.compare()
    away.close(withdraw=True)
    away.deliver_all()
    device.sell()
    device.compare()


@case(
    "kz.operator.offline.queue-of-500",
    target=KIND,
    clauses=["KZ-OQ-4", "KZ-OQ-2", "KZ-H72-06"],
    requirements=OFF,
    description="A register brings 500 offline tickets of almost three days, one after the other.",
    expectation="All are accepted, each once and in order; every figure is that of the books.",
)
def long_queue(ctx: Context) -> None:
    """The server knows no 72 hours."""
    device = ctx.ofd.device()
    away = Spell(device, device.later(hours=-71))
    tickets = [away.ticket(line(100 + turn)) for turn in range(QUEUE)]
    away.deliver_all()
    device.compare()
    if ctx.can("control") and device.identity.new:
        held = [row["offline_number"] for row in ctx.ofd.documents(device)]
        ctx.check([each.offline_number for each in tickets], held, "offline numbers in the ledger, in order")


@family(
    "kz.operator.offline.number.{key}",
    rows={
        "one": 1,
        "counter": 1001,
        "unixtime": 1_770_000_000,
        "after-2038": 3_000_000_000,
        "most": 2**32 - 1,
    },
    target=KIND,
    clauses=["KZ-RG-03", "KZ-S-13.2", "KZ-OQ-2"],
    requirements=OFF,
    description="An offline ticket's own number is {key}.",
    expectation="It is accepted and counted as offline.",
)
def offline_number(ctx: Context, number: int) -> None:
    """Clients make it in four different ways."""
    device = ctx.ofd.device()
    device.accept(device.ticket(offline_number=number), clause="KZ-RG-03")
    device.compare()


@case(
    "kz.operator.offline.same-number-again",
    target=KIND,
    clauses=["KZ-OQ-2", "KZ-TP-15"],
    requirements=OFF,
    description="Two offline tickets of different days have the same own number.",
    expectation="Both are accepted: the number is unique within a date only.",
)
def same_number(ctx: Context) -> None:
    """A counter that starts anew every day."""
    device = ctx.ofd.device()
    for days in (2, 1):
        ticket = device.ticket(line(100 * days), time=device.later(days=-days), offline_number=1001)
        device.accept(ticket, period=(device.later(days=-3), device.time))
    device.compare()


@case(
    "kz.operator.offline.in-flight",
    target=KIND,
    clauses=["KZ-OQ-3", "KZ-TP-2", "KZ-TK-D1"],
    requirements=OFF,
    description="An answer is lost; 40 minutes later the ticket's packet comes with a period and a number.",
    expectation="The stored answer; it is counted once, as the online ticket it was, and the queue follows.",
)
def in_flight(ctx: Context) -> None:
    """The in-flight packet is the first thing to leave."""
    device = ctx.ofd.device()
    ticket, token = device.ticket(), device.token
    first = device.accept(ticket)
    reqnum = device.reqnum
    away = Spell(device, device.later(minutes=-40))
    away.ticket(line(300))
    message = device.request(ticket, period=(away.begin, device.time))
    message.ticket.offline_ticket_number = FIRST_NUMBER
    again = device.transmit(device.frame(message, token=token, reqnum=reqnum))
    ctx.check(first.raw, again.raw, "answer to the in-flight packet", clause="KZ-OQ-3")
    away.deliver_all()
    once(ctx, device)


@case(
    "kz.operator.offline.in-flight-unknown",
    target=KIND,
    clauses=["KZ-OQ-3", "KZ-TK-D6"],
    requirements=OFF,
    needs=["control", "faults"],
    description="A request is lost before it is stored; the packet comes later with an offline number.",
    expectation="It is accepted as new and counted as offline.",
)
def in_flight_unknown(ctx: Context) -> None:
    """The register cannot know which of the two happened."""
    device = ctx.ofd.device()
    ticket, token = device.ticket(), device.token
    ctx.control.add_fault("ofd-kz.before-commit", "close", match={"device": str(device.id)})
    device.send_and_lose(ticket)
    away = Spell(device, device.later(minutes=-40))
    late = device.ticket(time=ticket.time, offline_number=FIRST_NUMBER)
    away.deliver(late, token=token, reqnum=device.reqnum)
    once(ctx, device)


@family(
    "kz.operator.offline.reqnum.{key}",
    rows={"fresh": True, "stored": False},
    target=KIND,
    clauses=["KZ-OQ-7", "KZ-TP-15"],
    requirements=OFF,
    description="Queued tickets come with the current token and {key} numbers.",
    expectation="All are accepted.",
)
def queued_numbers(ctx: Context, fresh: bool) -> None:
    """The server must bear both ways of numbering."""
    device = ctx.ofd.device()
    device.sell()
    base = device.reqnum
    away = Spell(device, device.later(minutes=-30))
    tickets = [away.ticket(line(100 + turn)) for turn in range(6)]
    device.reqnum = base + 20
    for turn, ticket in enumerate(tickets):
        away.deliver(ticket, **({} if fresh else {"reqnum": base + 1 + turn}))
    device.compare()


@case(
    "kz.operator.offline.several-shifts",
    target=KIND,
    clauses=["KZ-OQ-10", "KZ-S-8.1", "KZ-H24-04"],
    requirements=("KZ-OFF-01", "KZ-NNT-01"),
    description="Three shifts, one of 30 hours, were worked and closed offline, and come in order.",
    expectation="Each Z is that of the books with the register's times; no document gets 11.",
)
def several_shifts(ctx: Context) -> None:
    """The Z of the server's answer is authoritative."""
    device = ctx.ofd.device()
    number = device.books.shift_number
    away = Spell(device, device.later(hours=-70))
    for turn in range(3):
        away.ticket(line(1_000 + turn))
        away.money(device.deposit(500))
        away.rest(hours=30 if turn == 0 else 10)
        away.ticket(line(2_000))
        away.close(withdraw=turn == 1)
    away.deliver_all()
    ctx.check(number + 3, device.books.shift_number, "number of the next shift", clause="KZ-S-8.1")
    device.compare()


@case(
    "kz.operator.offline.report",
    target=KIND,
    clauses=["KZ-OQ-6", "KZ-RP-01"],
    requirements=OFF,
    description="A queued REPORT with is_offline comes between queued tickets.",
    expectation="It is answered with the X of that moment.",
)
def queued_report(ctx: Context) -> None:
    """Reports are queued like documents."""
    device = ctx.ofd.device()
    away = Spell(device, device.later(minutes=-30))
    for _ in range(2):
        away.deliver(away.ticket(line(100)))
        answer = away.deliver(ReportAsk(1, device.time, is_offline=True))
        device.same(device.books.report(), answer, "X of a queued REPORT", clause="KZ-RP-01")


@family(
    "kz.operator.offline.cash.{key}",
    rows={"withdrawal": "withdrawal", "buy": "buy", "sell-return": "sell-return"},
    target=KIND,
    clauses=["KZ-S-10.5", "KZ-OQ-11"],
    level="stand-in",
    requirements=OFF,
    needs=CONTROL,
    description="An offline document takes more cash than the drawer holds: {key}.",
    expectation="It is accepted; with `cash_check_offline` it gets 14.",
)
def offline_cash(ctx: Context, kind: str) -> None:
    """The register had to check, and a refusal would block its queue."""
    device = ctx.ofd.device()
    away = Spell(device, device.later(minutes=-30))
    if kind == "withdrawal":
        away.money(device.withdrawal(1_000))
    else:
        away.ticket(line(1_000), operation=BUY if kind == "buy" else SELL_RETURN)
    document = away.queue[0]
    ctx.ofd.switch(cash_check_offline=True)
    device.refuse(14, document, clause="KZ-S-10.5")
    ctx.ofd.switch(cash_check_offline=False)
    away.deliver(document)
    device.accept(device.deposit(1_000))
    device.compare()


@case(
    "kz.operator.offline.age",
    target=KIND,
    clauses=["KZ-H72-06"],
    level="stand-in",
    requirements=OFF,
    needs=CONTROL,
    description="Offline tickets of a year and of an hour ago come, then again under `document_max_age`=24.",
    expectation="All are accepted without the switch; with it the old one gets 13.",
)
def age(ctx: Context) -> None:
    """The server knows no 72 h unless it is told one."""
    device = ctx.ofd.device()
    for hours in (365 * 24, 1):
        device.sell(line(hours), time=device.later(hours=-hours), offline_number=FIRST_NUMBER + hours)
    ctx.ofd.switch(document_max_age=24)
    device.sell(line(1), time=device.later(hours=-23), offline_number=FIRST_NUMBER)
    old = device.ticket(line(2), time=device.later(hours=-25), offline_number=FIRST_NUMBER + 1)
    device.refuse(13, old, clause="KZ-H72-06")
    device.compare()


PERIODS: dict[str, tuple[Any, Any]] = {
    "begin-is-end": (datetime(2026, 5, 1), datetime(2026, 5, 1)),
    "zero-dates": (None, None),
    "zero-begin": (None, datetime(2026, 5, 1)),
    "backwards": (datetime(2026, 5, 2), datetime(2026, 5, 1)),
    "last-century": (datetime(1900, 1, 1), datetime(1900, 1, 1)),
}


@family(
    "kz.operator.offline.period.{key}",
    rows=PERIODS,
    target=KIND,
    clauses=["KZ-SV-02"],
    requirements=OFF,
    description="Online documents carry an offline period that says nothing: {key}.",
    expectation="All are accepted, whatever the calendar says.",
)
def period(ctx: Context, row: tuple[datetime | None, datetime | None]) -> None:
    """Accept any calendar garbage here."""
    begin, end = row
    device = ctx.ofd.device()

    def write(service: Any) -> None:
        for field, time in (
            (service.offline_period.begin_time, begin),
            (service.offline_period.end_time, end),
        ):
            if time is None:
                for part in (field.date, field.time):
                    for name in part.DESCRIPTOR.fields_by_name:
                        setattr(part, name, 0)

    given = (begin or datetime(2026, 1, 1), end or datetime(2026, 1, 1))
    for what in (device.ticket(), device.deposit(100), device.closing()):
        device.accept(what, period=given, service=write, clause="KZ-SV-02")
    device.compare()
