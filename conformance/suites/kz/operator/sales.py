"""What is counted of each kind of document: every figure of the X against the judge's books
(kz-ofd §9.1, §10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import (
    BUY,
    BUY_RETURN,
    DISCOUNT,
    LOAF,
    MARKUP,
    SELL,
    SELL_RETURN,
    STORNO_DISCOUNT,
    STORNO_MARKUP,
    VAT,
    line,
    modifier,
    paid,
    storno,
)
from conformance.suites.kz.operator.steps import KIND, VERSIONS, found, refused_without_a_trace
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.tickets import TaxEntry, Ticket

PRT = ("KZ-PRT-02", "KZ-NNT-01")
FLOAT = 10_000_000
"""What is in the drawer to begin with, in tiyn."""
Make = Callable[[Device], Ticket]


def _of(*items: goods.Sold, **fields: Any) -> Make:
    return lambda device: device.ticket(*items, **fields)


def whole(kind: int, total: int, **fields: Any) -> Any:
    """A modifier of the whole ticket."""
    return modifier(kind, total, type=None, **fields)


_OTHER = line(30_000, name="TEST сүт", section="2")
_TAXED_DISCOUNT = modifier(DISCOUNT, 1_160, taxes=(goods.tax(1_160),))
_TAXED_MARKUP = modifier(MARKUP, 2_320, taxes=(goods.tax(2_320),))
ZERO_RATE = TaxEntry(0, 0, inside=True, taxation_type=101)

TICKETS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "sell": (_of(line()), ("ZR-10", "ZR-13", "ZR-14", "ZR-15")),
    "sell-return": (_of(line(), operation=SELL_RETURN), ("ZR-10", "ZR-13", "ZR-14", "TP-9")),
    "buy": (_of(line(), operation=BUY), ("ZR-13", "ZR-14", "TP-9")),
    "buy-return": (_of(line(), operation=BUY_RETURN), ("ZR-13", "ZR-14", "TP-9")),
    "by-card": (_of(line(), payments=paid(card=LOAF)), ("ZR-10", "ZR-13")),
    "by-mobile": (_of(line(), payments=paid(mobile=LOAF)), ("ZR-10",)),
    "three-payments": (_of(line(), payments=paid(cash=2_000, card=30_000, mobile=10_000)), ("ZR-10",)),
    "unpaid": (_of(line(), payments=()), ("ZR-10", "ZR-13", "S-10.1")),
    "modifiers-at-the-end": (
        _of(line(), _OTHER, modifier(DISCOUNT, 100), modifier(DISCOUNT, 50)),
        ("S-10.1", "ZR-5"),
    ),
    "bought-by-card": (_of(line(), operation=BUY, payments=paid(card=LOAF)), ("ZR-13",)),
    "change": (_of(line(), taken=50_000, change=8_000), ("ZR-10",)),
    "one-tiyn": (_of(line(1)), ("TP-16", "ZR-15")),
    "coins": (_of(line(12_345, 777)), ("TP-16", "ZR-13")),
    "two-sections": (_of(line(), _OTHER, line(500)), ("ZR-3", "ZR-4")),
    "section-with-a-name": (_of(line(section="Бөлім 7")), ("ZR-3",)),
    "half-a-kilogram": (_of(line(99_990, 500)), ("RG-05", "ZR-3")),
    "storno": (_of(line(), _OTHER, storno(_OTHER)), ("ZR-3", "ZR-4", "TP-8")),
    "storno-with-tax": (_of(line(), line(1_160, vat=VAT), storno(line(1_160, vat=VAT))), ("ZR-8",)),
    "item-discount": (_of(line(), modifier(DISCOUNT, 1_500)), ("ZR-5", "TP-8", "ZR-7")),
    "item-markup": (_of(line(), modifier(MARKUP, 1_500)), ("ZR-6", "ZR-7")),
    "storno-discount": (
        _of(line(), modifier(DISCOUNT, 1_500), modifier(STORNO_DISCOUNT, 500)),
        ("ZR-5", "ZR-7"),
    ),
    "storno-markup": (
        _of(line(), modifier(MARKUP, 1_500), modifier(STORNO_MARKUP, 500)),
        ("ZR-6", "ZR-7"),
    ),
    "ticket-discount": (_of(line(), discount=whole(DISCOUNT, 700)), ("ZR-5", "ZR-10")),
    "ticket-markup": (_of(line(), markup=whole(MARKUP, 700)), ("ZR-6", "ZR-10")),
    "both-discounts": (
        _of(line(), modifier(DISCOUNT, 100), _OTHER, discount=whole(DISCOUNT, 700)),
        ("ZR-5", "ZR-10", "TP-8"),
    ),
    "vat-on-lines": (_of(line(vat=VAT), line(33_333, vat=12_000), line(500, vat=16_000)), ("ZR-8",)),
    "vat-on-the-ticket": (_of(line(), _OTHER, taxes=(goods.tax(LOAF + 30_000),)), ("ZR-8",)),
    "zero-rate": (_of(line(taxes=(ZERO_RATE,))), ("ZR-8",)),
    "vat-on-a-discount": (_of(line(vat=VAT), _TAXED_DISCOUNT), ("ZR-8",)),
    "vat-on-a-markup": (_of(line(vat=VAT), _TAXED_MARKUP), ("ZR-8",)),
    "vat-of-a-return": (_of(line(vat=VAT), operation=SELL_RETURN), ("ZR-8",)),
    "offline": (_of(line(), offline_number=1_770_000_123), ("ZR-10",)),
    "many-lines": (_of(*(line(100 + each, name=f"TEST {each}") for each in range(120))), ("ZR-3", "ZR-4")),
}


@family(
    "kz.operator.sale.{key}",
    rows=TICKETS,
    target=KIND,
    clauses=lambda row: [f"KZ-{clause}" for clause in row[1]],
    requirements=PRT,
    description="After a deposit and a sale a ticket comes: {key}. Then X is asked for and the shift closed.",
    expectation="Every figure of X and Z is the judge's sum over the three documents.",
)
def counted(ctx: Context, row: tuple[Make, tuple[str, ...]]) -> None:
    """One ticket of its kind among others."""
    device = ctx.ofd.device()
    device.accept(device.deposit(FLOAT))
    device.sell(line(777, section="9"))
    device.accept(row[0](device))
    device.compare()
    device.close_shift()
    device.compare("X of the shift to come")


@family(
    "kz.operator.sale.version.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-S-9.1", "KZ-PA-5", "KZ-ZR-10"],
    requirements=PRT,
    description="A register of version {key} makes all four operations with modifiers and taxes.",
    expectation="X and Z are those of the books, as far as the version has fields for them.",
)
def every_version(ctx: Context, version: int) -> None:
    """1.2.4 has the fields 1 to 15 only."""
    device = ctx.ofd.device(version)
    device.accept(device.deposit(FLOAT))
    for operation in (SELL, SELL_RETURN, BUY, BUY_RETURN):
        device.sell(line(vat=VAT), modifier(DISCOUNT, 300), _OTHER, operation=operation)
        device.sell(line(55_555), markup=whole(MARKUP, 45), operation=operation, payments=paid(card=55_600))
    device.compare()
    device.close_shift(withdraw=True)


@family(
    "kz.operator.sale.payment-124.{key}",
    rows={"credit": "credit", "tare": "tare"},
    target=KIND,
    clauses=["KZ-S-10.2"],
    requirements=PRT,
    description="A 1.2.4 register takes {key} as payment.",
    expectation="It is counted under its own type.",
)
def old_payments(ctx: Context, name: str) -> None:
    """Two payment types that later texts dropped."""
    device = ctx.ofd.device(124)
    device.sell(line(), payments=paid(**{name: LOAF}))
    device.compare()


@family(
    "kz.operator.sale.unit.{key}",
    rows={each: each for each in ("796", "166", "112", "5111", "116", "006", "9999")},
    target=KIND,
    clauses=["KZ-S-14.1"],
    level="stand-in",
    requirements=PRT,
    description="A line has measure_unit_code {key}.",
    expectation="It is accepted: units are not checked against a list.",
)
def unit(ctx: Context, code: str) -> None:
    """116 is one client's slip."""
    device = ctx.ofd.device()
    device.sell(line(measure_unit=code))
    device.compare()


