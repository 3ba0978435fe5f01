"""How long a shift may stay open, and what the limit is not for (kz-ofd §8.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.suites.kz.operator.steps import KIND, ask_x

SHIFT = ("KZ-SHF-01",)
DAY = 24 * 3600
Make = Callable[[Device], Any]

LATE: dict[str, tuple[int, bool]] = {
    "23h59": (DAY - 60, False),
    "24h": (DAY, False),
    "24h-and-a-second": (DAY + 1, True),
    "24h01": (DAY + 60, True),
    "100h": (100 * 3600, True),
}


@family(
    "kz.operator.limit.{key}",
    rows=LATE,
    target=KIND,
    clauses=["KZ-S-8.3", "KZ-H24-01", "KZ-H24-02", "KZ-H24-03", "KZ-RC-11", "KZ-TP-14"],
    requirements=SHIFT,
    needs=["control", "clock"],
    description="A shift has been open for {key} when a ticket and a deposit come, then it is closed.",
    expectation=lambda row: (
        "Code 11 for both until the shift is closed; SYSTEM, INFO and X are served."
        if row[1]
        else "Both are accepted."
    ),
)
def limit(ctx: Context, row: tuple[int, bool]) -> None:
    """The clock stands still, so that seconds are seconds."""
    seconds, late = row
    ctx.clock.set_rate(0)
    device = ctx.ofd.device()
    device.sell()
    _advance_to(ctx, device, seconds)
    for make in (lambda: device.ticket(), lambda: device.deposit(100)):
        if late:
            device.refuse(11, make(), clause="KZ-H24-01")
        else:
            device.accept(make(), clause="KZ-H24-01")
    device.accept(0, clause="KZ-H24-02")
    device.accept(5, clause="KZ-H24-02")
    device.compare()
    device.close_shift(withdraw=True)
    device.sell()
    device.compare()


def _advance_to(ctx: Context, device: Device, seconds: int) -> None:
    """Lab time at which the shift has been open for just so many seconds, by the server's whole seconds."""
    assert device.books.opened is not None
    wanted = device.books.opened + timedelta(seconds=seconds)
    ctx.clock.advance((wanted - device.time).total_seconds())
    ctx.check(wanted, device.time, "lab time", clause="KZ-H24-01")


@case(
    "kz.operator.limit.by-document-time",
    target=KIND,
    clauses=["KZ-H24-01", "KZ-S-8.1"],
    requirements=SHIFT,
    needs=["control", "clock"],
    description="The first ticket of a shift is dated 24 h and a second ago, the next one now.",
    expectation="The first opens the shift at its own time; the next gets 11.",
)
def by_document_time(ctx: Context) -> None:
    """Open time is the document's, the clock is the server's."""
    ctx.clock.set_rate(0)
    device = ctx.ofd.device()
    device.sell(time=device.later(seconds=-DAY - 1))
    device.refuse(11, device.ticket(), clause="KZ-H24-01")
    device.close_shift()


@case(
    "kz.operator.limit.inclusive",
    target=KIND,
    clauses=["KZ-H24-01"],
    level="stand-in",
    requirements=SHIFT,
    needs=["control", "clock"],
    description="With `shift_limit_inclusive` a ticket comes a second before 24 h and at 24 h.",
    expectation="Accepted, then code 11.",
)
def inclusive(ctx: Context) -> None:
    """The other reading of the boundary."""
    ctx.clock.set_rate(0)
    device = ctx.ofd.device()
    ctx.ofd.switch(shift_limit_inclusive=True)
    device.sell()
    _advance_to(ctx, device, DAY - 1)
    device.sell()
    ctx.clock.advance(1)
    device.refuse(11, device.ticket(), clause="KZ-H24-01")


@family(
    "kz.operator.limit.scope.{key}",
    rows={"documents": (11, 11, 0), "tickets": (11, 0, 0), "all": (11, 11, 11)},
    target=KIND,
    clauses=["KZ-H24-02", "KZ-TP-12"],
    level="stand-in",
    requirements=SHIFT,
    needs=["control", "clock"],
    description="After 25 hours a ticket, a withdrawal and REPORT come with `shift_timeout_scope`={key}.",
    expectation=lambda row: f"Codes {row[0]}, {row[1]} and {row[2]}; closing is always possible.",
)
def scope(ctx: Context, codes: tuple[int, int, int]) -> None:
    """A register that first withdraws and then closes is stuck in two of the three."""
    names = {(11, 11, 0): "documents", (11, 0, 0): "tickets", (11, 11, 11): "all"}
    device = ctx.ofd.device()
    device.accept(device.deposit(1000))
    ctx.clock.advance(25 * 3600)
    ctx.ofd.switch(shift_timeout_scope=names[codes])
    seen = (
        device.ask(device.ticket()).code,
        device.ask(device.withdrawal(1)).code,
        device.ask(ask_x(device)).code,
    )
    ctx.check(codes, seen, "codes of ticket, withdrawal and REPORT", clause="KZ-H24-02")
    device.close_shift(withdraw=True)


RESENT: dict[str, Make] = {
    "offline-ticket": lambda device: device.ticket(offline_number=1_770_000_321),
    "offline-deposit": lambda device: device.deposit(100, is_offline=True),
    "offline-period": lambda device: _with_period(device),
}


def _with_period(device: Device) -> Any:
    ticket = device.ticket()
    device.books.add(ticket)
    return device.request(ticket, period=(device.later(hours=-3), device.later(hours=-1)))


@family(
    "kz.operator.limit.resent.{key}",
    rows=RESENT,
    target=KIND,
    clauses=["KZ-H24-04", "KZ-OQ-9"],
    requirements=("KZ-SHF-01", "KZ-OFF-01"),
    needs=["control", "clock"],
    description="After 30 hours of an open shift a document comes that was made offline: {key}.",
    expectation="It is accepted; a new ticket still gets 11.",
)
def resent(ctx: Context, make: Make) -> None:
    """The server never answers 11 to a re-sent message."""
    device = ctx.ofd.device()
    device.sell()
    ctx.clock.advance(30 * 3600)
    device.accept(make(device), clause="KZ-H24-04")
    device.refuse(11, device.ticket(), clause="KZ-RC-11")
    device.compare()


NOT_RESENT: dict[str, Callable[[Device], Any]] = {
    "period-of-no-length": lambda device: device.request(
        device.ticket(), period=(device.later(hours=-3), device.later(hours=-3))
    ),
    "period-backwards": lambda device: device.request(
        device.ticket(), period=(device.later(hours=-1), device.later(hours=-3))
    ),
    "period-since-2012": lambda device: device.request(
        device.ticket(), period=(device.time.replace(year=2012, day=1), device.time)
    ),
}


@family(
    "kz.operator.limit.not-resent.{key}",
    rows=NOT_RESENT,
    target=KIND,
    clauses=["KZ-OQ-9", "KZ-RC-11"],
    level="stand-in",
    requirements=("KZ-SHF-01", "KZ-OFF-01"),
    needs=["control", "clock"],
    description="After 30 hours a ticket comes whose offline period says nothing: {key}.",
    expectation="Code 11: it is a new ticket.",
)
def not_resent(ctx: Context, make: Callable[[Device], Any]) -> None:
    """Some clients send a zero date as begin for ever."""
    device = ctx.ofd.device()
    device.sell()
    ctx.clock.advance(30 * 3600)
    device.refuse(11, make(device), clause="KZ-OQ-9")
