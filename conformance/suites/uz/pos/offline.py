"""Service stopped, key pulled, another key: orders go on, the cashier is told, and all is made good later."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import paid, sale
from conformance.drivers.pos_drive import DriveStand, Order
from conformance.drivers.pos_faces import LIST, REGISTER

AWAY: Final[dict[str, Callable[[DriveStand], AbstractContextManager[None]]]] = {
    "service": DriveStand.away,
    "key": DriveStand.key_out,
}
"""What is gone, and how."""


@family(
    "uz.pos.offline.{key}-sells-on",
    rows=AWAY,
    target="pos",
    clauses=["PS-03"],
    requirements=["UZ-SVC-03", "UZ-USB-01"],
    description="The {key} is gone; three orders are taken and paid, and it comes back.",
    expectation="None is refused; afterwards each is one receipt, and no number is missing.",
)
def sells_on(ctx: Context, gone: Callable[[DriveStand], AbstractContextManager[None]]) -> None:
    """The guest pays whatever the cable does."""
    pos = ctx.pos
    stand = pos.ready()
    sums = (11_00, 22_00, 33_00)
    with gone(stand):
        orders = [pos.sell(sale(each)) for each in sums]
        ctx.check(["waiting"] * 3, [each.outcome for each in orders], "orders while it is gone")
    held = [pos.held(pos.settle(each)) for each in orders]
    ctx.check(list(sums), [each.cash for each in held], "sums of the receipts")
    numbers = [each.seq for each in held]
    first = min(numbers)
    ctx.check([first, first + 1, first + 2], sorted(numbers), "numbers of the receipts")


@case(
    "uz.pos.offline.order-of-payment",
    target="pos",
    clauses=["PS-03"],
    requirements=["UZ-SVC-03"],
    description="Three orders are paid while the service is down, and it comes back.",
    expectation="Numbers and times of their receipts are in the order of payment.",
)
def in_order(ctx: Context) -> None:
    """First paid, first registered."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        orders = [pos.sell(sale(each)) for each in (11_00, 22_00, 33_00)]
    held = [pos.held(pos.settle(each)) for each in orders]
    ctx.check_that(
        held[0].seq < held[1].seq < held[2].seq and held[0].time < held[1].time < held[2].time,
        "one after the other",
        [f"{each.seq} {each.time}" for each in held],
        "numbers and times",
    )


@family(
    "uz.pos.offline.{key}-shown",
    rows=AWAY,
    target="pos",
    clauses=["PS-09"],
    requirements=["UZ-USB-01", "UZ-SVC-03"],
    description="The {key} is gone, and comes back.",
    expectation="The next look shows trouble, and the one after its return none, without a restart.",
)
def shown(ctx: Context, gone: Callable[[DriveStand], AbstractContextManager[None]]) -> None:
    """A clear word for the cashier."""
    pos = ctx.pos
    stand = pos.ready()
    ctx.check("", pos.look().told("drive.trouble"), "trouble before")
    with gone(stand):
        looked = pos.look()
        ctx.check_that(bool(looked.told("drive.trouble")), "a word", looked.fields, "trouble meanwhile")
    back = pos.look()
    ctx.check((True, ""), (back.told("drive.reachable"), back.told("drive.trouble")), "service after")


@case(
    "uz.pos.offline.shown-within-two-seconds",
    target="pos",
    clauses=["PS-09"],
    requirements=["UZ-USB-01"],
    needs=["clock"],
    description="The key is pulled out, and two seconds of lab time pass with nobody pressing anything.",
    expectation="The point of sale says so by itself, and says that it is back two seconds after that.",
)
def two_seconds(ctx: Context) -> None:
    """By itself: no key is pressed that looks."""
    pos = ctx.pos
    stand = pos.ready()

    def trouble() -> bool:
        return bool(pos.press("standing").told("drive.trouble"))

    with stand.key_out():
        for _ in range(2):
            ctx.clock.advance(1)
        pos.until("the pulled key is told after two seconds", trouble, clause="PS-09")
    for _ in range(2):
        ctx.clock.advance(1)
    pos.until("the key that is back is told after two seconds", lambda: not trouble(), clause="PS-09")


