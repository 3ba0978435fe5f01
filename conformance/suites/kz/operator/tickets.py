"""Checks of tickets: one message with only that fault for every row, and one with several (kz-ofd §10.4).

A row that refuses must name its finding and book nothing; a row that only warns accepts the ticket and
records the finding. Sums of a fault are chosen so that no other row has anything to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from conformance.cases import family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import (
    BUY_RETURN,
    CARD,
    CASH,
    DISCOUNT,
    LOAF,
    MARKUP,
    SELL_RETURN,
    VAT,
    line,
    modifier,
    paid,
    storno,
)
from conformance.suites.kz.operator.steps import (
    CONTROL,
    KIND,
    Asked,
    named,
    refused_without_a_trace,
    rows_found,
)
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.tickets import Payment, Ticket

PRT = ("KZ-PRT-02",)
Make = Callable[[Device], Asked]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `id` is the check, `field` a part of the place that its finding must name.

    `alone` is false where a total cannot be right with such a fault.
    """

    id: str
    code: int
    make: Make
    field: str = ""
    version: int = 203
    warns: bool = False
    needs: tuple[str, ...] = ()
    alone: bool = True


def sale(*items: goods.Sold, **fields: Any) -> Make:
    """A ticket of these items in the register's version, any field as it shall stand."""
    return lambda device: device.ticket(*items, version=device.version, **fields)


def _without(name: str, part: str = "") -> Make:
    """A good ticket's Request without one field of its ticket part, or of a message within it."""

    def make(device: Device) -> Any:
        message = device.request(device.ticket())
        owner = message.ticket
        for step in filter(None, part.split(".")):
            owner = getattr(owner, step)
            if not hasattr(owner, "DESCRIPTOR"):
                owner = owner[0]
        owner.ClearField(name)
        return message

    return make


def _raw(change: Callable[[Any], None], *items: goods.Sold, **fields: Any) -> Make:
    """A good ticket's Request, its ticket part changed by hand."""

    def make(device: Device) -> Any:
        message = device.request(device.ticket(*items, **fields))
        change(message.ticket)
        return message

    return make


def _line(**fields: Any) -> Make:
    return sale(line(**fields))


def _number(name: str, number: int, part: Callable[[Any], Any] = lambda ticket: ticket) -> Make:
    def change(ticket: Any) -> None:
        owner = part(ticket)
        owner.ClearField(name)
        set_enum_number(owner, name, number)

    return _raw(change)


def _date(**figures: int) -> Make:
    def change(ticket: Any) -> None:
        for name, value in figures.items():
            where = ticket.date_time.date if name in ("year", "month", "day") else ticket.date_time.time
            setattr(where, name, value)

    return _raw(change)


def _coins(ticket: Any) -> None:
    """The same total, written as a tenge less and a hundred tiyn more."""
    ticket.amounts.total.bills -= 1
    ticket.amounts.total.coins = 100


def _line_coins(ticket: Any) -> None:
    ticket.items[0].commodity.price.bills -= 1
    ticket.items[0].commodity.price.coins = 100


def _returned(**fields: Any) -> Make:
    """A return whose parent ticket lacks something."""

    def make(device: Device) -> Ticket:
        sale = device.ticket(operation=SELL_RETURN)
        assert sale.parent is not None
        return replace(sale, parent=replace(sale.parent, **fields))

    return make


def _parent_without(name: str) -> Make:
    def change(ticket: Any) -> None:
        ticket.parent_ticket.ClearField(name)

    return _raw(change, operation=SELL_RETURN)


def _two_discounts(ticket: Any) -> None:
    ticket.items[1].discount.ClearField("sum")


