"""Tickets with something that is only recorded, with several faults, and with none (kz-ofd §10.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import CASH, DISCOUNT, LOAF, SELL_RETURN, VAT, line, modifier, paid, storno
from conformance.suites.kz.operator.steps import (
    CONTROL,
    KIND,
    found,
    named,
    refused_without_a_trace,
    rows_found,
)
from conformance.suites.kz.operator.tickets import PRT, Fault, Make, sale
from reference.protocol.kz.tickets import Operator, Payment, TaxEntry, Ticket

# --- rows that only warn ----------------------------------------------------------------------------------


def next_minute(device: Device) -> Any:
    """A ticket of the full minute to come, its second left out: absent is 0 (kz-ofd §2.5)."""
    minute = device.time.replace(second=0) + timedelta(minutes=1)
    message = device.request(device.ticket(time=minute))
    message.ticket.date_time.time.ClearField("second")
    device.books.add(device.ticket(time=minute))
    return message


def _ahead(seconds: int) -> Make:
    return lambda device: device.ticket(time=device.time + timedelta(seconds=seconds))


def _after_another(seconds: int) -> Make:
    def make(device: Device) -> Ticket:
        device.sell()
        assert isinstance(device.books.entries[-1].time, datetime)
        return device.ticket(time=device.books.entries[-1].time + timedelta(seconds=seconds))

    return make


def _taxed(off: int, *, inside: bool = True) -> Make:
    amount = goods.inside(LOAF, VAT) if inside else goods.on_top(LOAF, VAT)
    return sale(line(taxes=(TaxEntry(VAT, amount + off, inside=inside, taxation_type=101),)))


WARNED: dict[str, Fault] = {
    "t09-301-seconds-ahead": Fault(
        "T09", 0, _ahead(301), "date_time", warns=True, needs=("control", "clock")
    ),
    "t09-before-the-last": Fault("T09", 0, _after_another(-1), "date_time", warns=True),
    "t14-two-tiyn": Fault("T14", 0, sale(line(sum=LOAF + 2)), "sum", warns=True),
    "t14-two-tiyn-less": Fault("T14", 0, sale(line(sum=LOAF - 2)), "sum", warns=True),
    "t19-taken-too-much": Fault("T19", 0, sale(line(), taken=LOAF + 1), "payments", warns=True),
    "t19-change-too-little": Fault(
        "T19", 0, sale(line(), taken=LOAF + 500, change=400), "payments", warns=True
    ),
    "t21-two-tiyn": Fault("T21", 0, _taxed(2), "taxes", warns=True),
    "t21-two-tiyn-less": Fault("T21", 0, _taxed(-2), "taxes", warns=True),
    "t21-on-top": Fault("T21", 0, _taxed(2, inside=False), "taxes", warns=True),
    "t23-no-commodity-type": Fault(
        "T23", 0, sale(line(commodity_type=None)), "commodity_type", 204, warns=True
    ),
    "t24-nothing-to-storno": Fault("T24", 0, sale(line(), storno(line(100))), "storno_commodity", warns=True),
    "t24-storno-before-its-line": Fault(
        "T24", 0, sale(line(), storno(line(100)), line(100)), "storno_commodity", warns=True
    ),
    "t24-storno-twice": Fault(
        "T24",
        0,
        sale(line(), line(100), storno(line(100)), storno(line(100))),
        "storno_commodity",
        warns=True,
    ),
}
"""Rows that record, each alone."""


@family(
    "kz.operator.ticket.warned.{key}",
    rows=WARNED,
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}"],
    level="stand-in",
    requirements=PRT,
    needs=lambda row: tuple({*row.needs, *CONTROL}),
    description="A ticket has something that is only recorded: {key}.",
    expectation=lambda row: f"It is accepted and counted as it came; a finding {row.id} stands against it.",
)
def warned(ctx: Context, row: Fault) -> None:
    """Nothing is corrected silently either."""
    if ctx.can("clock"):
        ctx.clock.set_rate(0)
    device = ctx.ofd.device(row.version)
    device.accept(row.make(device), clause=f"KZ-TI-{row.id}")
    ctx.check([row.id], found(ctx, device), "findings against the register", clause=f"KZ-TI-{row.id}")
    named(ctx, device, row.id, row.field)
    device.compare()


@family(
    "kz.operator.ticket.switched-on.{key}",
    rows={
        key: row for key, row in WARNED.items() if key.endswith(("seconds-ahead", "two-tiyn", "much", "type"))
    },
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}"],
    level="stand-in",
    requirements=PRT,
    needs=lambda row: tuple({*row.needs, *CONTROL}),
    description="The check is switched on, and what was only recorded comes: {key}.",
    expectation="It is refused, with 15 where a field is missing and 13 otherwise.",
)
def switched_on(ctx: Context, row: Fault) -> None:
    """All rows can be switched one by one."""
    if ctx.can("clock"):
        ctx.clock.set_rate(0)
    device = ctx.ofd.device(row.version)
    ctx.ofd.switch(checks={row.id: "on"})
    what = row.make(device)
    refused_without_a_trace(ctx, device, 15 if row.id == "T23" else 13, what, clause=f"KZ-TI-{row.id}")


# --- several at once, and none ------------------------------------------------------------------------------


@case(
    "kz.operator.ticket.several-faults",
    target=KIND,
    clauses=["KZ-S-10.4", "KZ-S-5.1"],
    level="stand-in",
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    needs=CONTROL,
    description="A ticket lacks operator and name, has a wrong total, two cash payments and a tax twice.",
    expectation="Code 15, since duties come first; every one of the five is found in the one pass.",
)
def several(ctx: Context) -> None:
    """Whoever repairs it should not have to come back five times."""
    device = ctx.ofd.device()
    bad = device.ticket(
        line(name="", taxes=(goods.tax(LOAF), goods.tax(LOAF))),
        total=LOAF + 5,
        payments=(Payment(CASH, LOAF), Payment(CASH, 5)),
        operator=Operator(None, ""),
    )
    refused_without_a_trace(ctx, device, 15, bad)
    wanted = {"T01", "T03", "T13", "T17", "T20"}
    missing = sorted(wanted - set(found(ctx, device)))
    ctx.check([], missing, "faults that were not found", clause="KZ-S-10.4")


@case(
    "kz.operator.ticket.several-places",
    target=KIND,
    clauses=["KZ-S-10.4", "KZ-TI-T03"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="Three lines of one ticket lack a name, a section and a unit.",
    expectation="Three findings, each about its own line.",
)
def several_places(ctx: Context) -> None:
    """A finding names the place."""
    device = ctx.ofd.device()
    bad = device.ticket(line(name=""), line(section=""), line(measure_unit=""))
    refused_without_a_trace(ctx, device, 15, bad, clause="KZ-TI-T03")
    places = [row["field"] for row in rows_found(ctx, device) if row["check_id"] == "T03"]
    for wanted in (
        "items[0].commodity.name",
        "items[1].commodity.section_code",
        "items[2].commodity.measure",
    ):
        held = any(wanted in place for place in places)
        ctx.check_that(held, wanted, places, "places of the findings", clause="KZ-TI-T03")


FINE: dict[str, Fault] = {
    "plain": Fault("T13", 0, sale(line())),
    "plain-124": Fault("T13", 0, sale(line()), version=124),
    "plain-202": Fault("T13", 0, sale(line()), version=202),
    "plain-204": Fault("T13", 0, sale(line()), version=204),
    "no-unit-124": Fault("T03", 0, sale(line(measure_unit="")), version=124),
    "code-instead-of-name": Fault("T03", 0, sale(line(name="", code=4711))),
    "no-change": Fault("T06", 0, sale(line(), taken=LOAF, change=None)),
    "card-without-taken": Fault("T06", 0, sale(line(), payments=paid(card=LOAF))),
    "return-202-without-parent": Fault(
        "T07", 0, sale(line(), operation=SELL_RETURN, payments=paid(card=LOAF)), version=202
    ),
    "no-second": Fault("T08", 0, next_minute),
    "300-seconds-ahead": Fault("T09", 0, _ahead(300), needs=("control", "clock")),
    "same-time": Fault("T09", 0, _after_another(0)),
    "99-coins": Fault("T10", 0, sale(line(9_999))),
    "one-tiyn": Fault("T12", 0, sale(line(1))),
    "line-a-tiyn-off": Fault("T14", 0, sale(line(sum=LOAF + 1))),
    "line-rounded": Fault("T14", 0, sale(line(33_333, 333))),
    "discount-a-tiyn-less": Fault("T15", 0, sale(line(), line(500), modifier(DISCOUNT, 499))),
    "no-payments": Fault("T18", 0, sale(line(), payments=())),
    "three-payments": Fault("T17", 0, sale(line(), payments=paid(cash=100, card=LOAF - 300, mobile=200))),
    "two-percents": Fault(
        "T20", 0, sale(line(taxes=(goods.tax(LOAF, 16_000), TaxEntry(0, 0, inside=True, taxation_type=101))))
    ),
    "tax-on-the-ticket": Fault("T20", 0, sale(line(), taxes=(goods.tax(LOAF),))),
    "tax-a-tiyn-off": Fault("T21", 0, _taxed(1)),
    "tax-a-tiyn-less": Fault("T21", 0, _taxed(-1)),
    "tax-on-top": Fault("T21", 0, _taxed(0, inside=False)),
    "another-customer": Fault("T22", 0, sale(line(), customer_iin="870512300123")),
    "seller-as-customer-124": Fault(
        "T22", 0, lambda d: d.ticket(customer_iin=d.identity.org_inn), version=124, needs=CONTROL
    ),
    "service-204": Fault("T23", 0, sale(line(commodity_type=2)), version=204),
    "storno-of-a-line": Fault("T24", 0, sale(line(), line(100), storno(line(100)))),
    "modifiers-at-the-end": Fault(
        "T13", 0, sale(line(), line(30_000), modifier(DISCOUNT, 100), modifier(DISCOUNT, 50))
    ),
}
"""Tickets with nothing wrong, next to each row's boundary."""