@case(
    "uz.pos.offline.waiting-shown",
    target="pos",
    clauses=["PS-03"],
    requirements=["UZ-SVC-03"],
    description="Two orders are paid while the service is down.",
    expectation="The point of sale shows that two wait, and none when they are registered.",
)
def waiting(ctx: Context) -> None:
    """How much is still to be done."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        orders = [pos.sell(sale(each)) for each in (5_00, 6_00)]
        ctx.check(2, int(pos.look().told("waiting")), "orders that wait")
    for each in orders:
        pos.settle(each)
    ctx.check(0, int(pos.look().told("waiting")), "orders that wait afterwards")


@case(
    "uz.pos.offline.pulled-in-registration",
    target="pos",
    clauses=["PS-04", "S-4.6"],
    requirements=["UZ-USB-01", "UZ-USB-02"],
    description="The link to the module is lost while it registers: card connection lost, and it was done.",
    expectation="The order is asked again with its TXID and is the one receipt of the module.",
)
def pulled(ctx: Context) -> None:
    """The refusal does not say that nothing happened."""
    pos = ctx.pos
    stand = pos.ready()
    before = len(stand.module.receipts)
    stand.order(Order(REGISTER, "card connection lost", 500, done=True))
    pressed = pos.settle(pos.sell(sale()))
    ctx.check(1, len(stand.module.receipts) - before, "receipts in the module")
    ctx.check(stand.module.receipts[-1].seq, pos.held(pressed).seq, "the receipt shown", clause="PS-02")


@case(
    "uz.pos.offline.pulled-before-registration",
    target="pos",
    clauses=["PS-04", "S-4.6"],
    requirements=["UZ-USB-01"],
    description="RegisterTXID answers twice that no card is found, and nothing was done.",
    expectation="The order is kept and becomes one receipt.",
)
def not_there(ctx: Context) -> None:
    """No card is no refusal of the order."""
    pos = ctx.pos
    stand = pos.ready()
    before = len(stand.module.receipts)
    stand.refuse(REGISTER, "no card found", 404, times=2)
    pos.settle(pos.sell(sale()))
    ctx.check(1, len(stand.module.receipts) - before, "receipts in the module")


@case(
    "uz.pos.offline.another-key",
    target="pos",
    clauses=["PS-17"],
    requirements=["UZ-USB-03"],
    description="Another module stands in the place of the one in use; an order is paid.",
    expectation="Nothing is registered there and there is a word about it; with the old one back it is.",
)
def another(ctx: Context) -> None:
    """A receipt in a stranger's module cannot be taken back."""
    pos = ctx.pos
    stand = pos.ready()
    stand.needs(LIST)
    pos.look()
    own, before = stand.module.factory, len(stand.module.receipts)
    stand.module.factory = "002026112152503000000000000000000777"
    try:
        pressed = pos.sell(sale())
        looked = pos.look()
        ctx.check(0, len(stand.module.receipts) - before, "receipts in the other module")
        ctx.check_that(bool(looked.told("drive.trouble")), "a word", looked.fields, "trouble shown")
    finally:
        stand.module.factory = own
    pos.settle(pressed)
    ctx.check(1, len(stand.module.receipts) - before, "receipts in the own module")


@case(
    "uz.pos.offline.mixed-payment-kept",
    target="pos",
    clauses=["PS-03", "PS-07"],
    requirements=["UZ-SVC-03", "UZ-POS-01"],
    description="An order paid partly by card is taken while the service is down.",
    expectation="Its receipt has the same two sums afterwards.",
)
def mixed(ctx: Context) -> None:
    """What is kept is the whole order."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.away():
        pressed = pos.sell(sale(100_00, payments=paid(cash=25_00, card=75_00)))
    held = pos.held(pos.settle(pressed))
    ctx.check((25_00, 75_00), (held.cash, held.card), "received in cash and by card")