REFUSED: dict[str, Fault] = {
    "t01-operation": Fault("T01", 15, _without("operation"), "operation"),
    "t01-operation-unknown": Fault("T01", 15, _number("operation", 9), "operation"),
    "t01-date-time": Fault("T01", 15, _without("date_time"), "date_time"),
    "t01-operator": Fault("T01", 15, _without("operator"), "operator"),
    "t01-operator-code": Fault("T01", 15, _without("code", "operator"), "operator.code"),
    "t01-total": Fault("T01", 15, _without("total", "amounts"), "amounts.total"),
    "t01-payment-type": Fault("T01", 15, _number("type", 9, lambda t: t.payments[0]), "payments"),
    "t02-no-items": Fault("T02", 15, _without("items"), "items", alone=False),
    "t02-item-without-its-part": Fault("T02", 15, _without("commodity", "items"), "items[0]"),
    "t02-item-type-unknown": Fault("T02", 15, _number("type", 9, lambda t: t.items[0]), "items[0]"),
    "t02-part-of-another-type": Fault("T02", 15, _number("type", 2, lambda t: t.items[0]), "items[0]"),
    "t03-name": Fault("T03", 15, _line(name=""), "name"),
    "t03-section": Fault("T03", 15, _line(section=""), "section_code"),
    "t03-quantity": Fault("T03", 15, _without("quantity", "items.commodity"), "quantity"),
    "t03-price": Fault("T03", 15, _without("price", "items.commodity"), "price"),
    "t03-sum": Fault("T03", 15, _without("sum", "items.commodity"), "sum"),
    "t03-unit": Fault("T03", 15, _line(measure_unit=""), "measure_unit_code"),
    "t03-unit-202": Fault("T03", 15, _line(measure_unit=""), "measure_unit_code", 202),
    "t03-storno-section": Fault(
        "T03", 15, sale(line(), line(), storno(line(), section="")), "storno_commodity.section_code"
    ),
    "t04-sum": Fault("T04", 15, _raw(_two_discounts, line(), modifier(DISCOUNT, 100), total=LOAF), "sum"),
    "t06-taken": Fault("T06", 15, _without("taken", "amounts"), "amounts.taken"),
    "t07-no-parent": Fault("T07", 15, sale(operation=SELL_RETURN, parent=None), "parent_ticket"),
    "t07-no-parent-204": Fault("T07", 15, sale(operation=SELL_RETURN, parent=None), "parent_ticket", 204),
    "t07-no-parent-of-a-purchase": Fault("T07", 15, sale(operation=BUY_RETURN, parent=None), "parent_ticket"),
    "t07-number": Fault("T07", 15, _returned(number=""), "parent_ticket_number"),
    "t07-time": Fault("T07", 15, _parent_without("parent_ticket_data_time"), "parent_ticket_data_time"),
    "t07-rnm": Fault("T07", 15, _returned(rnm=""), "kgd_kkm_id"),
    "t07-total": Fault("T07", 15, _parent_without("parent_ticket_total"), "parent_ticket_total"),
    "t07-offline": Fault("T07", 15, _returned(is_offline=None), "parent_ticket_is_offline"),
    "t08-year-2012": Fault("T08", 13, _date(year=2012), "date_time"),
    "t08-year-zero": Fault("T08", 13, _date(year=0), "date_time"),
    "t08-month-13": Fault("T08", 13, _date(month=13), "date_time"),
    "t08-month-zero": Fault("T08", 13, _date(month=0), "date_time"),
    "t08-day-zero": Fault("T08", 13, _date(day=0), "date_time"),
    "t08-february-29-in-2026": Fault("T08", 13, _date(year=2026, month=2, day=29), "date_time"),
    "t08-april-31": Fault("T08", 13, _date(month=4, day=31), "date_time"),
    "t08-hour-24": Fault("T08", 13, _date(hour=24), "date_time"),
    "t08-minute-60": Fault("T08", 13, _date(minute=60), "date_time"),
    "t08-second-60": Fault("T08", 13, _date(second=60), "date_time"),
    "t10-total-100-coins": Fault("T10", 13, _raw(_coins), "total"),
    "t10-price-100-coins": Fault("T10", 13, _raw(_line_coins), "price"),
    "t11-quantity-zero": Fault("T11", 13, sale(line(), line(100, 0)), "quantity"),
    "t12-total-zero": Fault("T12", 13, sale(line(0), payments=(), total=0), "amounts.total"),
    "t13-a-tiyn-more": Fault("T13", 13, sale(line(), total=LOAF + 1), "amounts.total"),
    "t13-a-tiyn-less": Fault("T13", 13, sale(line(), total=LOAF - 1), "amounts.total"),
    "t13-discount-forgotten": Fault(
        "T13", 13, sale(line(), modifier(DISCOUNT, 100), total=LOAF), "amounts.total"
    ),
    "t13-markup-taken-away": Fault(
        "T13", 13, sale(line(), modifier(MARKUP, 100), total=LOAF - 100), "amounts.total"
    ),
    "t13-storno-added": Fault(
        "T13", 13, sale(line(), line(100), storno(line(100)), total=LOAF + 200), "amounts.total"
    ),
    "t13-ticket-discount-forgotten": Fault(
        "T13", 13, sale(line(), discount=modifier(DISCOUNT, 100, type=None), total=LOAF), "amounts.total"
    ),
    "t15-item-equal": Fault("T15", 13, sale(line(), line(500), modifier(DISCOUNT, 500)), "discount"),
    "t15-item-more": Fault("T15", 13, sale(line(), line(500), modifier(DISCOUNT, 501)), "discount"),
    "t15-ticket-more": Fault(
        "T15",
        13,
        sale(
            line(1000),
            modifier(DISCOUNT, 400),
            discount=modifier(DISCOUNT, 600, type=None),
            total=1,
            payments=(),
        ),
        "amounts",
        alone=False,
    ),
    "t16-ticket": Fault(
        "T16",
        13,
        sale(line(), discount=modifier(DISCOUNT, 100, type=None), markup=modifier(MARKUP, 50, type=None)),
        "amounts",
    ),
    "t16-item": Fault("T16", 13, sale(line(), modifier(DISCOUNT, 100), modifier(MARKUP, 50)), "items"),
    "t17-cash-twice": Fault(
        "T17", 13, sale(line(), payments=(Payment(CASH, LOAF - 100), Payment(CASH, 100))), "payments"
    ),
    "t17-card-twice": Fault(
        "T17", 13, sale(line(), payments=(Payment(CARD, LOAF - 100), Payment(CARD, 100))), "payments"
    ),
    "t18-a-tiyn-less": Fault("T18", 13, sale(line(), payments=paid(card=LOAF - 1)), "payments"),
    "t18-a-tiyn-more": Fault("T18", 13, sale(line(), payments=paid(cash=100, card=LOAF - 99)), "payments"),
    "t20-line-and-ticket": Fault("T20", 13, sale(line(vat=VAT), taxes=(goods.tax(LOAF),)), "taxes"),
    "t20-percent-twice": Fault("T20", 13, sale(line(taxes=(goods.tax(LOAF), goods.tax(LOAF)))), "taxes"),
    "t20-percent-twice-on-the-ticket": Fault(
        "T20", 13, sale(line(), taxes=(goods.tax(LOAF), goods.tax(LOAF))), "taxes"
    ),
    "t22-seller-is-customer": Fault(
        "T22", 17, lambda d: d.ticket(customer_iin=d.identity.org_inn), "customer_iin_or_bin", needs=CONTROL
    ),
    "t22-seller-is-customer-202": Fault(
        "T22",
        17,
        lambda d: d.ticket(customer_iin=d.identity.org_inn),
        "customer_iin_or_bin",
        202,
        needs=CONTROL,
    ),
}
"""Rows that refuse, each alone."""


@family(
    "kz.operator.ticket.refused.{key}",
    rows=REFUSED,
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row.id}", f"KZ-RC-{row.code}"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    needs=lambda row: row.needs,
    description="A ticket has just one fault: {key}.",
    expectation=lambda row: f"Code {row.code}, a finding {row.id} about that place, and nothing counted.",
)
def refused(ctx: Context, row: Fault) -> None:
    """The same register then sells without the fault."""
    device = ctx.ofd.device(row.version)
    clause = f"KZ-TI-{row.id}"
    coded = "KZ-S-5.1" if row.code == 13 else ""
    refused_without_a_trace(ctx, device, row.code, row.make(device), clause=clause, coded=coded)
    if ctx.can("control"):
        severe = {each["check_id"] for each in rows_found(ctx, device) if each["severity"] == "refuse"}
        observed = severe if row.alone else severe & {row.id}
        ctx.check({row.id}, observed, "checks that refused the ticket", clause=clause)
        named(ctx, device, row.id, row.field)
    device.sell()
    device.compare()