@family(
    "kz.operator.sale.tax.{key}",
    rows={str(percent): percent for percent in (16_000, 12_000, 10_000, 5_000, 0)},
    target=KIND,
    clauses=["KZ-S-14.2", "KZ-RG-06", "KZ-TI-T21"],
    requirements=PRT,
    description="Lines of many sums contain a tax of {key} thousandths of a per cent, rounded half up.",
    expectation="Accepted, no tax is found wrong, and turnover and tax are the judge's sums.",
)
def tax(ctx: Context, percent: int) -> None:
    """Rounded once for every entry."""
    device = ctx.ofd.device()
    for total in (1, 7, 99, 101, 33_333, 116, 58, 1_000_003):
        device.sell(line(total, vat=percent), line(total * 3, vat=percent))
    if ctx.can("control"):
        ctx.check([], found(ctx, device), "findings against the register", clause="KZ-S-14.2")
    device.compare()


# --- money --------------------------------------------------------------------------------------------------


@family(
    "kz.operator.money.{key}",
    rows={"deposit": (100_000, 0), "one-tiyn": (1, 1), "part": (5_000_050, 49), "all": (777_777, 777_777)},
    target=KIND,
    clauses=["KZ-CM-6", "KZ-ZR-11", "KZ-ZR-13", "KZ-TI-M02"],
    requirements=PRT,
    description="Money is put into the drawer and taken out: {key}.",
    expectation="Counts, sums and the drawer are those of the books.",
)
def money(ctx: Context, row: tuple[int, int]) -> None:
    """Taking out all that is there is allowed."""
    put, taken = row
    device = ctx.ofd.device()
    device.accept(device.deposit(put), clause="KZ-CM-6")
    if taken:
        device.accept(device.withdrawal(taken), clause="KZ-CM-6")
    device.compare()
    device.close_shift()


