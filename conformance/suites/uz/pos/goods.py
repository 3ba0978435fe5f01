"""Goods that need care: marked, expired, and payments through an application that wait (UZ-POS-06)."""

from __future__ import annotations

from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_faces import GETTXID
from conformance.drivers.pos_keys import Json

LABEL = "0104780000000048215Kk6JudgeABC"


def water(**more: object) -> Json:
    """A good that is marked."""
    return good(7_000_00, "Mineral suv (sinov)", mxik="02201001001000000", marked=True, **more)


@case(
    "uz.pos.goods.marked",
    target="pos",
    clauses=["HB-15", "S-4.4"],
    requirements=["UZ-POS-06"],
    description="A marked good is sold with its code.",
    expectation="The code stands on the line as it was scanned; a good without one has an empty label.",
)
def marked(ctx: Context) -> None:
    """One code, one piece."""
    pos = ctx.pos
    pos.ready()
    _, held = pos.sold(sale(7_100_00, water(label=LABEL), good(100_00)))
    labels = [str(item.get("Label", "")) for item in held.body["Items"]]
    ctx.check([LABEL, ""], labels, "labels of the lines")


@case(
    "uz.pos.goods.marked-twice",
    target="pos",
    clauses=["HB-15"],
    requirements=["UZ-POS-06"],
    description="The same marking code is scanned twice into an order.",
    expectation="The order is refused, and the service hears nothing of it.",
)
def twice(ctx: Context) -> None:
    """A code stands once on a receipt."""
    pos = ctx.pos
    stand = pos.ready()
    pressed = pos.sell(sale(14_000_00, water(label=LABEL), water(label=LABEL)))
    ctx.check("refused", pressed.outcome, "the order")
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored")


@case(
    "uz.pos.goods.marked-without-code",
    target="pos",
    clauses=["HB-15"],
    requirements=["UZ-POS-06"],
    description="A marked good is sold without its code.",
    expectation="The order is refused.",
)
def without_code(ctx: Context) -> None:
    """Marked goods need a label."""
    pos = ctx.pos
    stand = pos.ready()
    ctx.check("refused", pos.sell(sale(7_000_00, water())).outcome, "the order")
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored")


@case(
    "uz.pos.goods.marked-refund",
    target="pos",
    clauses=["HB-15", "RC-10"],
    requirements=["UZ-POS-06", "UZ-POS-03"],
    description="A marked good is given back.",
    expectation="The refund carries its code, too.",
)
def marked_refund(ctx: Context) -> None:
    """The piece that comes back is that piece."""
    pos = ctx.pos
    pos.ready()
    pressed, _ = pos.sold(sale(7_000_00, water(label=LABEL)))
    held = pos.held(pos.settle(pos.press("refund", {"order": pressed.order})))
    ctx.check(LABEL, str(held.body["Items"][0].get("Label", "")), "label of the line")


@family(
    "uz.pos.goods.best-before-{key}",
    rows={"yesterday": -1, "today": 0, "tomorrow": 1},
    target="pos",
    clauses=["PS-15"],
    requirements=["UZ-POS-06"],
    description="A good whose best-before day is {key} is sold.",
    expectation="It is refused from the day after that day on, and sold up to it.",
)
def best_before(ctx: Context, days: int) -> None:
    """By the day of Tashkent."""
    pos = ctx.pos
    pos.ready()
    day = (pos.now() + timedelta(days=days)).date()
    line = good(9_000_00, f"Qatiq {day} (sinov)", best_before=day.isoformat())
    pressed = pos.sell(sale(9_000_00, line))
    ctx.check("refused" if days < 0 else "done", pressed.outcome, "the order")


@family(
    "uz.pos.goods.app-{key}",
    rows={"confirmed": True, "refused": False},
    target="pos",
    clauses=["PS-01", "HB-16"],
    requirements=["UZ-POS-01"],
    needs=["control"],
    description="A payment through an application is asked for, and then {key}.",
    expectation="Nothing is registered before the answer; a receipt by card after yes, none after no.",
)
def app(ctx: Context, confirmed: bool) -> None:
    """No receipt for money that has not come."""
    pos = ctx.pos
    stand = pos.ready(apps="wait")
    pressed = pos.sell(sale(56_00, payments=paid(click=56_00)))
    ctx.check("waiting", pressed.outcome, "the order before the answer")
    pos.look()
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored before the answer")
    answered = pos.press("app-answer", {"order": pressed.order, "confirmed": confirmed})
    if confirmed:
        held = pos.held(pos.settle(answered))
        ctx.check((0, 56_00), (held.cash, held.card), "received in cash and by card", clause="HB-16")
        return
    pos.look()
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored after a refusal")
    ctx.check_that(
        pos.order(pressed).fields.get("state") != "completed", "open still", "completed", "the order"
    )


@case(
    "uz.pos.goods.too-little-money",
    target="pos",
    clauses=["PS-01", "RC-08"],
    requirements=["UZ-POS-01"],
    description="An order of 100.00 is paid with 99.99.",
    expectation="It is refused, and the service hears nothing of it.",
)
def too_little(ctx: Context) -> None:
    """The tolerance of the codec is no discount."""
    pos = ctx.pos
    stand = pos.ready()
    pressed = pos.sell(sale(100_00, payments=paid(cash=99_99)))
    ctx.check("refused", pressed.outcome, "the order")
    ctx.check(0, len(stand.seen(GETTXID)), "receipts stored")


@case(
    "uz.pos.goods.card-is-not-changed",
    target="pos",
    clauses=["PS-07"],
    requirements=["UZ-POS-01"],
    description="An order of 100.00 is paid with 100.01 by card.",
    expectation="It is refused: change is given of cash alone.",
)
def over_card(ctx: Context) -> None:
    """Cash out of a card would be another business."""
    pos = ctx.pos
    pos.ready()
    ctx.check("refused", pos.sell(sale(100_00, payments=paid(card=100_01))).outcome, "the order")
