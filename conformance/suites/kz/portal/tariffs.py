"""Tariffs: choosing, switching off for a time and for good, charges to the tiyn, debt (§15.6 PT-6…PT-15)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, time, timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal_owner import DAILY, MONTHLY, Owner
from conformance.suites.kz.portal.steps import (
    ALL,
    CLOCK,
    CONTROL,
    KIND,
    WIRE,
    sold,
    stands,
    working,
    wrong,
)
from reference.protocol.kz.dialects import Command

CHOSEN, RESTING, OFF, ACCOUNT = ("KZ-TRF-01",), ("KZ-TRF-02",), ("KZ-TRF-03",), ("KZ-TRF-04",)
ONE_DAY = timedelta(days=1)
NOON = time(12)


def first_of_next(day: date) -> date:
    """The first of the month behind a day."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def price(ctx: Context, tariff: int) -> int:
    """What a tariff costs a day or a month, tiyn, as the portal lists it."""
    return next(int(row["price"]) for row in ctx.portal.anybody.get("/tariffs") if row["id"] == tariff)


def charges(owner: Owner, card: int) -> dict[str, int]:
    """What a register was charged, by day."""
    found: dict[str, int] = {}
    for line in owner.get("/account/statement"):
        if line["card"] == card:
            found[line["day"]] = found.get(line["day"], 0) - line["amount"]
    return found


def days(first: date, last: date) -> list[str]:
    """Days of a span, both included, as the statement writes them."""
    return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]


# --- choosing


@case(
    "kz.portal.tariff.chosen",
    target=KIND,
    clauses=["PT-06", "S-15.5"],
    requirements=CHOSEN,
    needs=CONTROL,
    description="A tariff is chosen from the list and its application signed.",
    expectation="«Тариф успешно выбран», the register is «Зарегистрирована» and offers its menu.",
)
def chosen(ctx: Context) -> None:
    """There are a monthly and a daily one, in whole tenge."""
    rows = ctx.portal.anybody.get("/tariffs")
    ctx.check({"month", "day"}, {row["period"] for row in rows}, "periods", clause="S-15.6")
    ctx.check(
        [0] * len(rows), [row["price"] % 100 for row in rows], "tiyn beside whole tenge", clause="S-15.6"
    )
    owner = ctx.portal.owner
    card = owner.registered()
    done = owner.do(card, "choose-tariff", tariff=MONTHLY)
    ctx.check(("READY", "Тариф успешно выбран"), (done["state"], done["message"]["ru"]), "state and message")
    seen = owner.card(card)
    ctx.check(("Зарегистрирована", MONTHLY), (seen["label"]["ru"], seen["tariff"]), "label and tariff")
    ctx.check({"suspend", "drop-tariff", "token", "reregister"}, set(seen["acts"]), "acts", clause="S-15.5")


@family(
    "kz.portal.tariff.unknown.{key}",
    rows={"99": 99, "none": None},
    target=KIND,
    clauses=["PT-06"],
    requirements=CHOSEN,
    needs=CONTROL,
    description="A tariff that is not in the list is chosen ({key}).",
    expectation="The field is named, and the register has none.",
)
def unlisted(ctx: Context, tariff: int | None) -> None:
    """Neither the application nor the act."""
    owner = ctx.portal.owner
    card = owner.registered()
    wish: dict[str, Any] = {} if tariff is None else {"tariff": tariff}
    wrong(ctx, owner.ask(card, "choose-tariff", **wish), "tariff")
    wrong(ctx, owner.sign(card, "choose-tariff", "text", **wish), "tariff")
    stands(ctx, owner, card, "REG_NO_TARIFF")


