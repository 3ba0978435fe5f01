"""What a register costs, money that comes in, and what a debt does (KZ-TRF-04, kz-ofd §15.6)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
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
from conformance.suites.kz.portal.tariffs import NOON, ONE_DAY, charges, days, first_of_next, price

ACCOUNT = ("KZ-TRF-04",)
BORROWER = "990240000040"
"""Number of an organisation that begins with less money."""


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