def _withdrawal(total: int) -> Callable[[Device], Any]:
    return lambda device: device.withdrawal(total)


def _buying(total: int) -> Callable[[Device], Any]:
    return lambda device: device.ticket(line(total), operation=BUY)


def _giving_back(total: int) -> Callable[[Device], Any]:
    return lambda device: device.ticket(line(total), operation=SELL_RETURN)


CASH: dict[str, Callable[[int], Callable[[Device], Any]]] = {
    "withdrawal": _withdrawal,
    "buy": _buying,
    "sell-return": _giving_back,
}


@family(
    "kz.operator.cash.{key}",
    rows=CASH,
    target=KIND,
    clauses=["KZ-S-10.5", "KZ-RC-14"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="The drawer holds 5000.00, and a tiyn more is to leave it, then just that: {key}.",
    expectation="Code 14 and nothing counted; then it is accepted and the drawer is empty.",
)
def drawer(ctx: Context, make: Callable[[int], Callable[[Device], Any]]) -> None:
    """Equal is allowed."""
    device = ctx.ofd.device()
    device.accept(device.deposit(500_000))
    refused_without_a_trace(ctx, device, 14, make(500_001)(device), clause="KZ-S-10.5")
    device.accept(make(500_000)(device), clause="KZ-S-10.5")
    refused_without_a_trace(ctx, device, 14, make(1)(device), clause="KZ-S-10.5")
    device.compare()


@case(
    "kz.operator.cash.card-is-not-cash",
    target=KIND,
    clauses=["KZ-S-10.5"],
    requirements=("KZ-PRT-02",),
    description="With an empty drawer goods are bought and given back by card, or by cash just received.",
    expectation="Accepted: only the cash of a document counts.",
)
def by_card(ctx: Context) -> None:
    """What a card pays does not leave the drawer."""
    device = ctx.ofd.device()
    device.sell(line(), operation=BUY, payments=paid(card=LOAF))
    device.sell(line(), operation=SELL_RETURN, payments=paid(card=LOAF))
    device.sell(line(1_000), operation=BUY_RETURN)
    device.sell(line(), operation=SELL_RETURN, payments=paid(cash=1_000, card=LOAF - 1_000))
    device.compare()


def _money_without(name: str) -> Callable[[Device], Any]:
    def make(device: Device) -> Any:
        message = device.request(device.deposit(100))
        message.money_placement.ClearField(name)
        return message

    return make


def _money_of(change: Callable[[Any], None]) -> Callable[[Device], Any]:
    def make(device: Device) -> Any:
        message = device.request(device.deposit(100))
        change(message.money_placement)
        return message

    return make


def _month_13(message: Any) -> None:
    message.datetime.date.month = 13


def _coins_100(message: Any) -> None:
    message.sum.coins = 100


MONEY: dict[str, tuple[str, Callable[[Device], Any]]] = {
    "time": ("M01", _money_without("datetime")),
    "operation": ("M01", _money_without("operation")),
    "sum": ("M01", _money_without("sum")),
    "zero": ("M02", lambda device: device.deposit(0)),
    "month-13": ("T08", _money_of(_month_13)),
    "coins-100": ("T10", _money_of(_coins_100)),
}


@family(
    "kz.operator.money.refused.{key}",
    rows=MONEY,
    target=KIND,
    clauses=lambda row: [f"KZ-TI-{row[0]}", "KZ-RC-13"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    description="A deposit has one fault: {key}.",
    expectation="Code 13, and nothing counted.",
)
def money_refused(ctx: Context, row: tuple[str, Callable[[Device], Any]]) -> None:
    """Money has the same calendar and the same coins as tickets."""
    device = ctx.ofd.device()
    refused_without_a_trace(ctx, device, 13, row[1](device), clause=f"KZ-TI-{row[0]}", coded="KZ-S-5.1")
    device.accept(device.deposit(1), clause="KZ-TI-M02")
    device.compare()


@case(
    "kz.operator.money.beyond-range",
    target=KIND,
    clauses=["KZ-RG-04", "KZ-RC-13"],
    requirements=("KZ-PRT-02", "KZ-PRT-04"),
    needs=("control",),
    description="The largest sum that Money holds is put into the drawer, then a tiyn more.",
    expectation="The second gets 13 and is not counted; the shift can still be reported and closed.",
)
def money_beyond_range(ctx: Context) -> None:
    """No report could hold the sum."""
    device = ctx.ofd.device()
    device.accept(device.deposit(MAX_TIYN), clause="KZ-RG-04")
    refused_without_a_trace(ctx, device, 13, device.deposit(1), clause="KZ-RG-04", coded="KZ-S-5.1")
    device.compare()
    device.close_shift()