LENIENT: dict[str, Fault] = {
    "modifier-without-name": Fault("T04", 0, sale(line(), modifier(DISCOUNT, 100, name=""))),
    "no-domain": Fault("T05", 0, sale(line(), domain=None)),
}
"""Duties of the text that working clients leave out."""


@family(
    "kz.operator.ticket.lenient.{key}",
    rows=LENIENT,
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A ticket lacks what a working client leaves out: {key}.",
    expectation="Accepted, and nothing is found; with the check switched on it gets 15.",
)
def lenient(ctx: Context, row: Fault) -> None:
    """Off by default."""
    device = ctx.ofd.device(row.version)
    device.accept(row.make(device), clause=f"KZ-TI-{row.id}")
    ctx.check([], found(ctx, device), "findings against the register", clause=f"KZ-TI-{row.id}")
    ctx.ofd.switch(checks={row.id: "on"})
    refused_without_a_trace(ctx, device, 15, row.make(device), clause=f"KZ-TI-{row.id}")


@family(
    "kz.operator.ticket.fine.{key}",
    rows=FINE,
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}"],
    requirements=PRT,
    needs=lambda row: row.needs,
    description="A ticket is as it must be, if only just: {key}.",
    expectation="Accepted and counted, and nothing is found.",
)
def fine(ctx: Context, row: Fault) -> None:
    """The good neighbour of every refusal."""
    if "clock" in row.needs:
        ctx.clock.set_rate(0)
    device = ctx.ofd.device(row.version)
    device.accept(device.deposit(10 * LOAF))
    device.accept(row.make(device), clause=f"KZ-TI-{row.id}")
    if ctx.can("control"):
        ctx.check([], found(ctx, device), "findings against the register", clause=f"KZ-TI-{row.id}")
    device.compare()
