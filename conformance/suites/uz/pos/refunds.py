"""Money that goes back: against the original, in its kind, and never more than was sold (UZ-POS-03)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_faces import GETTXID, SEND
from conformance.drivers.pos_keys import Pressed
from conformance.models.uz_played_receipts import TERMINAL, Held


def given_back(ctx: Context, sold: Pressed, **more: Any) -> tuple[Pressed, Held]:
    """A refund that has to succeed, and its receipt in the module."""
    pos = ctx.pos
    pressed = pos.settle(pos.press("refund", {"order": sold.order, **more}))
    return pressed, pos.held(pressed)


@case(
    "uz.pos.refund.whole",
    target="pos",
    clauses=["RC-10", "HB-18", "TM-03"],
    requirements=["UZ-POS-03"],
    description="A sale of two lines is given back.",
    expectation="The same lines and sums; it names terminal, number, time and sign of the sale.",
)
def whole(ctx: Context) -> None:
    """Everything, as it was sold."""
    pos = ctx.pos
    pos.ready()
    order = sale(140_00, good(112_00, discount=12_00), good(40_00, "Choy (sinov)"))
    pressed, sold = pos.sold(order)
    _, held = given_back(ctx, pressed)
    ctx.check(1, int(held.body.get("Operation", 0)), "operation")
    told = held.body.get("RefundInfo") or {}
    named = tuple(str(told.get(name)) for name in ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign"))
    ctx.check((TERMINAL, str(sold.seq), f"{sold.time:%Y%m%d%H%M%S}", sold.sign), named, "RefundInfo")
    names = ("Name", "Amount", "Price", "Discount", "VAT", "SPIC")
    lines = [
        [tuple(item.get(name, 0) for name in names) for item in each.body["Items"]] for each in (sold, held)
    ]
    ctx.check(lines[0], lines[1], "lines", clause="PS-05")
    ctx.check(
        (sold.cash, sold.card), (held.cash, held.card), "given back in cash and by card", clause="PS-07"
    )


@family(
    "uz.pos.refund.paid-{key}",
    rows={
        "by-card": (paid(card=100_00), 0, 100_00),
        "mixed": (paid(cash=30_00, card=70_00), 30_00, 70_00),
        "by-app": (paid(payme=100_00), 0, 100_00),
    },
    target="pos",
    clauses=["PS-07", "HB-17"],
    requirements=["UZ-POS-03"],
    description="A sale paid {key} is given back.",
    expectation="The refund goes back in the kinds that came in: never cash that was not sold for cash.",
)
def kinds(ctx: Context, row: tuple[list[dict[str, Any]], int, int]) -> None:
    """What the module weighs against what it sold."""
    pos = ctx.pos
    pos.ready()
    payments, cash, card = row
    pressed, _ = pos.sold(sale(100_00, payments=payments))
    _, held = given_back(ctx, pressed)
    ctx.check((cash, card), (held.cash, held.card), "given back in cash and by card")


@case(
    "uz.pos.refund.parts",
    target="pos",
    clauses=["PS-14", "PS-05"],
    requirements=["UZ-POS-03"],
    description="Three pieces that cost 100.00 together after a discount come back one by one.",
    expectation="Three refunds of a piece each, together 100.00 and the VAT of the sale, to the tiyin.",
)
def parts(ctx: Context) -> None:
    """Thirds that have to be a whole."""
    pos = ctx.pos
    pos.ready()
    pressed, sold = pos.sold(sale(100_00, good(34_00, "Non (sinov)", amount=3000, discount=2_00)))
    held = [given_back(ctx, pressed, lines=[{"line": 0, "amount": 1000}])[1] for _ in range(3)]
    ctx.check([1000] * 3, [int(each.body["Items"][0]["Amount"]) for each in held], "amounts", clause="PS-05")
    ctx.check(100_00, sum(each.cash + each.card for each in held), "given back altogether")
    ctx.check(sold.vat, sum(each.vat for each in held), "VAT given back altogether")
    more = pos.press("refund", {"order": pressed.order, "lines": [{"line": 0, "amount": 1}]})
    ctx.check("refused", more.outcome, "a thousandth more")


@family(
    "uz.pos.refund.too-much-{key}",
    rows={"at-once": (0, 1001), "after-a-part": (600, 401), "after-all": (1000, 1)},
    target="pos",
    clauses=["PS-14"],
    requirements=["UZ-POS-03"],
    description="More is asked back than was sold: {key}.",
    expectation="It is refused, and the service hears nothing of it.",
)
def too_much(ctx: Context, row: tuple[int, int]) -> None:
    """Over all refunds of a sale together."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, _ = pos.sold(sale(100_00))
    first, more = row
    if first:
        given_back(ctx, pressed, lines=[{"line": 0, "amount": first}])
    stand.rest()
    refused = pos.press("refund", {"order": pressed.order, "lines": [{"line": 0, "amount": more}]})
    ctx.check("refused", refused.outcome, "the refund")
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored")


