"""What the service refuses, and what a point of sale does about it (uz-fiscal §14, HB-02…HB-06)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.pos import sale
from conformance.drivers.pos_drive import DriveStand, Order
from conformance.drivers.pos_faces import CLOSE, GETTXID, OPEN, RECEIPT, REGISTER, SEND, STATE
from conformance.drivers.pos_keys import Pressed
from conformance.models.uz_played import FULL, FUTURE, LOCKED, NO_SHIFT, PAST
from conformance.models.uz_played_receipts import Held


def cured(ctx: Context, pressed: Pressed) -> Held:
    """The order is a receipt, one only, and every refusal that was ordered has been met."""
    pos = ctx.pos
    held = pos.held(pos.settle(pressed))
    ctx.check(0, pos.drive.orders_left, "refusals that were met", clause=ctx.case.clauses[0])
    done = [call for call in pos.drive.seen(REGISTER) if not call.refused]
    ctx.check(1, len({call.told[1]["ReceiptSeq"] for call in done}), "receipts registered", clause="PS-04")
    return held


@family(
    "uz.pos.cure.no-shift-{key}",
    rows={
        "code": NO_SHIFT[1],
        "lower-case": "9021 - zreport_is_not_opened",
        "sample-form": "ISO7816 SW: 9021 - ZREPORT_IS_NOT_OPENED",
        "name-alone": "ZREPORT_IS_NOT_OPENED",
    },
    target="pos",
    clauses=["HB-04", "HB-03"],
    requirements=["UZ-SHF-08"],
    description="RegisterTXID says that no shift is open, in this form: {key}.",
    expectation="The shift is opened, the receipt stored anew with a later time, and registered.",
)
def no_shift(ctx: Context, reason: str) -> None:
    """The reason is searched for, not compared."""
    pos = ctx.pos
    stand = pos.ready()
    with stand.lock:
        stand.module.fresh_day()
    stand.order(Order(OPEN, done=True, body=lambda _: "OK"), Order(REGISTER, reason))
    cured(ctx, pos.sell(sale()))
    calls = [call.operation for call in stand.seen(OPEN, GETTXID, REGISTER)]
    ctx.check(2, calls.count(OPEN), "openings", clause="HB-04")
    times = [str(call.body["Time"]) for call in stand.seen(GETTXID)]
    ctx.check_that(times[0] < times[-1], "a later time", times, "times of the receipt", clause="HB-04")


@case(
    "uz.pos.cure.already-open",
    target="pos",
    clauses=["HB-02"],
    requirements=["UZ-SHF-08"],
    description="The shift is opened, and the service says that it is open already.",
    expectation="That counts as opened, and the order becomes a receipt.",
)
def already_open(ctx: Context) -> None:
    """Somebody else was faster."""
    pos = ctx.pos
    stand = pos.ready(shift=False)
    stand.order(Order(OPEN, "ERROR_ZREPORT_IS_ALREADY_OPEN", done=True))
    cured(ctx, pos.sell(sale()))


def _past(stand: DriveStand) -> None:
    stand.refuse(REGISTER, PAST[1])


def _ahead(stand: DriveStand) -> None:
    with stand.lock:
        stand.module.last = stand.module.now() + timedelta(hours=1)


def _future(stand: DriveStand) -> None:
    stand.refuse(REGISTER, FUTURE[1])


def _behind(stand: DriveStand) -> None:
    with stand.lock:
        stand.module.last = stand.module.now() - timedelta(days=3)


TIMES: Final = {
    "in-the-past": _past,
    "module-ahead": _ahead,
    "out-of-sync": _future,
    "module-behind": _behind,
}


@family(
    "uz.pos.cure.time-{key}",
    rows=TIMES,
    target="pos",
    clauses=["HB-04"],
    requirements=["UZ-CLK-04"],
    needs=["rest"],
    description="The time of a receipt is refused: {key}.",
    expectation="One state sync, then the receipt anew, later than the module's last operation.",
)
def time_wrong(ctx: Context, trouble: object) -> None:
    """Once: a clock that is wrong does not get right by asking again."""
    pos = ctx.pos
    stand = pos.ready()
    assert callable(trouble)
    trouble(stand)
    held = cured(ctx, pos.sell(sale()))
    ctx.check(1, len(stand.seen(STATE)), "state syncs")
    ctx.check_that(
        held.time >= pos.now() - timedelta(seconds=30), f"not before {pos.now()}", held.time, "time"
    )


@case(
    "uz.pos.cure.time-sync-fails",
    target="pos",
    clauses=["HB-05", "HB-04"],
    requirements=["UZ-CLK-04"],
    description="The module is an hour ahead, and the state sync does not reach the operator.",
    expectation="The sale goes on whatever the sync answered, one second after the last operation.",
)
def sync_fails(ctx: Context) -> None:
    """A sync call is never what a sale fails on."""
    pos = ctx.pos
    stand = pos.ready()
    _ahead(stand)
    stand.module.sends = False
    last = stand.module.last
    held = cured(ctx, pos.sell(sale()))
    ctx.check_that(last < held.time <= last + timedelta(minutes=6), f"just after {last}", held.time, "time")


@case(
    "uz.pos.cure.shift-full",
    target="pos",
    clauses=["PS-08", "S-4.6"],
    requirements=["UZ-SHF-08"],
    description="The shift holds as many operations as it can (9040).",
    expectation="It is closed, the next one opened, and the order registered in that.",
)
def shift_full(ctx: Context) -> None:
    """Full is no end of the day."""
    pos = ctx.pos
    stand = pos.ready()
    pos.sold(sale())
    stand.rest()
    stand.refuse(REGISTER, FULL[1])
    cured(ctx, pos.sell(sale()))
    ctx.check((1, 1), (len(stand.seen(CLOSE)), len(stand.seen(OPEN))), "closings and openings")


@case(
    "uz.pos.cure.locked-once",
    target="pos",
    clauses=["HB-06"],
    requirements=["UZ-OFF-06"],
    needs=["rest"],
    description="The module is locked, and the operator unlocks it at the next state sync.",
    expectation="The lock is read before the sale, one sync ends it, and the order is registered.",
)
def locked_once(ctx: Context) -> None:
    """A lock that is over costs no sale."""
    pos = ctx.pos
    stand = pos.ready()
    stand.module.locked = True
    cured(ctx, pos.sell(sale()))
    ctx.check(1, len(stand.seen(STATE)), "state syncs")
    refused = [call for call in stand.seen(REGISTER) if call.refused]
    ctx.check(0, len(refused), "registrations tried on a locked module")


@case(
    "uz.pos.cure.locked-for-good",
    target="pos",
    clauses=["HB-06", "PS-03", "PS-09"],
    requirements=["UZ-OFF-06", "UZ-SVC-03"],
    needs=["rest"],
    description="The module is locked, and stays so until somebody has spoken to the operator.",
    expectation="The order waits, the lock is shown; when it ends the order becomes a receipt.",
)
def locked(ctx: Context) -> None:
    """Never refused: the guest has paid."""
    pos = ctx.pos
    stand = pos.ready()
    stand.module.locked, stand.module.unlocks = True, False
    pressed = pos.sell(sale())
    ctx.check("waiting", pressed.outcome, "the order", clause="PS-03")
    ctx.check(True, pos.look().told("drive.locked"), "lock shown", clause="PS-09")
    stand.module.unlocks = True
    cured(ctx, pressed)


@case(
    "uz.pos.cure.locked-meanwhile",
    target="pos",
    clauses=["PS-03", "S-4.6"],
    requirements=["UZ-SVC-03"],
    description="RegisterTXID says that the module is locked, though Info did not say so.",
    expectation="The order is kept and becomes a receipt.",
)
def locked_meanwhile(ctx: Context) -> None:
    """The lock came between two calls."""
    pos = ctx.pos
    stand = pos.ready()
    stand.refuse(REGISTER, LOCKED[1])
    cured(ctx, pos.sell(sale()))


def old_backlog(ctx: Context) -> DriveStand:
    """A module that holds a receipt of three days ago, which nobody has sent."""
    pos = ctx.pos
    stand = pos.ready()
    with ctx.preparing("a receipt that was not sent for three days"):
        pos.sold(sale())
        with stand.lock:
            stand.module.oldest = pos.now() - timedelta(days=3)
        stand.rest()
    return stand


@case(
    "uz.pos.cure.blocked-by-unsent",
    target="pos",
    clauses=["PS-03", "HB-11"],
    requirements=["UZ-OFF-06"],
    description="A receipt was not sent for three days, and the module takes no more (9031).",
    expectation="The point of sale has the receipts sent, and the order is registered.",
)
def blocked(ctx: Context) -> None:
    """The cure is one call away."""
    stand = old_backlog(ctx)
    cured(ctx, ctx.pos.sell(sale()))
    ctx.check_that(len(stand.seen(SEND)) >= 1, "at least once", len(stand.seen(SEND)), "calls to send")


@case(
    "uz.pos.cure.blocked-without-network",
    target="pos",
    clauses=["PS-03", "PS-10"],
    requirements=["UZ-OFF-06", "UZ-SVC-03"],
    description="The module takes no more, and the operator cannot be reached.",
    expectation="The order waits, no time is left; when the network is back it becomes a receipt.",
)
def blocked_offline(ctx: Context) -> None:
    """Nobody can help but the network."""
    pos = ctx.pos
    stand = old_backlog(ctx)
    stand.module.sends = False
    pressed = pos.sell(sale())
    ctx.check("waiting", pressed.outcome, "the order", clause="PS-03")
    if RECEIPT in stand.face.operations:
        ctx.check(0, pos.look().told("drive.seconds_left"), "seconds left", clause="PS-10")
    stand.module.sends = True
    cured(ctx, pressed)


@case(
    "uz.pos.cure.memory-full",
    target="pos",
    clauses=["PS-03", "S-4.6"],
    requirements=["UZ-OFF-06"],
    description="The module has no room for another receipt (90F1).",
    expectation="What it holds is sent, and the order is registered.",
)
def memory_full(ctx: Context) -> None:
    """Room is made by sending."""
    pos = ctx.pos
    stand = pos.ready()
    stand.refuse(REGISTER, "90F1 - RECEIPTS_MEMORY_FULL")
    cured(ctx, pos.sell(sale()))
    ctx.check_that(len(stand.seen(SEND)) >= 1, "at least once", len(stand.seen(SEND)), "calls to send")


@family(
    "uz.pos.cure.refused-{key}",
    rows={
        "by-the-rules": (GETTXID, "item vat percent value 120 shouldn't exceed 99", 400),
        "by-the-module": (REGISTER, "9045 - CARD_ACCUMULATOR_OVERFLOW", 500),
    },
    target="pos",
    clauses=["PS-08"],
    requirements=["UZ-SVC-05"],
    description="An order is refused for good {key}; another one follows.",
    expectation="The reason is shown in its own words, and the next order becomes a receipt.",
)
def refused(ctx: Context, trouble: tuple[str, str, int]) -> None:
    """One bad order stops nobody."""
    pos = ctx.pos
    stand = pos.ready()
    operation, reason, status = trouble
    stand.refuse(operation, reason, status)
    pressed = pos.settle(pos.sell(sale()), outcome="refused")
    ctx.check_that(reason.lower() in pressed.why.lower(), reason, pressed.why, "the reason shown")
    stand.rest()
    cured(ctx, pos.sell(sale(20_00)))
