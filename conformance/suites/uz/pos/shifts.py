"""The day: the shift opens by itself, yesterday's is warned of, and the day's end closes it (UZ-SHF-08)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case
from conformance.context import Context
from conformance.drivers.pos import sale
from conformance.drivers.pos_faces import CLOSE, GETTXID, OPEN, REGISTER


@case(
    "uz.pos.shift.opened-by-first-sale",
    target="pos",
    clauses=["PS-11", "ZR-01", "TM-05"],
    requirements=["UZ-SHF-08"],
    description="No shift is open; two orders are sold.",
    expectation="One opening, before the first receipt and at a second of its own; none for the second.",
)
def first_sale(ctx: Context) -> None:
    """No key is pressed for it."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    pos.sold(sale())
    pos.sold(sale())
    calls = [call.operation for call in stand.seen(OPEN, REGISTER)]
    ctx.check([OPEN, REGISTER, REGISTER], calls, "openings and registrations")
    opened = stand.module.shifts[-1].opened
    first = stand.module.shifts[-1].receipts[0].time
    ctx.check_that(opened < first, "before the receipt", f"{opened}, {first}", "opening", clause="TM-05")


@case(
    "uz.pos.shift.not-before-needed",
    target="pos",
    clauses=["PS-11"],
    requirements=["UZ-SHF-08"],
    description="No shift is open, and nothing is sold.",
    expectation="Looks at the service open none.",
)
def not_before(ctx: Context) -> None:
    """An empty shift cannot be closed again (ZR-03)."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    for _ in range(3):
        pos.look()
    ctx.check(0, len(stand.seen(OPEN)), "openings")
    ctx.check_that(stand.module.shift is None, "none", stand.module.shift, "open shift")


@case(
    "uz.pos.shift.not-twice",
    target="pos",
    clauses=["PS-11", "ZR-02"],
    requirements=["UZ-SHF-08"],
    description="A shift is open since this morning; an order is sold.",
    expectation="None is opened.",
)
def not_twice(ctx: Context) -> None:
    """The one that is open will do."""
    pos = ctx.pos
    stand = pos.ready()
    pos.sold(sale())
    ctx.check(0, len(stand.seen(OPEN)), "openings")


@case(
    "uz.pos.shift.yesterdays-warned",
    target="pos",
    clauses=["PS-12", "ZR-11"],
    requirements=["UZ-SHF-08"],
    description="The shift of yesterday is still open; an order is sold.",
    expectation="The point of sale warns of it, and sells in it.",
)
def yesterdays(ctx: Context) -> None:
    """Nothing in the module forces a close."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    with stand.lock:
        stand.module.fresh_day(pos.now() - timedelta(days=1))
    ctx.check(True, pos.look().told("drive.shift_is_yesterdays"), "warning")
    pos.sold(sale())
    ctx.check(True, pos.look().told("drive.shift_is_yesterdays"), "warning after a sale")


@case(
    "uz.pos.shift.todays-not-warned",
    target="pos",
    clauses=["PS-12"],
    requirements=["UZ-SHF-08"],
    description="The shift was opened this morning.",
    expectation="There is no warning.",
)
def todays(ctx: Context) -> None:
    """A warning that is always there is none."""
    pos = ctx.pos
    pos.ready()
    ctx.check(False, pos.look().told("drive.shift_is_yesterdays"), "warning")


