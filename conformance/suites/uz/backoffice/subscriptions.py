"""Subscriptions by the lab clock: plans, periods, the saved card, renewal (BX-SUB)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import PLAN
from conformance.suites.uz.backoffice.steps import CLOCK, CONTROL, KIND, refused, wrong
from reference.protocol.uz.values import from_tashkent, to_tashkent

SUB1, SUB2 = ("BX-SUB-01",), ("BX-SUB-02",)
TRIAL_DAYS = 14
CARD = {"brand": "Visa", "last": "4242", "expiry": "12/29"}


def months_on(moment: datetime, count: int) -> datetime:
    """The same day and time of Tashkent so many months on, or the last day of that month."""
    local = to_tashkent(moment)
    number = local.year * 12 + local.month - 1 + count
    year, month = number // 12, number % 12 + 1
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    last = (following - timedelta(days=1)).day
    return from_tashkent(local.replace(year=year, month=month, day=min(local.day, last)))


def ends(ctx: Context, seen: Any, wanted: datetime, *, within: int = 1, clause: str = "BX-S-14") -> None:
    """A subscription ends at a moment, or so many seconds from it."""
    shown = datetime.fromisoformat(seen["until"])
    apart = abs((shown - wanted).total_seconds())
    ctx.check_that(
        apart < within, wanted.isoformat(), seen["until"], "end of the subscription", clause=clause
    )


@case(
    "uz.backoffice.subscription.trial",
    target=KIND,
    clauses=["BX-G-9.1"],
    requirements=SUB1,
    needs=CLOCK,
    description="A new owner's subscription from the first to the last second.",
    expectation="Fourteen days, counted down; then «Muddati o'tgan» with none left.",
)
def trial(ctx: Context) -> None:
    """A day that has begun counts."""
    owner = ctx.backoffice.enrol()
    begun = ctx.backoffice.now()
    seen = owner.subscription()
    ends(ctx, seen, begun + timedelta(days=TRIAL_DAYS), clause="BX-G-9.1")
    ctx.check(
        ("trial", TRIAL_DAYS, "active", False, ""),
        (seen["plan"]["key"], seen["days_left"], seen["state"], seen["renews"], seen["card"]),
        "subscription",
    )
    ctx.backoffice.pass_time(days=1)
    ctx.check(TRIAL_DAYS - 1, owner.subscription()["days_left"], "days left after one")
    ctx.backoffice.pass_time(days=6)
    owner.get("/me")
    ctx.backoffice.pass_time(days=6)
    owner.get("/me")
    ctx.backoffice.pass_time(hours=23)
    seen = owner.subscription()
    ctx.check((1, "active"), (seen["days_left"], seen["state"]), "days left and state an hour before the end")
    ctx.backoffice.pass_time(hours=1, seconds=1)
    seen = owner.subscription()
    ctx.check((0, "expired"), (seen["days_left"], seen["state"]), "days left and state after the end")


@case(
    "uz.backoffice.subscription.plans",
    target=KIND,
    clauses=["BX-G-9.4"],
    requirements=[*SUB1, *SUB2],
    needs=CONTROL,
    description="The plans that there are to choose from.",
    expectation="Each has a name, prices of a month and a year, limits of branches and terminals, features.",
)
def plans(ctx: Context) -> None:
    """The invoice asks for what the card of the plan says."""
    owner = ctx.backoffice.owner
    offered = owner.get("/subscription")["plans"]
    ctx.check_that(len(offered) >= 1, "a plan", len(offered), "plans")
    for plan in offered:
        whole = plan["name"] and plan["features"] and plan["branches"] > 0 and plan["terminals"] > 0
        ctx.check_that(bool(whole), "name, features, limits", plan, "plan")
        for months, price in ((1, plan["month"]), (12, plan["year"])):
            invoice = owner.choose(plan["key"], months)
            ctx.check((price, "waiting"), (invoice["amount"], invoice["state"]), "price and state")


CHOICES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "plan": ({"plan": "gold"}, "plan"),
    "trial": ({"plan": "trial"}, "plan"),
    "months": ({"months": 2}, "months"),
    "months-text": ({"months": "1"}, "months"),
    "provider": ({"provider": "atmos"}, "provider"),
    "own-price": ({"amount": 1}, "amount"),
}


@family(
    "uz.backoffice.subscription.choice-wrong.{key}",
    rows=CHOICES,
    target=KIND,
    clauses=["BX-G-9.4", "BX-S-9"],
    requirements=SUB2,
    needs=CONTROL,
    description="A plan is chosen with one wrong field ({key}).",
    expectation="The field is named, and the invoice that waits still does.",
)
def choice_wrong(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """Nobody names his own price."""
    owner = ctx.backoffice.owner
    invoice = owner.choose()
    body = {"plan": PLAN, "months": 1, "provider": "payme"} | row[0]
    wrong(ctx, owner.send("POST", "/subscription", body), row[1])
    ctx.check("waiting", owner.get(f"/invoices/{invoice['id']}")["state"], "state of the invoice")


@family(
    "uz.backoffice.subscription.goes-on.{key}",
    rows={"month": (PLAN, 1), "year": (PLAN, 12), "another-plan": ("network", 1)},
    target=KIND,
    clauses=["BX-S-14", "BX-G-9.4"],
    requirements=SUB2,
    needs=CONTROL,
    description="While a plan runs a further period is paid ({key}).",
    expectation="The same plan goes on from its end, another one begins now.",
)
def goes_on(ctx: Context, row: tuple[str, int]) -> None:
    """Months are those of the calendar."""
    plan, months = row
    owner = ctx.backoffice.owner
    before = datetime.fromisoformat(owner.subscription()["until"])
    seen = owner.subscribe(plan, months)
    begin = before if plan == PLAN else ctx.backoffice.now()
    ends(ctx, seen, months_on(begin, months))
    ctx.check((plan, "active"), (seen["plan"]["key"], seen["state"]), "plan and state")


@case(
    "uz.backoffice.subscription.after-the-end",
    target=KIND,
    clauses=["BX-S-14", "BX-G-9.1"],
    requirements=[*SUB1, *SUB2],
    needs=CLOCK,
    description="A subscription runs out; ten days later it is paid.",
    expectation="It begins at the payment: days without it are not charged.",
)
def after_end(ctx: Context) -> None:
    """The pages stay open to whoever has to pay."""
    owner = ctx.backoffice.owner
    ctx.backoffice.pass_time(days=6)
    owner.get("/me")
    end = datetime.fromisoformat(owner.subscription()["until"])
    ctx.backoffice.pass_until(end + timedelta(days=10))
    back = ctx.backoffice.visitor(ctx.backoffice.log_in(owner.phone), owner.phone)
    ctx.check("expired", back.subscription()["state"], "state")
    seen = back.subscribe()
    ends(ctx, seen, months_on(ctx.backoffice.now(), 1))
    ctx.check("active", seen["state"], "state")


@case(
    "uz.backoffice.subscription.stopped",
    target=KIND,
    clauses=["BX-G-9.1"],
    requirements=SUB1,
    needs=CONTROL,
    description="An administrator stops a subscription, and lifts that.",
    expectation="«To'xtatilgan»: nothing can be chosen; then it is what it was.",
)
def stopped(ctx: Context) -> None:
    """Whatever is paid for."""
    owner = ctx.backoffice.owner
    before = owner.subscription()
    number = int(owner.get("/me")["owner"])
    ctx.backoffice.do("stop-subscription", owner=number, stopped=True)
    ctx.check("stopped", owner.subscription()["state"], "state")
    body = {"plan": PLAN, "months": 1, "provider": "payme"}
    refused(ctx, owner.send("POST", "/subscription", body), "stopped")
    ctx.check("active", ctx.backoffice.other.subscription()["state"], "state of the other owner")
    ctx.backoffice.do("stop-subscription", owner=number, stopped=False)
    ctx.check(before, owner.subscription(), "subscription")


@case(
    "uz.backoffice.card.saved",
    target=KIND,
    clauses=["BX-G-9.3", "BX-G-9.2"],
    requirements=SUB1,
    needs=CONTROL,
    description="Renewal is asked for without a card and with one; the card is forgotten.",
    expectation="Refused, then on; brand, last four and expiry are shown; renewal ends with the card.",
)
def card(ctx: Context) -> None:
    """A card is never more than its last four digits."""
    owner = ctx.backoffice.owner
    refused(ctx, owner.send("PUT", "/subscription/renewal", {"renews": True}), "card")
    ctx.check(False, owner.subscription()["renews"], "whether it renews")
    owner.put("/subscription/card", CARD)
    owner.put("/subscription/renewal", {"renews": True})
    seen = owner.subscription()
    parts = [each in seen["card"] for each in CARD.values()]
    ctx.check((True, [True] * 3), (seen["renews"], parts), "renewal, parts of the card")
    owner.delete("/subscription/card")
    seen = owner.subscription()
    ctx.check((False, ""), (seen["renews"], seen["card"]), "renewal and card")


@family(
    "uz.backoffice.card.wrong.{key}",
    rows={
        "brand": ({"brand": "Maestro"}, "brand"),
        "whole-number": ({"last": "4242424242424242"}, "last"),
        "letters": ({"last": "42a2"}, "last"),
        "month-13": ({"expiry": "13/29"}, "expiry"),
        "expiry-word": ({"expiry": "soon"}, "expiry"),
        "with-number": ({"number": "4242424242424242"}, "number"),
    },
    target=KIND,
    clauses=["BX-G-9.3", "BX-S-9"],
    requirements=SUB1,
    needs=CONTROL,
    description="A card is saved with one wrong field ({key}).",
    expectation="The field is named, and there is no card.",
)
def card_wrong(ctx: Context, row: tuple[dict[str, str], str]) -> None:
    """A whole card number never gets in."""
    owner = ctx.backoffice.owner
    wrong(ctx, owner.send("PUT", "/subscription/card", CARD | row[0]), row[1])
    ctx.check("", owner.subscription()["card"], "card")


@family(
    "uz.backoffice.renewal.{key}",
    rows={"on": (True, False), "off": (False, False), "card-forgotten": (True, True)},
    target=KIND,
    clauses=["BX-G-9.2"],
    requirements=SUB1,
    needs=CLOCK,
    description="A subscription reaches its end ({key}).",
    expectation="With a card and renewal it goes on for a month from its end; else it is over.",
)
def renewal(ctx: Context, row: tuple[bool, bool]) -> None:
    """By the lab clock, not a second early."""
    ctx.clock.stand()
    renews, forgotten = row
    owner = ctx.backoffice.owner
    owner.put("/subscription/card", CARD)
    owner.put("/subscription/renewal", {"renews": renews})
    if forgotten:
        owner.delete("/subscription/card")
    end = datetime.fromisoformat(owner.subscription()["until"])
    while ctx.backoffice.now() + timedelta(days=6) < end:
        ctx.backoffice.pass_time(days=6)
        owner.get("/me")
    ctx.backoffice.pass_until(end - timedelta(seconds=2))
    ends(ctx, owner.subscription(), end, clause="BX-G-9.2")
    ctx.backoffice.pass_time(seconds=3)
    seen = owner.subscription()
    goes = renews and not forgotten
    # The clock has jumped over the end: the month may begin where it landed.
    ends(ctx, seen, months_on(end, 1) if goes else end, within=5, clause="BX-G-9.2")
    ctx.check("active" if goes else "expired", seen["state"], "state")


@case(
    "uz.backoffice.renewal.stopped",
    target=KIND,
    clauses=["BX-G-9.2", "BX-G-9.1"],
    requirements=SUB1,
    needs=CLOCK,
    description="A stopped subscription with a card and renewal reaches its end.",
    expectation="It is not renewed.",
)
def renewal_stopped(ctx: Context) -> None:
    """Nobody pays for what he does not get."""
    owner = ctx.backoffice.owner
    owner.put("/subscription/card", CARD)
    owner.put("/subscription/renewal", {"renews": True})
    seen = owner.subscription()
    ctx.backoffice.do("stop-subscription", owner=int(owner.get("/me")["owner"]), stopped=True)
    end = datetime.fromisoformat(seen["until"])
    ctx.backoffice.pass_until(end + timedelta(seconds=1))
    back = ctx.backoffice.visitor(ctx.backoffice.log_in(owner.phone), owner.phone)
    ends(ctx, back.subscription(), end, clause="BX-G-9.2")
