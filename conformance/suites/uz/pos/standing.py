"""What the cashier always sees: what is unsent, since when, how long is left; and the test receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import sale
from conformance.drivers.pos_faces import RECEIPT, REGISTER
from conformance.models.uz_played import TWO_DAYS

AGES: Final = {
    "a-minute": timedelta(minutes=1),
    "a-day": timedelta(days=1),
    "almost-two-days": TWO_DAYS - timedelta(minutes=10),
}


@family(
    "uz.pos.standing.time-left-{key}",
    rows=AGES,
    target="pos",
    clauses=["PS-10", "S-4.3"],
    requirements=["UZ-OFF-06"],
    description="Two receipts are unsent, the older one since {key}.",
    expectation="Two are shown, and what is left of two days since then.",
)
def time_left(ctx: Context, age: timedelta) -> None:
    """Oldest unsent plus two days, less now."""
    pos = ctx.pos
    stand = pos.ready()
    stand.needs(RECEIPT)
    pos.sold(sale())
    pos.sold(sale())
    with stand.lock:
        stand.module.oldest = pos.now() - age
    looked = pos.look()
    ctx.check(2, looked.told("drive.unsent"), "unsent receipts")
    left = int(looked.told("drive.seconds_left"))
    due = (TWO_DAYS - age).total_seconds()
    ctx.check_that(abs(left - due) <= 5, f"{due:g} s", left, "time left")


@case(
    "uz.pos.standing.no-time-left",
    target="pos",
    clauses=["PS-10"],
    requirements=["UZ-OFF-06"],
    description="A receipt is unsent for more than two days.",
    expectation="No time is left, and there is a word about the block.",
)
def none_left(ctx: Context) -> None:
    """Told before a sale fails on it."""
    pos = ctx.pos
    stand = pos.ready()
    stand.needs(RECEIPT)
    pos.sold(sale())
    with stand.lock:
        stand.module.oldest = pos.now() - timedelta(days=2, seconds=1)
    looked = pos.look()
    ctx.check(0, looked.told("drive.seconds_left"), "time left")
    ctx.check_that(bool(looked.told("drive.trouble")), "a word", looked.fields, "trouble shown")


@case(
    "uz.pos.standing.all-sent",
    target="pos",
    clauses=["PS-10"],
    requirements=["UZ-OFF-06"],
    description="Everything is acknowledged.",
    expectation="Nothing is unsent, and no time runs.",
)
def all_sent(ctx: Context) -> None:
    """No clock ticks for nothing."""
    pos = ctx.pos
    stand = pos.ready()
    pos.sold(sale())
    with stand.lock:
        stand.module.acknowledge()
    looked = pos.look()
    ctx.check(
        (0, None), (looked.told("drive.unsent"), looked.told("drive.seconds_left")), "unsent, time left"
    )


@case(
    "uz.pos.standing.acknowledged",
    target="pos",
    clauses=["PS-10", "PS-22"],
    requirements=["UZ-OFF-06"],
    description="Two receipts are made; the operator acknowledges them later.",
    expectation="They are shown as not acknowledged before, and as acknowledged after.",
)
def acknowledged(ctx: Context) -> None:
    """What the operator has is no longer in the module."""
    pos = ctx.pos
    stand = pos.ready()
    pressed = [pos.sold(sale())[0] for _ in range(2)]
    pos.look()
    told = [pos.order(each).told("acknowledged") for each in pressed]
    ctx.check([False, False], told, "before")
    with stand.lock:
        stand.module.acknowledge()
    pos.look()
    told = [pos.order(each).told("acknowledged") for each in pressed]
    ctx.check([True, True], told, "after")


@case(
    "uz.pos.standing.test-receipt",
    target="pos",
    clauses=["PS-16"],
    requirements=["UZ-POS-02"],
    description="The test receipt of the settings is made.",
    expectation="Something is sold and given back at once, so that nothing is left of it.",
)
def test_receipt(ctx: Context) -> None:
    """The chain is proven, the books are as before."""
    pos = ctx.pos
    stand = pos.ready()
    before = len(stand.module.receipts)
    pressed = pos.press("test-receipt")
    ctx.check("done", pressed.outcome, "the key")
    made = stand.module.receipts[before:]
    ctx.check([0, 1], [int(each.body.get("Operation", 0)) for each in made], "operations")
    ctx.check(made[0].cash + made[0].card, made[1].cash + made[1].card, "sold and given back")


@case(
    "uz.pos.standing.test-receipt-without-service",
    target="pos",
    clauses=["PS-16", "PS-09"],
    requirements=["UZ-POS-02", "UZ-SVC-03"],
    description="The test receipt is made while the service is down.",
    expectation="It is refused: the chain is not proven.",
)
def no_chain(ctx: Context) -> None:
    """A proof that cannot fail is none."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        ctx.check("refused", pos.press("test-receipt").outcome, "the key")


@case(
    "uz.pos.standing.sign-with-zeros",
    target="pos",
    clauses=["PS-02", "QR-01"],
    requirements=["UZ-POS-04"],
    description="The sign of a receipt begins with zeros.",
    expectation="It is shown with them, and a refund names it with them.",
)
def zeros(ctx: Context) -> None:
    """Twelve digits, not a number."""
    pos = ctx.pos
    stand = pos.ready()
    stand.module.next_sign = 73_000_417
    pressed, held = pos.sold(sale())
    ctx.check("000073000417", str((pressed.receipt or {}).get("sign")), "sign shown")
    back = pos.held(pos.settle(pos.press("refund", {"order": pressed.order})))
    ctx.check(held.sign, back.body["RefundInfo"]["FiscalSign"], "sign that is named", clause="RC-10")


@case(
    "uz.pos.standing.looking-changes-nothing",
    target="pos",
    clauses=["PS-04", "G2-S-01"],
    requirements=["UZ-SVC-06"],
    description="The point of sale looks at its service five times with nothing to do.",
    expectation="It only reads.",
)
def only_reads(ctx: Context) -> None:
    """Looks are free."""
    pos = ctx.pos
    stand = pos.ready()
    pos.sold(sale())
    stand.rest()
    for _ in range(5):
        pos.look()
    changing = [call.operation for call in stand.seen("GetTXID", REGISTER, "ZReport/Open", "ZReport/Close")]
    ctx.check([], changing, "calls that change something")
