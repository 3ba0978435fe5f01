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
    refused,
    sold,
    stands,
    working,
    wrong,
)
from reference.protocol.kz.dialects import Command

CHOSEN, RESTING, OFF, ACCOUNT = ("KZ-TRF-01",), ("KZ-TRF-02",), ("KZ-TRF-03",), ("KZ-TRF-04",)
BORROWER = "990240000040"
"""Number of an organisation that begins with less money."""
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


# --- charges


@case(
    "kz.portal.account.daily",
    target=KIND,
    clauses=["S-15.6"],
    requirements=ACCOUNT,
    needs=CLOCK,
    description="A register has the daily tariff for five days.",
    expectation="Each day costs its price once, the first one too, and the balance is less by just that.",
)
def daily(ctx: Context) -> None:
    """To the tiyn."""
    owner = ctx.portal.owner
    before, first = owner.balance(), ctx.portal.today
    card = owner.ready(tariff=DAILY)
    last = first + 4 * ONE_DAY
    ctx.portal.pass_until(last, NOON)
    cost = price(ctx, DAILY)
    ctx.check(dict.fromkeys(days(first, last), cost), charges(owner, card), "charges")
    ctx.check(before - 5 * cost, owner.balance(), "balance")


@case(
    "kz.portal.account.monthly",
    target=KIND,
    clauses=["S-15.6"],
    requirements=ACCOUNT,
    needs=CLOCK,
    description="The monthly tariff is chosen in the middle of a month, and the next month begins.",
    expectation="The first month costs the days that are left of it, the next its whole price on the 1st.",
)
def monthly(ctx: Context) -> None:
    """Rounded to whole tenge, never more than the price."""
    begin = first_of_next(ctx.portal.today) + 10 * ONE_DAY
    ctx.portal.pass_until(begin, NOON)
    owner = ctx.portal.owner
    card = owner.ready(tariff=MONTHLY)
    following = first_of_next(begin)
    ctx.portal.pass_until(following + ONE_DAY, NOON)
    cost = price(ctx, MONTHLY)
    count = monthrange(begin.year, begin.month)[1]
    part = cost * (count - begin.day + 1) / count
    seen = charges(owner, card)
    ctx.check({begin.isoformat(), following.isoformat()}, set(seen), "days of charges")
    ctx.check(cost, seen[following.isoformat()], "charge of the next month")
    first = seen[begin.isoformat()]
    ctx.check_that(abs(first - part) <= 100, f"{part:.2f} to a tenge", first, "charge of the first month")


@case(
    "kz.portal.account.long-absence",
    target=KIND,
    clauses=["S-15.6"],
    requirements=ACCOUNT,
    needs=CLOCK,
    description="Nobody looks at the portal for 40 days.",
    expectation="The statement has one line a day, none missing, none twice, each balance following the one "
    "before.",
)
def long_absence(ctx: Context) -> None:
    """A clock that jumps makes up for every day."""
    owner = ctx.portal.owner
    first = ctx.portal.today
    card = owner.ready(tariff=DAILY)
    ctx.portal.pass_time(days=40)
    ctx.portal.keep_up()
    ctx.check(days(first, ctx.portal.today), sorted(charges(owner, card)), "days of charges")
    lines = owner.get("/account/statement")[::-1]
    running, wanted = 0, []
    for line in lines:
        running += line["amount"]
        wanted.append(running)
    ctx.check(wanted, [line["balance"] for line in lines], "balances of the statement")
    ctx.check(running, owner.balance(), "balance")


@case(
    "kz.portal.account.period",
    target=KIND,
    clauses=["S-15.6", "PG-03"],
    requirements=ACCOUNT,
    needs=CLOCK,
    description="The statement is asked for a span of days, for one day, and for a span that ends before it "
    "begins.",
    expectation="Both ends are included, newest first; the last is empty; a day that is none is refused.",
)
def period(ctx: Context) -> None:
    """By days of the portal's zone."""
    owner = ctx.portal.owner
    first = ctx.portal.today
    owner.ready(tariff=DAILY)
    ctx.portal.pass_time(days=6)

    def asked(begin: date, end: date) -> list[str]:
        rows = owner.get("/account/statement", first=begin.isoformat(), last=end.isoformat())
        return [row["day"] for row in rows if row["card"]]

    middle = first + 2 * ONE_DAY
    ctx.check(days(middle, middle + 2 * ONE_DAY)[::-1], asked(middle, middle + 2 * ONE_DAY), "days of a span")
    ctx.check([middle.isoformat()], asked(middle, middle), "days of one day")
    ctx.check([], asked(middle, first), "days of a span backwards")
    for typed in ("yesterday", "2026-13-01", "01.10.2026"):
        wrong(ctx, owner.send("GET", "/account/statement", query={"first": typed}), "first")


# --- money in, and debt


@case(
    "kz.portal.account.top-up",
    target=KIND,
    clauses=["S-15.6"],
    requirements=ACCOUNT,
    needs=CONTROL,
    description="Money comes in; the bank says so twice, and then with another sum; another organisation "
    "names the same payment.",
    expectation="It is booked once, and whatever does not fit is refused.",
)
def top_up(ctx: Context) -> None:
    """A payment's number is used once."""
    owner, other = ctx.portal.owner, ctx.portal.other
    before = owner.balance()
    payment = f"TEST-{ctx.rng.randrange(10**9)}"
    for _ in range(2):
        told = owner.post("/account/payments", {"amount": 1500, "payment": payment})
        ctx.check(before + 150_000, told["balance"], "balance")
    both = ctx.portal.at_once(
        *[lambda: owner.send("POST", "/account/payments", {"amount": 7, "payment": f"{payment}-b"})] * 2
    )
    ctx.check([200, 200], [each.status for each in both], "statuses of a double click")
    ctx.check(before + 150_700, owner.balance(), "balance after a double click")
    refused(ctx, owner.send("POST", "/account/payments", {"amount": 1, "payment": payment}), "payment")
    refused(ctx, other.send("POST", "/account/payments", {"amount": 1500, "payment": payment}), "payment")
    ctx.check(before + 150_700, owner.balance(), "balance after what does not fit")


