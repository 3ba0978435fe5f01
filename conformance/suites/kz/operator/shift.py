"""The shift: what opens it, how it is closed, and how long it may stay open (kz-ofd §8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import line
from conformance.suites.kz.operator.steps import (
    CONTROL,
    KIND,
    VERSIONS,
    named,
    refused_without_a_trace,
    rows_found,
)
from reference.protocol.kz.tickets import Operator

PRT = ("KZ-PRT-02",)
SHIFT = ("KZ-SHF-01",)
DAY = 24 * 3600
Make = Callable[[Device], Any]


@family(
    "kz.operator.shift.opened-by.{key}",
    rows={
        "ticket": lambda device: device.ticket(),
        "deposit": lambda device: device.deposit(100),
        "return": lambda device: device.ticket(operation=goods.BUY_RETURN),
    },
    target=KIND,
    clauses=["KZ-S-8.1", "KZ-ZR-16", "KZ-IN-01"],
    requirements=PRT,
    description="A {key} is the first document after a closed shift.",
    expectation="INFO shows an open shift, the next number, and the document's time as its opening.",
)
def opened_by(ctx: Context, make: Make) -> None:
    """There is no command that opens a shift."""
    device = ctx.ofd.device()
    device.close_shift()
    ctx.check(0, device.accept(5).message.report.report, "report kind before", clause="KZ-IN-01")
    device.accept(make(device))
    answer = device.accept(5)
    ctx.check(1, answer.message.report.report, "report kind after", clause="KZ-IN-01")
    device.same(device.books.report(), answer, "X of INFO", clause="KZ-IN-02")


@case(
    "kz.operator.shift.opened-by-ticket-only",
    target=KIND,
    clauses=["KZ-S-8.1"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `shift_opens_on`=ticket a deposit comes, and a ticket later.",
    expectation="The shift's opening is the ticket's time; the deposit is counted in it.",
)
def opened_by_ticket_only(ctx: Context) -> None:
    """One client opens locally only at a ticket."""
    device = ctx.ofd.device()
    ctx.ofd.switch(shift_opens_on="ticket")
    device.accept(device.deposit(100))
    ctx.check(None, device.report(1).report.opened, "opening after a deposit", clause="KZ-S-8.1")
    ticket = device.ticket(time=device.later(seconds=60))
    device.accept(ticket)
    device.books.opened = ticket.time
    device.compare()


@family(
    "kz.operator.shift.closed.{key}",
    rows={
        f"{key}-{version}": (withdraw, version)
        for version in VERSIONS
        for key, withdraw in (("with-withdrawal", True), ("without", False))
    },
    target=KIND,
    clauses=["KZ-CM-2", "KZ-S-8.2", "KZ-ZR-11", "KZ-ZR-13"],
    requirements=PRT,
    description="A shift with money in the drawer is closed: {key}.",
    expectation="The Z is that of the books; the drawer is emptied into the closed shift, or carries over.",
)
def closed(ctx: Context, row: tuple[bool, int]) -> None:
    """The withdrawal belongs to the shift that is being closed."""
    withdraw, version = row
    device = ctx.ofd.device(version)
    device.accept(device.deposit(12_345))
    device.sell(line(55))
    answer = device.close_shift(withdraw=withdraw)
    ctx.check(0, answer.message.report.report, "kind of the report", clause="KZ-CM-2")
    device.compare("X of the shift to come")
    device.sell()
    device.compare()


@case(
    "kz.operator.shift.closed-empty-drawer",
    target=KIND,
    clauses=["KZ-S-8.2", "KZ-ZR-11"],
    requirements=PRT,
    description="A shift is closed with withdrawal while the drawer is empty.",
    expectation="No withdrawal is counted.",
)
def closed_empty_drawer(ctx: Context) -> None:
    """Cash of 0 is not withdrawn."""
    device = ctx.ofd.device()
    device.sell(line(), payments=goods.paid(card=goods.LOAF))
    device.close_shift(withdraw=True)


@case(
    "kz.operator.shift.closed-twice",
    target=KIND,
    clauses=["KZ-S-8.2", "KZ-S-8.1"],
    level="stand-in",
    requirements=PRT,
    description="CLOSE_SHIFT comes three times without a document between.",
    expectation="Each closes a shift of zeros with the next number.",
)
def closed_twice(ctx: Context) -> None:
    """A shift with no receipts is seen on the portal."""
    device = ctx.ofd.device()
    number = device.books.shift_number
    for turn in range(3):
        answer = device.close_shift()
        ctx.check(number + turn, answer.report.shift_number, "shift number", clause="KZ-S-8.1")


@case(
    "kz.operator.shift.close-refused-without-shift",
    target=KIND,
    clauses=["KZ-S-8.2"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `close_without_shift`=refuse CLOSE_SHIFT comes without an open shift, then with one.",
    expectation="Code 13, then a Z.",
)
def close_refused(ctx: Context) -> None:
    """The other reading of the same silence."""
    device = ctx.ofd.device()
    ctx.ofd.switch(close_without_shift="refuse")
    refused_without_a_trace(ctx, device, 13, device.closing(), clause="KZ-S-8.2", coded="KZ-S-5.1")
    device.sell()
    device.close_shift()


@family(
    "kz.operator.shift.number.{key}",
    rows={"right": 0, "one-more": 1, "far-off": 1000},
    target=KIND,
    clauses=["KZ-S-8.1"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="Documents say which shift they belong to: {key}.",
    expectation="Accepted under the server's number; one that differs is recorded, by the switch refused.",
)
def shift_number(ctx: Context, off: int) -> None:
    """fr_shift_number is checked, not believed."""
    device = ctx.ofd.device()
    said = device.books.shift_number + off
    device.accept(device.ticket(shift_number=said))
    device.accept(device.deposit(100, shift_number=said))
    device.compare()
    differs = [row["field"] for row in rows_found(ctx, device)]
    ctx.check(["fr_shift_number"] * (2 if off else 0), differs, "fields found", clause="KZ-S-8.1")
    ctx.ofd.switch(shift_number_check="on")
    ticket = device.ticket(shift_number=said)
    if off:
        refused_without_a_trace(ctx, device, 13, ticket, clause="KZ-S-8.1", coded="KZ-S-5.1")
    else:
        device.accept(ticket)


@case(
    "kz.operator.shift.own-z-differs",
    target=KIND,
    clauses=["KZ-S-8.2"],
    level="stand-in",
    requirements=("KZ-PRT-02", "KZ-NNT-01"),
    needs=CONTROL,
    description="A register closes with a Z of its own that has a wrong revenue and a wrong drawer.",
    expectation="The answer is the server's own Z; both figures are recorded against the register.",
)
def own_z_differs(ctx: Context) -> None:
    """Field by field."""
    device = ctx.ofd.device()
    device.sell()
    good = device.closing()
    assert good.report is not None
    device.close_shift(report=replace(good.report, revenue=1, cash=2))
    named(ctx, device, "8.2", "z_report.revenue")
    named(ctx, device, "8.2", "z_report.cash_sum")
    ctx.check(2, len(rows_found(ctx, device)), "findings against the register", clause="KZ-S-8.2")


@case(
    "kz.operator.shift.own-z-agrees",
    target=KIND,
    clauses=["KZ-S-8.2", "KZ-TI-C01"],
    level="stand-in",
    requirements=("KZ-PRT-02", "KZ-NNT-01"),
    needs=CONTROL,
    description="A register closes three shifts with a right Z of its own, then one without.",
    expectation="Nothing is found in the three; the missing Z is recorded.",
)
def own_z_agrees(ctx: Context) -> None:
    """C01 warns of what is missing."""
    device = ctx.ofd.device()
    for _ in range(3):
        device.accept(device.deposit(100))
        device.sell()
        device.close_shift(withdraw=True)
    ctx.check([], rows_found(ctx, device), "findings", clause="KZ-S-8.2")
    message = device.request(device.closing())
    message.close_shift.ClearField("z_report")
    device.accept(message)
    named(ctx, device, "C01", "z_report")


def _close_of(change: Callable[[Any], None]) -> Make:
    def make(device: Device) -> Any:
        message = device.request(device.closing())
        change(message.close_shift)
        return message

    return make


def _bad_day(message: Any) -> None:
    message.close_time.date.day = 32


@family(
    "kz.operator.shift.close-faulty.{key}",
    rows={"time": _close_of(lambda message: message.ClearField("close_time")), "day-32": _close_of(_bad_day)},
    target=KIND,
    clauses=["KZ-TI-C01", "KZ-RC-13"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="CLOSE_SHIFT has one fault: {key}.",
    expectation="Code 13; the shift stays open.",
)
def close_faulty(ctx: Context, make: Make) -> None:
    """A shift that was not closed goes on."""
    device = ctx.ofd.device()
    device.sell()
    refused_without_a_trace(ctx, device, 13, make(device), clause="KZ-TI-C01", coded="KZ-S-5.1")


@case(
    "kz.operator.shift.close-without-operator",
    target=KIND,
    clauses=["KZ-TI-C01", "KZ-TI-M01"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A deposit and CLOSE_SHIFT come without an operator.",
    expectation="Both are accepted; the closing's is recorded.",
)
def close_without_operator(ctx: Context) -> None:
    """M01's operator is off, C01's warns."""
    device = ctx.ofd.device()
    device.accept(device.deposit(100, operator=Operator()))
    ctx.check([], rows_found(ctx, device), "findings of the deposit", clause="KZ-TI-M01")
    device.close_shift(operator=Operator())
    named(ctx, device, "C01", "operator")