@case(
    "kz.portal.tariff.first-document",
    target=KIND,
    clauses=["PT-07", "S-15.5"],
    requirements=CHOSEN,
    needs=WIRE,
    description="A register with a tariff and token sells for the first time.",
    expectation="It was «Зарегистрирована» and is «Активная» now.",
)
def first_document(ctx: Context) -> None:
    """Asking for INFO alone does not make it active."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    device.accept(int(Command.INFO))
    ctx.portal.keep_up()
    stands(ctx, owner, card, "READY")
    sold(ctx, device)
    seen = stands(ctx, owner, card, "ACTIVE")
    ctx.check("Активная", seen["label"]["ru"], "label", clause="S-15.5")


@case(
    "kz.portal.tariff.two-tabs",
    target=KIND,
    clauses=["PT-06", "S-15.6"],
    requirements=CHOSEN,
    needs=CONTROL,
    description="Two tabs choose two tariffs at the same moment.",
    expectation="One of them is chosen, the other tab is refused.",
)
def two_tabs(ctx: Context) -> None:
    """The register has one tariff."""
    owner = ctx.portal.owner
    card = owner.registered()
    texts = {
        each: owner.ask(card, "choose-tariff", tariff=each).demand()["text"] for each in (MONTHLY, DAILY)
    }
    told = ctx.portal.at_once(
        *[lambda each=each: owner.sign(card, "choose-tariff", texts[each], tariff=each) for each in texts]
    )
    ctx.check([200, 409], sorted(each.status for each in told), "statuses")
    winner = (MONTHLY, DAILY)[[each.status for each in told].index(200)]
    ctx.check(winner, owner.card(card)["tariff"], "tariff")


# --- off for a time


@family(
    "kz.portal.suspend.{key}",
    rows={"mid-month": 15, "last-day": 0, "first-day": 1},
    target=KIND,
    clauses=["PT-08", "S-15.5"],
    requirements=RESTING,
    needs=ALL,
    description="«Временно выключить» is signed at noon of the month's day ({key}).",
    expectation="The register works on until the month's last second and rests from the 1st at 00:00.",
)
def suspended(ctx: Context, day: int) -> None:
    """«Временно выключена 01.10.2019»."""
    ctx.clock.stand()
    month = first_of_next(ctx.portal.today)
    asked = month.replace(day=day or monthrange(month.year, month.month)[1])
    ctx.portal.pass_until(asked, NOON)
    card, _ = working(ctx)
    owner = ctx.portal.owner
    owner.do(card, "suspend")
    stands(ctx, owner, card, "READY")
    rests = first_of_next(asked)
    ctx.check(rests.isoformat(), owner.card(card)["suspend_on"], "day that was promised")
    ctx.portal.pass_until(rests - ONE_DAY, time(23, 59, 59))
    stands(ctx, owner, card, "READY")
    ctx.portal.pass_time(seconds=1)
    seen = stands(ctx, owner, card, "SUSPENDED")
    label = ("Временно выключена", f"{rests:%d.%m.%Y}")
    ctx.check(label, (seen["label"]["ru"], seen["since"][:10]), "label and date", clause="S-15.5")


@case(
    "kz.portal.suspend.document-before",
    target=KIND,
    clauses=["PT-08", "S-15.6"],
    requirements=RESTING,
    needs=ALL,
    description="A register sells after its suspension was signed, and before the 1st.",
    expectation="It rests from the 1st all the same.",
)
def document_before(ctx: Context) -> None:
    """Selling in the meantime takes nothing back."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    owner.do(card, "suspend")
    sold(ctx, device)
    stands(ctx, owner, card, "ACTIVE")
    ctx.portal.pass_until(first_of_next(ctx.portal.today))
    stands(ctx, owner, card, "SUSPENDED")


@case(
    "kz.portal.suspend.over-new-year",
    target=KIND,
    clauses=["PT-08"],
    requirements=RESTING,
    needs=CLOCK,
    description="A suspension is signed in December.",
    expectation="It takes effect on 1 January.",
)
def new_year(ctx: Context) -> None:
    """The month behind December is January."""
    today = ctx.portal.today
    if today.month != 12:
        ctx.portal.pass_until(date(today.year, 12, 1), NOON)
    owner = ctx.portal.owner
    card = owner.ready()
    owner.do(card, "suspend")
    rests = date(ctx.portal.today.year + 1, 1, 1)
    ctx.check(rests.isoformat(), owner.card(card)["suspend_on"], "day that was promised")
    ctx.portal.pass_until(rests)
    stands(ctx, owner, card, "SUSPENDED")


