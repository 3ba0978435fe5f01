"""Trouble at a service of generation 1: answers that are lost, outages, refusals and their cures (uz-fiscal
§3.5, §14)."""

from __future__ import annotations

from typing import Final

from conformance.context import Context
from conformance.drivers.pos import sale
from conformance.drivers.pos_drive import Order
from conformance.drivers.pos_faces import CLOSE, OPEN, REGISTER, SEND
from conformance.drivers.pos_server import Line
from conformance.suites.uz.pos.cures import old_backlog
from conformance.suites.uz.pos.generation1 import of_each, registered

AGAIN: Final = {"rpc": ("G1-R-08",), "qpos": ("QP-01",)}
ERRORS: Final = {"rpc": ("G1-T-05",), "qpos": ("QP-03",)}


def _breaks(word: str, line: Line) -> None:
    @of_each(
        f"twice.{word}",
        ["PS-04"],
        ["UZ-SVC-03", "UZ-USB-02"],
        f"The exchange that registers a receipt breaks off: {word}.",
        "The order is kept and is one receipt in the end, with its number and sign.",
        own=AGAIN,
    )
    def twice(ctx: Context) -> None:
        pos = ctx.pos
        stand = pos.ready()
        stand.order(Order(REGISTER, line=line))
        registered(ctx, pos.sell(sale()))
        ctx.check(0, stand.orders_left, "exchanges that broke off as ordered")


_breaks("cut-before", Line.CUT_BEFORE)
_breaks("cut-after", Line.CUT_AFTER)
_breaks("half", Line.HALF)


@of_each(
    "twice.refund-cut-after",
    ["PS-04", "PS-14"],
    ["UZ-POS-03"],
    "A sale is given back, and the answer of its refund is lost.",
    "One refund in the module, and nothing is left to give back.",
    own=AGAIN,
)
def refund_cut(ctx: Context) -> None:
    """Money given back twice is money lost."""
    pos = ctx.pos
    stand = pos.ready()
    pressed, _ = pos.sold(sale())
    stand.rest()
    stand.order(Order(REGISTER, line=Line.CUT_AFTER))
    registered(ctx, pos.press("refund", {"order": pressed.order}), "Refund")
    again = pos.press("refund", {"order": pressed.order})
    ctx.check("refused", again.outcome, "a second refund", clause="PS-14")


@of_each(
    "twice.killed",
    ["PS-04"],
    ["UZ-SVC-03"],
    "The point of sale is killed while its receipt is registered, and started again.",
    "The order is still there and is one receipt.",
    own=AGAIN,
    needs=["processes"],
)
def killed(ctx: Context) -> None:
    """What was paid is never forgotten."""
    pos = ctx.pos
    stand = pos.ready()
    held = stand.holding(REGISTER)
    pressed = pos.sell(sale(wait=False))
    stand.comes(REGISTER)
    ctx.processes.kill("pos")
    held.set()
    ctx.processes.restart("pos")
    registered(ctx, pressed)


@of_each(
    "twice.number-again",
    ["QP-01"],
    ["UZ-SVC-03"],
    "Two answers to a sale are lost; another sale follows.",
    "Each try carries the ReceiptNumber of the first, and the next sale another one.",
    only="qpos",
)
def number_again(ctx: Context) -> None:
    """The number is what makes a repeat safe."""
    pos = ctx.pos
    stand = pos.ready()
    stand.order(*[Order(REGISTER, line=Line.CUT_BEFORE)] * 2)
    registered(ctx, pos.sell(sale()))
    numbers = [str(call.given.get("receiptnumber") or "") for call in stand.seen(REGISTER)]
    ctx.check_that(len(numbers) >= 3 and "" not in numbers, "three tries with a number", numbers, "tries")
    ctx.check(1, len(set(numbers)), "different numbers of one sale")
    stand.rest()
    registered(ctx, pos.sell(sale(20_00)))
    [call] = stand.seen(REGISTER)
    ctx.check_that(call.given.get("receiptnumber") not in numbers, "another", call.given, "the next number")


# --- outages and cures ----------------------------------------------------------------------------------


@of_each(
    "offline.service",
    ["PS-03"],
    ["UZ-SVC-03"],
    "The service is gone; three orders are taken and paid, and it comes back.",
    "None is refused, and their receipts are in the order of payment.",
    own={},
)
def service(ctx: Context) -> None:
    """First paid, first registered."""
    pos = ctx.pos
    stand = pos.ready()
    sums = (11_00, 22_00, 33_00)
    with stand.away():
        orders = [pos.sell(sale(each)) for each in sums]
        ctx.check(["waiting"] * 3, [each.outcome for each in orders], "orders while it is gone")
    held = [pos.held(pos.settle(each)) for each in orders]
    ctx.check(list(sums), [each.cash for each in held], "sums of the receipts")
    ctx.check_that(
        held[0].seq < held[1].seq < held[2].seq, "in order", [each.seq for each in held], "numbers"
    )


