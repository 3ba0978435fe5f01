"""Never registered twice: exchanges that break off in either step, answers that come late or not at all."""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import paid, sale
from conformance.drivers.pos_drive import Order
from conformance.drivers.pos_faces import GETTXID, OPEN, REGISTER
from conformance.drivers.pos_keys import Pressed
from conformance.drivers.pos_server import Line

LINES: Final = {"cut-before": Line.CUT_BEFORE, "cut-after": Line.CUT_AFTER, "half": Line.HALF}
TWICE: Final = ["PS-04", "G2-S-07"]


def once(ctx: Context, pressed: Pressed, many: int = 1) -> None:
    """The order becomes a receipt, and the module has `many` since the case began, this one among them."""
    pos = ctx.pos
    settled = pos.settle(pressed)
    held = pos.held(settled)
    answered = [call.told[1] for call in pos.drive.seen(REGISTER) if not call.refused]
    accepted = {int(each["ReceiptSeq"]) for each in answered}
    ctx.check(many, len(accepted), "receipts registered in the module", clause="PS-04")
    told = settled.receipt or {}
    if "sign" in told:
        ctx.check(held.sign, told["sign"], "sign of the receipt", clause="PS-02")


@family(
    "uz.pos.twice.gettxid-{key}",
    rows=LINES,
    target="pos",
    clauses=[*TWICE, "G2-S-05"],
    requirements=["UZ-SVC-03", "UZ-SVC-06"],
    description="The exchange of GetTXID breaks off: {key}.",
    expectation="The order is kept, and becomes one receipt at the next look.",
)
def first_step(ctx: Context, line: Line) -> None:
    """Nothing is registered by the first step, so repeating it is free."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(Order(GETTXID, line=line))
    once(ctx, pos.sell(sale()))
    ctx.check(0, stand.orders_left, "exchanges that broke off as ordered")


@family(
    "uz.pos.twice.register-{key}",
    rows=LINES,
    target="pos",
    clauses=TWICE,
    requirements=["UZ-SVC-03", "UZ-USB-02"],
    description="The exchange of RegisterTXID breaks off: {key}.",
    expectation="It is asked again with the same TXID; one receipt, whose number and sign are shown.",
)
def second_step(ctx: Context, line: Line) -> None:
    """Whether it was registered nobody knows who has no answer."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(Order(REGISTER, line=line))
    once(ctx, pos.sell(sale()))
    if not ctx.can("rest"):
        return  # a dialect of one step looks for the receipt before it is sent again
    asked = [call.given.get("txid", call.body) for call in stand.seen(REGISTER)]
    ctx.check_that(len(asked) >= 2, "asked again", asked, "calls of RegisterTXID")
    ctx.check(1, len({str(each) for each in asked}), "different TXIDs", clause="PS-04")


@case(
    "uz.pos.twice.register-cut-thrice",
    target="pos",
    clauses=TWICE,
    requirements=["UZ-SVC-03"],
    description="Three answers of RegisterTXID in a row are lost.",
    expectation="The order is kept all the while, and is one receipt in the end.",
)
def thrice(ctx: Context) -> None:
    """Patience costs nothing."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(*[Order(REGISTER, line=Line.CUT_AFTER)] * 3)
    once(ctx, pos.sell(sale()))


@family(
    "uz.pos.twice.refund-{key}",
    rows=LINES,
    target="pos",
    clauses=[*TWICE, "PS-14"],
    requirements=["UZ-POS-03"],
    description="A sale is given back, and the exchange of RegisterTXID breaks off: {key}.",
    expectation="One refund in the module, and nothing is left to give back.",
)
def refund(ctx: Context, line: Line) -> None:
    """Money given back twice is money lost."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, _ = pos.sold(sale())
    stand.rest()
    stand.order(Order(REGISTER, line=line))
    once(ctx, pos.press("refund", {"order": pressed.order}))
    again = pos.press("refund", {"order": pressed.order})
    ctx.check("refused", again.outcome, "a second refund", clause="PS-14")


@case(
    "uz.pos.twice.gone-in-registration",
    target="pos",
    clauses=TWICE,
    requirements=["UZ-SVC-03"],
    description="The service stops while it registers a receipt, and starts again.",
    expectation="The order waits meanwhile; afterwards it is the receipt that was made.",
)
def gone(ctx: Context) -> None:
    """The receipt is in the module, its answer nowhere."""
    pos = ctx.pos
    stand = pos.ready()
    held = stand.holding(REGISTER)
    pressed = pos.sell(sale(wait=False))
    stand.comes(REGISTER)
    with stand.away():
        held.set()
        waiting = pos.settle(pressed, outcome="waiting", looks=2)
        ctx.check("waiting", waiting.outcome, "the order while the service is down", clause="PS-03")
    once(ctx, pressed)