@case(
    "kz.portal.suspend.wakes",
    target=KIND,
    clauses=["PT-09", "S-15.6"],
    requirements=RESTING,
    needs=ALL,
    description="A register rests for three days of a month and then sells.",
    expectation="It is served and active; the days of rest cost nothing, the day of the sale and those after "
    "it do.",
)
def wakes(ctx: Context) -> None:
    """Charging resumes by itself with the first fiscal transaction."""
    card, device = working(ctx, tariff=DAILY)
    owner = ctx.portal.owner
    owner.do(card, "suspend")
    rests = first_of_next(ctx.portal.today)
    ctx.portal.pass_until(rests + 3 * ONE_DAY, NOON)
    stands(ctx, owner, card, "SUSPENDED")
    sold(ctx, device)
    stands(ctx, owner, card, "ACTIVE")
    last = rests + 5 * ONE_DAY
    ctx.portal.pass_until(last, NOON)
    cost = price(ctx, DAILY)
    seen = {day: paid for day, paid in charges(owner, card).items() if day >= rests.isoformat()}
    ctx.check(dict.fromkeys(days(rests + 3 * ONE_DAY, last), cost), seen, "charges", clause="PT-09")


@case(
    "kz.portal.suspend.costs-nothing",
    target=KIND,
    clauses=["PT-08", "S-15.6"],
    requirements=[*RESTING, *ACCOUNT],
    needs=CLOCK,
    description="A register with the monthly tariff rests for two months.",
    expectation="It is charged for the month that it began in, and for none of the two.",
)
def costs_nothing(ctx: Context) -> None:
    """Paying for rest is what the switch is there against."""
    owner = ctx.portal.owner
    card = owner.ready(tariff=MONTHLY)
    owner.do(card, "suspend")
    ctx.portal.keep_up()  # the month that it began in is charged
    before = owner.balance()
    ctx.portal.pass_until(first_of_next(ctx.portal.today))
    stands(ctx, owner, card, "SUSPENDED")
    ctx.portal.pass_until(first_of_next(first_of_next(ctx.portal.today)), NOON)
    ctx.check(before, owner.balance(), "balance")


# --- off for good


@case(
    "kz.portal.tariff.dropped",
    target=KIND,
    clauses=["PT-10", "S-15.5"],
    requirements=OFF,
    needs=ALL,
    description="«Отключить тариф» is signed while the register works; later another tariff is chosen.",
    expectation="At once the wire says 15 (19 to a device of 2.0.4) and nothing is charged; the new tariff "
    "opens the wire again, with the same number and token.",
)
def dropped(ctx: Context) -> None:
    """A choice of tariff or the end: both are offered."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    rnm = owner.card(card)["rnm"]
    sold(ctx, device)
    owner.do(card, "drop-tariff")
    seen = stands(ctx, owner, card, "REG_NO_TARIFF")
    ctx.check({"choose-tariff", "sign-deregistration"}, set(seen["acts"]), "acts", clause="S-15.5")
    device.refuse(15, device.ticket(), clause="S-15.5")
    device.version = 204
    device.refuse(19, device.ticket(), clause="S-15.5")
    device.version = 203
    before = owner.balance()
    ctx.portal.pass_time(days=3)
    ctx.check(before, owner.balance(), "balance", clause="S-15.6")
    owner.do(card, "choose-tariff", tariff=MONTHLY)
    ctx.check(rnm, owner.card(card)["rnm"], "registration number", clause="S-15.6")
    device.close_shift()


@case(
    "kz.portal.tariff.dropped-at-rest",
    target=KIND,
    clauses=["PT-10"],
    requirements=OFF,
    needs=CLOCK,
    description="The tariff of a register at rest is switched off, and of one that is to rest soon.",
    expectation="The register has no tariff, and the 1st of the month changes nothing.",
)
def dropped_at_rest(ctx: Context) -> None:
    """What was promised goes with the tariff."""
    owner = ctx.portal.owner
    place = owner.outlet()
    resting, promised = owner.ready(outlet=place), owner.ready(outlet=place)
    owner.do(resting, "suspend")
    ctx.portal.pass_until(first_of_next(ctx.portal.today))
    owner.do(promised, "suspend")
    for card in (resting, promised):
        owner.do(card, "drop-tariff")
    ctx.portal.pass_until(first_of_next(ctx.portal.today))
    for card in (resting, promised):
        stands(ctx, owner, card, "REG_NO_TARIFF")