WRONG_SUMS: dict[str, dict[str, Any]] = {
    "zero": {"amount": 0},
    "negative": {"amount": -5},
    "too-much": {"amount": 1_000_001},
    "text": {"amount": "много"},
    "fraction": {"amount": 1.5},
    "missing": {},
}


@family(
    "kz.portal.account.wrong-sum.{key}",
    rows=WRONG_SUMS,
    target=KIND,
    clauses=["S-15.6"],
    requirements=ACCOUNT,
    needs=CONTROL,
    description="Money comes in with a sum that is none ({key}).",
    expectation="The field is named, and the balance stays.",
)
def wrong_sum(ctx: Context, change: dict[str, Any]) -> None:
    """Whole tenge, from 1 to a million."""
    owner = ctx.portal.owner
    before = owner.balance()
    wrong(ctx, owner.send("POST", "/account/payments", {"payment": "TEST-1"} | change), "amount")
    ctx.check(before, owner.balance(), "balance")


def indebted(ctx: Context, owner: Owner) -> int:
    """Let the daily tariff use up the account; days it took."""
    left = owner.balance() // price(ctx, DAILY)
    ctx.portal.pass_time(days=left + 1)
    return int(left) + 1


@case(
    "kz.portal.debt.blocks",
    target=KIND,
    clauses=["PT-14", "PT-15", "S-15.5"],
    requirements=ACCOUNT,
    needs=ALL,
    description="Charges bring the account below zero; days later money comes in, first too little.",
    expectation="The register is blocked (15 on the wire) until the balance is 0 or above, then as it was; "
    "the blocked days are not charged.",
)
def debt(ctx: Context) -> None:
    """Unpaid service is a usual reason why registers stay autonomous."""
    ctx.portal.switch(welcome_credit=100_000)
    owner = ctx.portal.enrol(ctx.portal.key(number=BORROWER), number=BORROWER)
    ctx.portal.follow(owner)
    card, device = working(ctx, owner, tariff=DAILY)
    sold(ctx, device)
    indebted(ctx, owner)
    seen = stands(ctx, owner, card, "BLOCKED_MONEY")
    ctx.check("Заблокирована", seen["label"]["ru"], "label", clause="S-15.5")
    below = owner.balance()
    ctx.check_that(below < 0, "below zero", below, "balance")
    device.refuse(15, device.ticket(), clause="S-15.5")
    ctx.portal.pass_time(days=5)
    ctx.check(below, owner.balance(), "balance after five blocked days", clause="S-15.6")
    need = -(-abs(below) // 100)
    if need > 1:
        owner.post("/account/payments", {"amount": need - 1, "payment": "TEST-debt-1"})
        stands(ctx, owner, card, "BLOCKED_MONEY", clause="PT-15")
    owner.post("/account/payments", {"amount": 2, "payment": "TEST-debt-2"})
    stands(ctx, owner, card, "ACTIVE", clause="PT-15")
    device.close_shift()


@case(
    "kz.portal.debt.of-a-resting-register",
    target=KIND,
    clauses=["PT-14", "PT-15"],
    requirements=ACCOUNT,
    needs=CLOCK,
    description="Charges of one register bring the account below zero while another rests; money comes in.",
    expectation="Both are blocked, and each comes back to the state it had.",
)
def debt_at_rest(ctx: Context) -> None:
    """«state before» is each register's own."""
    ctx.portal.switch(welcome_credit=300_000)
    owner = ctx.portal.enrol(ctx.portal.key(number=BORROWER), number=BORROWER)
    ctx.portal.follow(owner)
    place = owner.outlet()
    resting, paying = owner.ready(outlet=place), owner.ready(outlet=place)
    owner.do(resting, "suspend")
    ctx.portal.pass_until(first_of_next(ctx.portal.today), NOON)
    if owner.balance() >= 0:
        stands(ctx, owner, resting, "SUSPENDED", clause="PT-08")
        indebted(ctx, owner)
    for card in (resting, paying):
        stands(ctx, owner, card, "BLOCKED_MONEY")
    owner.post("/account/payments", {"amount": 1000, "payment": "TEST-debt-3"})
    stands(ctx, owner, resting, "SUSPENDED", clause="PT-15")
    stands(ctx, owner, paying, "READY", clause="PT-15")


@case(
    "kz.portal.block.by-the-operator",
    target=KIND,
    clauses=["PT-14", "PT-15", "S-15.5"],
    requirements=["KZ-KKM-04"],
    needs=WIRE,
    description="The operator blocks a working register by order, and lifts it.",
    expectation="15 on the wire, no act is offered, money does not lift it; then it is as before.",
)
def by_operator(ctx: Context) -> None:
    """Lifted by the operator only."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    sold(ctx, device)
    ctx.portal.order("block", card)
    seen = stands(ctx, owner, card, "BLOCKED_OFD")
    ctx.check(("Заблокирована", []), (seen["label"]["ru"], seen["acts"]), "label and acts", clause="S-15.5")
    device.refuse(15, device.ticket(), clause="S-15.5")
    owner.post("/account/payments", {"amount": 1000, "payment": "TEST-block"})
    stands(ctx, owner, card, "BLOCKED_OFD", clause="PT-15")
    ctx.portal.order("unblock", card)
    stands(ctx, owner, card, "ACTIVE", clause="PT-15")
    device.sell()