@case(
    "uz.pos.twice.late-answer",
    target="pos",
    clauses=["PS-03", "HB-01"],
    requirements=["UZ-POS-01"],
    description="The answer of RegisterTXID takes its time; another order is taken meanwhile.",
    expectation="Both orders become one receipt each, the first one first.",
)
def late(ctx: Context) -> None:
    """A slow module does not stop the cashier."""
    pos = ctx.pos
    stand = pos.ready()
    held = stand.holding(REGISTER)
    first = pos.sell(sale(wait=False))
    stand.comes(REGISTER)
    second = pos.sell(sale(20_00, wait=False))
    ctx.check("waiting", second.outcome, "the second order while the first is registered")
    held.set()
    once(ctx, second, 2)
    one, two = pos.held(pos.settle(first)), pos.held(pos.order(second))
    ctx.check_that(one.seq < two.seq, "first come, first served", f"{one.seq}, {two.seq}", "numbers")


@case(
    "uz.pos.twice.lost-record-registered",
    target="pos",
    clauses=["PS-04", "G2-S-10"],
    requirements=["UZ-USB-02"],
    needs=["rest"],
    description="A receipt is registered without an answer, and the service loses its record of it.",
    expectation="The point of sale finds the receipt in the module and makes no second one.",
)
def lost_registered(ctx: Context) -> None:
    """The module is asked, nothing is guessed."""
    pos = ctx.pos
    stand = pos.ready()
    held = stand.holding(REGISTER)
    pressed = pos.sell(sale(wait=False))
    call = stand.comes(REGISTER)
    with stand.away():
        held.set()
        with stand.lock:
            stand.module.forget(int(call.given["txid"]))
    once(ctx, pressed)


@case(
    "uz.pos.twice.lost-record-unregistered",
    target="pos",
    clauses=["PS-04", "G2-S-10"],
    requirements=["UZ-USB-02"],
    description="The service loses the record of a receipt that was never registered.",
    expectation="The point of sale stores it anew, and one receipt is registered.",
)
def lost_unregistered(ctx: Context) -> None:
    """The module has nothing, so it is made."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(Order(REGISTER, "no record found in table receipt_register_log with id = 1", 404))
    once(ctx, pos.sell(sale()))
    ctx.check(0, stand.orders_left, "refusals that were asked for")


@family(
    "uz.pos.twice.killed-in-{key}",
    rows={"gettxid": GETTXID, "register": REGISTER, "opening": OPEN},
    target="pos",
    clauses=["PS-04"],
    requirements=["UZ-SVC-03"],
    needs=["processes"],
    description="The point of sale is killed while the service works on {key}, and started again.",
    expectation="The order is still there, and becomes one receipt.",
)
def killed(ctx: Context, operation: str) -> None:
    """What was paid is never forgotten."""
    pos = ctx.pos
    stand = pos.ready(shift=operation != OPEN)
    held = stand.holding(operation)
    pressed = pos.sell(sale(wait=False))
    stand.comes(operation)
    ctx.processes.kill("pos")
    held.set()
    ctx.processes.restart("pos")
    once(ctx, pressed)
    ctx.check(1, len([each for each in stand.seen(OPEN) if not each.refused]) or 1, "openings of the shift")


@family(
    "uz.pos.twice.txid-as-{key}",
    rows={
        "object": '{{"TXID": {0}}}',
        "small-object": '{{"txid": {0}}}',
        "value": '{{"value": {0}}}',
        "text": '"{0}"',
    },
    target="pos",
    clauses=["HB-08"],
    requirements=["UZ-SVC-01"],
    description="GetTXID answers its number in another of the shapes that services have: {key}.",
    expectation="The order becomes a receipt.",
)
def shapes(ctx: Context, form: str) -> None:
    """Real services differ in this."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(Order(GETTXID, body=form.format))
    once(ctx, pos.sell(sale(payments=paid(card=45_000_00))))


@case(
    "uz.pos.twice.ok-in-quotes",
    target="pos",
    clauses=["HB-08", "G2-T-08"],
    requirements=["UZ-SVC-01"],
    description="The shift is opened, and the service answers OK in quotes.",
    expectation="That counts as opened, and the order becomes a receipt.",
)
def quoted(ctx: Context) -> None:
    """OK with and without quotes."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    stand.order(Order(OPEN, body=lambda told: f'"{told}"'))
    once(ctx, pos.sell(sale()))
    ctx.check(1, len(stand.seen(OPEN)), "calls of ZReport/Open")