@of_each(
    "offline.key",
    ["PS-03", "PS-09"],
    ["UZ-USB-01"],
    "The key is pulled out (cannot connect card), an order is paid, and the key is back.",
    "It is told at the next look; the order waits, and is one receipt afterwards.",
    own=ERRORS,
)
def key_out(ctx: Context) -> None:
    """No card is no refusal of the order."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.key_out():
        pressed = pos.sell(sale())
        ctx.check("waiting", pressed.outcome, "the order", clause="PS-03")
        looked = pos.look()
        ctx.check_that(bool(looked.told("drive.trouble")), "a word", looked.fields, "trouble", clause="PS-09")
    registered(ctx, pressed)


@of_each(
    "cure.no-shift",
    ["HB-04", "PS-11"],
    ["UZ-SHF-08"],
    "A sale is refused because no shift is open (ERROR_ZREPORT_IS_NOT_OPEN), though one was seen.",
    "The shift is opened, and the order is one receipt.",
    own=ERRORS,
)
def no_shift(ctx: Context) -> None:
    """Somebody closed it in between."""
    pos = ctx.pos
    stand = pos.ready()
    stand.refuse(REGISTER, "9021 - ZREPORT_IS_NOT_OPENED")
    registered(ctx, pos.sell(sale()))
    ctx.check_that(len(stand.seen(OPEN)) >= 1, "at least once", len(stand.seen(OPEN)), "openings")


@of_each(
    "cure.already-open",
    ["HB-02"],
    ["UZ-SHF-08"],
    "The shift is opened, and the answer is ERROR_ZREPORT_IS_ALREADY_OPEN.",
    "That counts as opened, and the order is one receipt.",
    own=ERRORS,
)
def already_open(ctx: Context) -> None:
    """Any answer that holds these words."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    stand.order(Order(OPEN, "9022 - ZREPORT_IS_NOT_CLOSED", done=True))
    registered(ctx, pos.sell(sale()))
    ctx.check(0, stand.orders_left, "refusals that were met", clause="HB-02")
    ctx.check(0, len(stand.seen(CLOSE)), "closings of the shift that is open", clause="HB-02")


@of_each(
    "cure.blocked",
    ["PS-03"],
    ["UZ-OFF-06"],
    "A receipt is unsent for three days, and the module takes no more (…STORE_DAYS_LIMIT_EXCEEDED).",
    "The service is told to send, and the order is one receipt.",
    own={"rpc": ("HB-01",), "qpos": ("QP-04",)},
)
def blocked(ctx: Context) -> None:
    """Whether it was sent the service does not say; the next try shows it."""
    stand = old_backlog(ctx)
    registered(ctx, ctx.pos.sell(sale()))
    ctx.check_that(len(stand.seen(SEND)) >= 1, "at least once", len(stand.seen(SEND)), "calls to send")


@of_each(
    "cure.locked",
    ["PS-03", "PS-09"],
    ["UZ-OFF-06", "UZ-SVC-03"],
    "The operator has locked the module (fiscal drive locked), and unlocks it later.",
    "The order waits and the lock is shown; afterwards it is one receipt.",
    own=ERRORS,
)
def locked(ctx: Context) -> None:
    """Generation 1 tells a lock by refusing."""
    pos = ctx.pos
    stand = pos.ready()
    stand.module.locked = True
    pressed = pos.sell(sale())
    ctx.check("waiting", pressed.outcome, "the order", clause="PS-03")
    ctx.check(True, pos.look().told("drive.locked"), "lock shown", clause="PS-09")
    stand.module.locked = False
    registered(ctx, pressed)


@of_each(
    "cure.refused",
    ["PS-08"],
    ["UZ-SVC-05"],
    "A sale is refused for good (cannot encode receipt); another one follows.",
    "The reason is shown in its own words, and the next order is one receipt.",
    own=ERRORS,
)
def refused(ctx: Context) -> None:
    """One bad order stops nobody."""
    pos = ctx.pos
    stand = pos.ready()
    stand.refuse(REGISTER, "item vat percent value 120 shouldn't exceed 99", 400)
    pressed = pos.settle(pos.sell(sale()), outcome="refused")
    ctx.check_that(
        "cannot encode receipt" in pressed.why.lower(), "cannot encode receipt", pressed.why, "reason shown"
    )
    stand.rest()
    registered(ctx, pos.sell(sale(20_00)))