@case(
    "uz.pos.refund.of-a-refund",
    target="pos",
    clauses=["PS-14"],
    requirements=["UZ-POS-03"],
    description="A refund is itself given back.",
    expectation="It is refused.",
)
def of_refund(ctx: Context) -> None:
    """A refund is no sale."""
    pos = ctx.pos
    pos.ready()
    pressed, _ = pos.sold(sale(100_00))
    back, _ = given_back(ctx, pressed)
    ctx.check("refused", pos.press("refund", {"order": back.order}).outcome, "the refund of a refund")


@case(
    "uz.pos.refund.before-the-sale-is-registered",
    target="pos",
    clauses=["RC-10", "PS-03"],
    requirements=["UZ-POS-03"],
    description="The service is down; an order is sold and at once given back.",
    expectation="The refund is refused or waits; none is ever sent that names no receipt.",
)
def too_early(ctx: Context) -> None:
    """There is nothing yet that it could name."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        pressed = pos.sell(sale(100_00))
        back = pos.press("refund", {"order": pressed.order})
        ctx.check_in(("refused", "waiting"), back.outcome, "the refund meanwhile")
    pos.settle(pressed)
    if back.outcome == "waiting":
        pos.settle(back)
    wrong = [
        call for call in stand.seen(GETTXID) if call.body.get("Operation") and not call.body.get("RefundInfo")
    ]
    ctx.check(0, len(wrong), "refunds without the receipt they give back")


@case(
    "uz.pos.refund.operator-does-not-know-yet",
    target="pos",
    clauses=["G2-S-04", "RC-10"],
    requirements=["UZ-POS-03"],
    description="A sale is given back that the operator has not seen: RefundInfo is not valid.",
    expectation="What is unsent is sent, and the refund is registered.",
)
def unknown_yet(ctx: Context) -> None:
    """Perhaps only because the sale waits to be sent."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, _ = pos.sold(sale(100_00))
    stand.rest()
    stand.refuse(GETTXID, "RefundInfo is not valid", 400)
    given_back(ctx, pressed)
    ctx.check_that(len(stand.seen(SEND)) >= 1, "at least once", len(stand.seen(SEND)), "calls to send")


@case(
    "uz.pos.refund.while-it-sends",
    target="pos",
    clauses=["G2-S-04", "RC-10"],
    requirements=["UZ-POS-03"],
    needs=["rest"],
    description="A sale is given back while the service sends it by itself: it cannot be told to send, and "
    "twice the operator does not know the sale.",
    expectation="The refund is kept until nothing is left to be sent, and registered.",
)
def while_it_sends(ctx: Context) -> None:
    """What the operator does not know before all is sent says nothing of the refund."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, _ = pos.sold(sale(100_00))
    stand.rest()
    stand.refuse(GETTXID, "RefundInfo is not valid", 400, times=2)
    stand.refuse(SEND, "sync is already running")
    given_back(ctx, pressed)
    ctx.check(0, stand.orders_left, "refusals that were met", clause="G2-S-04")


@family(
    "uz.pos.refund.unsigned-{key}",
    rows={"advance": 1, "credit": 2},
    target="pos",
    clauses=["RC-11"],
    requirements=["UZ-POS-03"],
    needs=["rest"],
    description="A receipt of {key}, which has no sign, is given back.",
    expectation="The refund is of the same kind, and names the sign by twelve zeros.",
)
def unsigned(ctx: Context, kind: int) -> None:
    """No sign is twelve zeros."""
    pos = ctx.pos
    pos.ready()
    pressed, _ = pos.sold(sale(100_00, kind=kind))
    _, held = given_back(ctx, pressed)
    ctx.check(kind, int(held.body.get("Type", 0)), "kind of receipt")
    ctx.check("0" * 12, str(held.body["RefundInfo"]["FiscalSign"]), "sign that is named")