@case(
    "uz.pos.shift.closed-by-key",
    target="pos",
    clauses=["PS-13", "S-9.2"],
    requirements=["UZ-SHF-08"],
    description="Two orders are sold, one is given back, and the shift is closed.",
    expectation="It is closed once, and the Z-report shown has the module's sums.",
)
def closed(ctx: Context) -> None:
    """What is shown is the module's own report."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    pressed, _ = pos.sold(sale(112_00))
    pos.sold(sale(50_00))
    pos.settle(pos.press("refund", {"order": pressed.order}))
    report = pos.press("close-shift")
    ctx.check("done", report.outcome, "the key")
    ctx.check(1, len(stand.seen(CLOSE)), "closings")
    ctx.check(
        {"Sale": 162_00, "Refund": 112_00}, report.told("TotalCash"), "cash of the report", clause="S-9.2"
    )
    ctx.check(
        (2, 1), (report.told("TotalSaleCount"), report.told("TotalRefundCount")), "counts", clause="S-9.2"
    )


@case(
    "uz.pos.shift.closed-after-waiting",
    target="pos",
    clauses=["PS-13", "PS-03"],
    requirements=["UZ-SHF-08"],
    description="Orders wait for their receipts when the shift is closed.",
    expectation="They are registered first, in the shift that is then closed.",
)
def after_waiting(ctx: Context) -> None:
    """What was sold today belongs into today."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        orders = [pos.sell(sale(each)) for each in (7_00, 8_00)]
    report = pos.press("close-shift")
    ctx.check("done", report.outcome, "the key")
    operations = [call.operation for call in stand.seen(REGISTER, CLOSE) if not call.refused]
    ctx.check([REGISTER, REGISTER, CLOSE], operations, "registrations and closing")
    ctx.check(["done"] * 2, [pos.order(each).outcome for each in orders], "the orders", clause="PS-03")


@case(
    "uz.pos.shift.empty-close-told",
    target="pos",
    clauses=["ZR-03", "PS-08"],
    requirements=["UZ-SHF-08"],
    description="A shift without a receipt is closed, which the module refuses (9032, 36907).",
    expectation="The key is refused with the reason, and the next order becomes a receipt.",
)
def empty(ctx: Context) -> None:
    """Told, and no harm done."""
    pos = ctx.pos
    pos.ready()
    pressed = pos.press("close-shift")
    ctx.check("refused", pressed.outcome, "the key")
    word = "9032" if ctx.can("rest") else "ERROR_CURRENT_ZREPORT_IS_EMPTY"
    ctx.check_that(word in pressed.text + pressed.why, word, pressed.shown, "the reason", clause="PS-08")
    pos.sold(sale())


@case(
    "uz.pos.shift.closed-at-days-end",
    target="pos",
    clauses=["PS-13"],
    requirements=["UZ-SHF-08"],
    needs=["clock", "control"],
    description="The day's end is set to 21:00; an order is sold in the morning, and 21:00 comes.",
    expectation="The shift is closed by itself, once, and not before.",
)
def days_end(ctx: Context) -> None:
    """By the lab clock."""
    pos = ctx.pos
    stand = pos.ready(shift=False, close_at="21:00")
    pos.sold(sale())
    ctx.clock.advance(timedelta(hours=11, minutes=58))
    pos.look()
    ctx.check(0, len(stand.seen(CLOSE)), "closings before 21:00")
    ctx.clock.advance(timedelta(minutes=3))
    for _ in range(3):
        pos.look()
    ctx.check(1, len(stand.seen(CLOSE)), "closings at 21:00")
    ctx.check_that(stand.module.shift is None, "closed", stand.module.shift, "shift")


@case(
    "uz.pos.shift.next-day-opens-again",
    target="pos",
    clauses=["PS-11", "ZR-07"],
    requirements=["UZ-SHF-08"],
    description="The shift is closed, and an order is sold after that.",
    expectation="A new shift is opened for it, and the numbers of receipts go on.",
)
def opens_again(ctx: Context) -> None:
    """One day after the other."""
    pos = ctx.pos
    stand = pos.ready()
    _, last = pos.sold(sale())
    pos.press("close-shift")
    _, first = pos.sold(sale())
    calls = [call.operation for call in stand.seen(CLOSE, OPEN)]
    ctx.check([CLOSE, OPEN], calls, "closing and opening")
    ctx.check(last.seq + 1, first.seq, "number of the next receipt", clause="ZR-07")
    ctx.check_that(len(stand.seen(GETTXID)) >= 2, "two receipts", len(stand.seen(GETTXID)), "receipts stored")
